using StreamActors.Events;
using StreamActors.Records;
using StreamActors.Sources;

namespace StreamActors.Pipelines;

/// <summary>
/// Says, once, of shards that stand still because a co-partition does not come: which one that is, whether it exists,
/// and what to do. In a rebalance co-partitions come one after the other: a short wait is none of its business. Called
/// by the poll thread.
/// </summary>
internal sealed class CoPartitionWatch(PipelineDefinition definition, IGroupConsumer client, IEngineEvents events)
{
    private const long Patience = 10_000;
    private const long CheckEvery = 1_000;

    private readonly HashSet<PartitionId> said = [];
    private long nextCheck;

    /// <summary>Looks, unless it did so less than a second ago.</summary>
    public void CheckIfDue(long now, IReadOnlyCollection<OwnedShard> shards)
    {
        if (now < nextCheck)
        {
            return;
        }

        nextCheck = now + CheckEvery;
        var waits = shards.Where(shard => !shard.IsComplete && now - shard.OwnedSince >= Patience)
            .SelectMany(static shard => shard.Missing, static (shard, missing) => new Wait(shard, missing))
            .Where(wait => !said.Contains(wait.For))
            .ToList();
        try
        {
            foreach (var topic in waits.GroupBy(static wait => (wait.Shard.Group, wait.For.Topic)))
            {
                var count = client.CommittedOffsets(topic.Key.Topic, definition.Timing.StartLimit).Count;
                Say([.. topic.Where(wait => wait.For.Number >= count)], MissingForGood(topic.Key.Group));
                Say([.. topic.Where(wait => wait.For.Number < count)], MissingHere());
            }
        }
        catch (SourceException)
        {
            nextCheck = now + Patience;    // a broker that does not answer is said elsewhere
        }
    }

    private static string MissingForGood(ShardGroup group) =>
        $"these do not exist: give all of {string.Join(", ", group.Topics)} the same number of partitions. Until then "
        + "no record of the others is handled, and a node that starts refuses the pipeline.";

    private string MissingHere() =>
        $"the group {definition.GroupId} has not given these to this member for {Patience / 1000} s: all its members "
        + "must read the same topics, by the same assignor.";

    private void Say(IReadOnlyList<Wait> waits, string why)
    {
        if (waits.Count > 0)
        {
            said.UnionWith(waits.Select(static wait => wait.For));
            var held = waits.SelectMany(static wait => wait.Shard.Owned).Select(static each => each.Partition);
            events.Report(new EngineEvent.CoPartitionMissing(
                definition.Name, [.. held.Distinct()], [.. waits.Select(static wait => wait.For)], why));
        }
    }

    private readonly record struct Wait(OwnedShard Shard, PartitionId For);
}
