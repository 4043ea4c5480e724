namespace StreamActors.Node;

/// <summary>Something that the user can mend; its message says what and how. The exit code is 2.</summary>
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

    /// <summary>Throws one for all mistakes, a line each; without any it does nothing.</summary>
    public static void ThrowIfAny(IReadOnlyList<string> mistakes)
    {
        if (mistakes.Count > 0)
        {
            throw new UserErrorException(string.Join(Environment.NewLine, mistakes));
        }
    }
}
