namespace StreamActors;

/// <summary>
/// A pipeline is composed or configured wrongly; the message names the route, the value and the remedy.
/// </summary>
public sealed class PipelineException : Exception
{
    /// <summary>Makes an exception without a message.</summary>
    public PipelineException()
    {
    }

    /// <summary>Makes an exception with a message.</summary>
    public PipelineException(string message)
        : base(message)
    {
    }

    /// <summary>Makes an exception with a message and its cause.</summary>
    public PipelineException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
