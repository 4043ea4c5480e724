namespace StreamActors.Stalls;

/// <summary>
/// What is in the way of a partition's position at a moment: what the lowest record waits for that is not done.
/// </summary>
/// <param name="Reason">What kind of thing it is.</param>
/// <param name="Stage">The name of the step, route, entity, sink or store that it is about.</param>
/// <param name="Why">
/// A sentence without its end, the same for all partitions that wait for the same, so that pages can gather them.
/// </param>
internal sealed record Obstacle(StallReason Reason, string Stage, string Why)
{
    /// <summary>The offset of the record; -1 = that of the partition's position.</summary>
    public long Offset { get; init; } = -1;

    /// <summary>The record's key, as logs show it; null where it has none, or it is about no record.</summary>
    public string? Key { get; init; }

    /// <summary>
    /// When it is tried again or ends by the clock, in milliseconds of the pipeline's; <see cref="long.MaxValue"/> =
    /// not by the clock.
    /// </summary>
    public long Due { get; init; } = long.MaxValue;

    /// <summary>
    /// Whether pages tell it at once, and not only when it has lasted: something has failed or is missing.
    /// </summary>
    public bool IsTrouble { get; init; }

    /// <summary>Whether what has the record waits for nothing but room in the outbox, and so for a sink.</summary>
    public bool NeedsRoom { get; init; }
}
