namespace StreamActors.Testing;

/// <summary>A sink breaks a promise; the message names it, and says what was expected and what came.</summary>
public sealed class SinkContractException : Exception
{
    /// <summary>Makes an exception without a message.</summary>
    public SinkContractException()
    {
    }

    /// <summary>Makes an exception with a message.</summary>
    public SinkContractException(string message)
        : base(message)
    {
    }

    /// <summary>Makes an exception with a message and its cause.</summary>
    public SinkContractException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
