using StreamActors.Records;

namespace StreamActors.Stalls;

/// <summary>
/// A partition whose position stands still though there is something to do: the one truth of the page, the metric, the
/// log and <c>/health</c>.
/// </summary>
/// <param name="At">The lowest record that is not done, or not saved and committed.</param>
/// <param name="Obstacle">What is in its way now.</param>
/// <param name="Since">When the position came to stand there, or the first record behind it came.</param>
/// <param name="For">How long that is.</param>
internal sealed record Stall(PartitionOffset At, Obstacle Obstacle, DateTimeOffset Since, TimeSpan For)
{
    /// <summary>Records behind the position; null until the client knows.</summary>
    public long? Lag { get; init; }

    /// <summary>Whether the partition is not read meanwhile.</summary>
    public bool IsHeld { get; init; }

    /// <summary>When it is tried again, or ends by the clock; null = not by the clock.</summary>
    public DateTimeOffset? Until { get; init; }
}
