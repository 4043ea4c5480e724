namespace StreamActors.Node;

/// <summary>Something that the user can mend; its message says what and how. The process ends with exit code 2.</summary>
internal sealed class UserErrorException : Exception
{
    /// <summary>Makes an exception without a message.</summary>
    public UserErrorException()
    {
    }

    /// <summary>Makes an exception with a message.</summary>
    public UserErrorException(string message)
        : base(message)
    {
    }

    /// <summary>Makes an exception with a message and its cause.</summary>
    public UserErrorException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
