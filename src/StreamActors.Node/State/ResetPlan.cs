using StreamActors.Node.Cli;
using StreamActors.Records;

namespace StreamActors.Node.State;

/// <summary>What a reset would do: the offsets that it moves, and the state that goes with them.</summary>
/// <param name="Moves">The offsets.</param>
/// <param name="Deleted">The shards whose state goes.</param>
internal sealed record ResetPlan(IReadOnlyList<OffsetMove> Moves, IReadOnlyList<ShardReport> Deleted)
{
    // PipelineBuilder names them so.
    private const string Repartition = "-repartition";

    /// <summary>Makes the plan.</summary>
    /// <param name="kafka">The group.</param>
    /// <param name="shards">All shards of the group.</param>
    /// <param name="topics">The topics whose offsets move.</param>
    /// <param name="to">Where to.</param>
    /// <param name="stop">Ends the wait.</param>
    /// <exception cref="RefusedException">A shard has state of these topics and of others.</exception>
    /// <exception cref="Sources.SourceException">Kafka did not answer.</exception>
    public static async Task<ResetPlan> MakeAsync(
        GroupView kafka,
        IReadOnlyList<ShardReport> shards,
        IReadOnlyList<string> topics,
        ResetTarget to,
        CancellationToken stop)
    {
        var deleted = shards.Where(shard => !shard.IsEmpty && IsOf(shard, topics)).ToList();
        var now = await kafka.PartitionsAsync(topics, stop);
        PartitionId[] partitions = [.. now.Select(static move => move.Partition)];
        var ofTime = to.Time is { } time ? await kafka.OffsetsOfAsync(partitions, time, stop) : null;
        return new ResetPlan([.. now.Select(move => Moved(move, to, ofTime))], deleted);
    }

    private static OffsetMove Moved(
        OffsetMove move, ResetTarget to, IReadOnlyDictionary<PartitionId, long>? ofTime)
    {
        if (move.Partition.Topic.EndsWith(Repartition, StringComparison.Ordinal))
        {
            return move with { To = move.End, HasState = false, Note = "to its end: what is read again comes anew" };
        }

        var wanted = to.IsEarliest ? move.First
            : to.IsLatest ? move.End
            : to.Offset ?? (ofTime![move.Partition] is var found and >= 0 ? found : move.End);
        var offset = Math.Clamp(wanted, move.First, move.End);
        return move with
        {
            To = offset,
            HasState = false,
            Note = wanted == offset ? "" : $"there are {Say.Count(move.First)} to {Say.Count(move.End)}",
        };
    }

    /// <summary>Whether a shard has state of these topics.</summary>
    private static bool IsOf(ShardReport shard, IReadOnlyList<string> topics)
    {
        if (shard.Head is not { } head)
        {
            // It cannot say: that of a topic has its name, and that of entities is asked for with all topics.
            var name = shard.Stored.Name;
            return topics.Any(topic => name == $"{topic}/{shard.Stored.Number}")
                || name.StartsWith("entity ", StringComparison.Ordinal);
        }

        var own = head.Positions.Select(static position => position.Partition.Topic).ToList();
        var others = own.Except(topics).ToList();
        return others.Count switch
        {
            0 => true,
            _ when others.Count == own.Count => false,
            _ => throw new RefusedException(
                $"The shard {shard.Stored.Shard} has state of {string.Join(", ", own)}, and is reset with all of them: "
                + $"add {string.Join(", ", others)} to --topics."),
        };
    }
}
