using StreamActors.Records;

namespace StreamActors.Sources;

/// <summary>
/// Where an assigned partition starts. A committed offset decides. Without one: where the group has committed offsets
/// of the topic's other partitions, or this process has read the topic before, the partition is a new one and starts at
/// its first record, so that nothing is skipped; only a group that is new to the topic starts where its setting says.
/// </summary>
internal static class StartPolicy
{
    /// <summary>Decides where a partition starts.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="committed">The committed offsets of all partitions of its topic.</param>
    /// <param name="hasReadTopic">Whether this process has read the topic before.</param>
    /// <param name="setting">Where a new group starts.</param>
    public static Start Decide(
        PartitionId partition,
        IReadOnlyList<(PartitionId Partition, long? Committed, bool HasState)> committed,
        bool hasReadTopic,
        StartAt setting)
    {
        foreach (var (other, offset, hasState) in committed)
        {
            if (other == partition && offset is { } own)
            {
                return new Start(StartKind.Committed, own, hasState);
            }
        }

        var isKnownTopic = hasReadTopic || committed.Any(static other => other.Committed is not null);
        return isKnownTopic || setting == StartAt.Earliest
            ? new Start(StartKind.First, 0)
            : new Start(StartKind.End, 0);
    }

    /// <summary>
    /// Whether the group is new to a topic: then the starts of all its partitions are committed at once.
    /// </summary>
    public static bool IsFirstStart(
        IReadOnlyList<(PartitionId Partition, long? Committed, bool HasState)> committed, bool hasReadTopic) =>
        !hasReadTopic && committed.All(static other => other.Committed is null);
}

/// <summary>Where a partition starts.</summary>
/// <param name="Kind">Where.</param>
/// <param name="Offset">The offset, where it was committed.</param>
/// <param name="HasState">Whether a store has state for it.</param>
internal readonly record struct Start(StartKind Kind, long Offset, bool HasState = false);

/// <summary>The places where a partition can start.</summary>
internal enum StartKind
{
    /// <summary>At the committed offset.</summary>
    Committed,

    /// <summary>At the first record that there is.</summary>
    First,

    /// <summary>Behind the last record that there is.</summary>
    End,
}
