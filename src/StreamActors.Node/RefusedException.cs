namespace StreamActors.Node;

/// <summary>
/// A command does not do what it was asked for; its message says why, and what to do. The exit code is 1.
/// </summary>
internal sealed class RefusedException : Exception
{
    /// <summary>Makes an exception without a message.</summary>
    public RefusedException()
    {
    }

    /// <summary>Makes an exception with a message.</summary>
    public RefusedException(string message)
        : base(message)
    {
    }

    /// <summary>Makes an exception with a message and its cause.</summary>
    public RefusedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
