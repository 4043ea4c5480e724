namespace StreamActors.Snapshots;

/// <summary>
/// The store lost what it had acknowledged of a shard that is owned, and the shard no longer has all of it in memory:
/// it starts again with what the store has.
/// </summary>
internal sealed class StateLostException : Exception
{
    /// <summary>Makes it without a reason.</summary>
    public StateLostException()
    {
    }

    /// <summary>Makes it with the reason, for a log.</summary>
    public StateLostException(string message)
        : base(message)
    {
    }

    /// <summary>Makes it with the reason and what caused it.</summary>
    public StateLostException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
