using StreamActors.Records;

namespace StreamActors.Node.State;

/// <summary>
/// Which commits say that a store has state for shards that are to be deleted. They are to say it no longer: else the
/// shards would stand still.
/// </summary>
internal static class Deletion
{
    /// <summary>The moves: each stays where it is, and loses its mark.</summary>
    /// <param name="all">All shards of the group.</param>
    /// <param name="deleted">Those that are to be deleted.</param>
    /// <param name="partitions">The group's partitions.</param>
    public static IReadOnlyList<OffsetMove> Unmark(
        IReadOnlyList<ShardReport> all, IReadOnlyList<ShardReport> deleted, IReadOnlyList<OffsetMove> partitions)
    {
        // Of a shard whose deletion was cut short nothing says any more which partitions it had: they are among those
        // with its number for which no other shard has state.
        var others = all.Except(deleted).SelectMany(PartitionsOf).ToHashSet();
        var own = deleted.SelectMany(PartitionsOf).ToHashSet();
        var unknown = deleted.Where(static shard => shard.Head is null).ToList();
        return
        [
            .. partitions.Where(move => move.HasState && (all.Count == deleted.Count
                    || own.Contains(move.Partition)
                    || (!others.Contains(move.Partition) && unknown.Exists(shard => MayHave(shard, move.Partition)))))
                .Select(static move => move with { HasState = false }),
        ];
    }

    private static IEnumerable<PartitionId> PartitionsOf(ShardReport shard) =>
        shard.Head?.Positions.Select(static position => position.Partition) ?? [];

    private static bool MayHave(ShardReport shard, PartitionId partition) =>
        shard.Stored.Number == partition.Number
        && (shard.Stored.IsOfEntity || shard.Stored.Name == partition.ToString());
}
