using StreamActors.Kafka;
using StreamActors.Records;

namespace StreamActors.Node.State;

/// <summary>A partition of a group, what is committed of it, and what is to be.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Before">What is committed; null where nothing is.</param>
internal sealed record OffsetMove(PartitionId Partition, CommittedOffset? Before)
{
    /// <summary>The offset that is to be committed.</summary>
    public required long To { get; init; }

    /// <summary>Whether the store has state for it then.</summary>
    public required bool HasState { get; init; }

    /// <summary>The first offset that the topic still has.</summary>
    public required long First { get; init; }

    /// <summary>One behind the last.</summary>
    public required long End { get; init; }

    /// <summary>How the offset came about, where that is not what was asked for.</summary>
    public string Note { get; init; } = "";

    /// <summary>It as it is to be.</summary>
    public CommittedOffset After => new(new PartitionOffset(Partition, To), HasState);

    /// <summary>What becomes of records that the topic still has: skipped above zero, read again below.</summary>
    public long Skipped => Before is not { } committed ? 0
        : Math.Clamp(To, First, End) - Math.Clamp(committed.Place.Offset, First, End);
}
