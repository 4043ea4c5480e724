namespace StreamActors.Snapshots;

/// <summary>
/// Another process owns the shard's state: this one is no longer its owner, whatever its client believes. The shard is
/// dropped as a lost one is, without a commit.
/// </summary>
internal sealed class ShardFencedException : Exception
{
    /// <summary>
    /// Whether it is a claim that was refused: then a commit that succeeds proves that the process is a member, and
    /// that the group was made again.
    /// </summary>
    public bool WasRefused { get; init; }

    /// <summary>Makes it without a reason.</summary>
    public ShardFencedException()
    {
    }

    /// <summary>Makes it with the reason, for a log.</summary>
    public ShardFencedException(string message)
        : base(message)
    {
    }

    /// <summary>Makes it with the reason and what caused it.</summary>
    public ShardFencedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
