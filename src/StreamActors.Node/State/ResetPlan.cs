using StreamActors.Node.Cli;
using StreamActors.Records;

namespace StreamActors.Node.State;

/// <summary>The topics whose offsets a reset moves.</summary>
/// <param name="Names">Their names.</param>
/// <param name="AreAll">Whether they are all that the group reads.</param>
internal sealed record ResetTopics(IReadOnlyList<string> Names, bool AreAll);

/// <summary>What a reset would do: the offsets that it moves, and the state that goes with them.</summary>
/// <param name="Moves">The offsets.</param>
/// <param name="Deleted">The shards whose state goes.</param>
internal sealed record ResetPlan(IReadOnlyList<OffsetMove> Moves, IReadOnlyList<ShardReport> Deleted)
{
    /// <summary>Makes the plan.</summary>
    /// <param name="kafka">The group.</param>
    /// <param name="shards">All shards of the group.</param>
    /// <param name="topics">The topics whose offsets move.</param>
    /// <param name="to">Where to.</param>
    /// <param name="stop">Ends the wait.</param>
    /// <exception cref="RefusedException">A shard has state of these topics and of others, or cannot say.</exception>
    /// <exception cref="Sources.SourceException">Kafka did not answer.</exception>
    public static async Task<ResetPlan> MakeAsync(
        GroupView kafka,
        IReadOnlyList<ShardReport> shards,
        ResetTopics topics,
        ResetTarget to,
        CancellationToken stop)
    {
        var deleted = shards.Where(shard => !shard.IsEmpty && IsOf(shard, topics)).ToList();
        var now = await kafka.PartitionsAsync(topics.Names, stop);
        PartitionId[] partitions = [.. now.Select(static move => move.Partition)];
        var ofTime = to.Time is { } time ? await kafka.OffsetsOfAsync(partitions, time, stop) : null;
        return new ResetPlan([.. now.Select(move => Moved(move, to, ofTime))], deleted);
    }

    private static OffsetMove Moved(
        OffsetMove move, ResetTarget to, IReadOnlyDictionary<PartitionId, long>? ofTime)
    {
        if (move.Partition.Topic.EndsWith(PipelineBuilder.RepartitionEnd, StringComparison.Ordinal))
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
    private static bool IsOf(ShardReport shard, ResetTopics topics)
    {
        if (shard.Head is not { } head)
        {
            // It cannot say, but the shard of a topic has its name.
            var name = shard.Stored.Name;
            var isOf = topics.AreAll || topics.Names.Any(topic => name == $"{topic}/{shard.Stored.Number}");
            return isOf || !shard.Stored.IsOfEntity ? isOf : throw new RefusedException(
                $"Which topics the shard {shard.Stored.Shard} has state of cannot be read "
                + $"({shard.Trouble ?? "a deletion of it was cut short"}). Reset all topics, or delete its state "
                + $"first: streamactors state delete {shard.Stored.Group} --shard \"{name}\".");
        }

        var own = head.Positions.Select(static position => position.Partition.Topic).ToList();
        var others = own.Except(topics.Names).ToList();
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
