namespace StreamActors.Snapshots;

/// <summary>
/// What a store kept cannot be used: it is damaged, or of a form or version that this program does not know. The
/// message names the shard and what it is about.
/// </summary>
internal sealed class SnapshotException : Exception
{
    /// <summary>
    /// Whether the shard can begin empty in spite of it; else its keys must go first, since nobody can own them.
    /// </summary>
    public bool CanBeDiscarded { get; init; } = true;

    /// <summary>Makes it without a reason.</summary>
    public SnapshotException()
    {
    }

    /// <summary>Makes it with the reason.</summary>
    public SnapshotException(string message)
        : base(message)
    {
    }

    /// <summary>Makes it with the reason and what caused it.</summary>
    public SnapshotException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
