namespace StreamActors.Testing;

/// <summary>
/// A pipeline under test did what its test does not expect, or the test asked for what cannot be. The message says what
/// was expected, what came, and what became of the records so far.
/// </summary>
public sealed class PipelineTestException : Exception
{
    /// <summary>Makes an exception without a message.</summary>
    public PipelineTestException()
    {
    }

    /// <summary>Makes an exception with a message.</summary>
    public PipelineTestException(string message)
        : base(message)
    {
    }

    /// <summary>Makes an exception with a message and its cause.</summary>
    public PipelineTestException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
