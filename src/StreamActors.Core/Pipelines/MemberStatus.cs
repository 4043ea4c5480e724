using StreamActors.Metrics;
using StreamActors.Offsets;
using StreamActors.Records;
using StreamActors.Sources;
using StreamActors.Stalls;

namespace StreamActors.Pipelines;

/// <summary>Tells pages and metrics how the partitions of a member stand. Called by the poll thread.</summary>
internal sealed class MemberStatus(
    PipelineMetrics metrics, IGroupConsumer client, Committer committer, StallWatch watch, long joinedAt)
{
    private const long PublishEvery = 500;
    private const long AssignmentPatience = 10_000;

    private long nextPublish;
    private volatile bool isReady;

    /// <summary>
    /// Whether the group has answered (a member that gets no partition within ten seconds counts as answered) and every
    /// partition that it owns has its shard, with its state. A store that does not answer leaves it ready: another node
    /// would ask the same one. Any thread.
    /// </summary>
    public bool IsReady => isReady;

    /// <summary>Whether the group has assigned anything yet.</summary>
    public bool WasAssigned { get; set; }

    /// <summary>Publishes, unless it did so less than half a second ago.</summary>
    public void PublishIfDue(long now, IReadOnlyCollection<OwnedPartition> owned)
    {
        if (now >= nextPublish)
        {
            Publish(now, owned);
        }
    }

    /// <summary>Publishes.</summary>
    public void Publish(long now, IReadOnlyCollection<OwnedPartition> owned)
    {
        nextPublish = now + PublishEvery;
        var partitions = metrics.Partitions = [.. owned.Select(StatusOf)];
        watch.Report(
            [.. partitions.Select(static each => each.Stall).OfType<Stall>()],
            gone => owned.Any(each => each.Partition == gone));
        isReady = (WasAssigned || now - joinedAt > AssignmentPatience)
            && owned.All(static each =>
                each.Shard is { StandsStill: null, Running: { IsOpen: true } or { WaitsForStore: true } });
    }

    private PartitionStatus StatusOf(OwnedPartition partition)
    {
        var shard = partition.Shard.Running;
        var committable = partition.Committable ?? -1;
        var state = shard is not { IsOpen: true } ? PartitionState.Starting
            : shard.HasRoom ? PartitionState.Running
            : PartitionState.Held;
        var lag = committable < 0 ? null : client.Lag(new PartitionOffset(partition.Partition, committable));
        var (obstacle, stall) = watch.Look(partition, lag);
        var why = obstacle is not null && (obstacle.IsTrouble || stall is not null)
            && obstacle.Reason != StallReason.Window
                ? obstacle.Why
                : shard is { IsReading: true, Inspector.View.Reading: { } reading } ? $"{reading}" : "";
        return new PartitionStatus(
            partition.Partition, state, committable, committer.Committed(partition.Partition), lag, why)
        {
            Watermark = shard?.Watermark,
            Stall = stall is null ? null : stall with { Lag = lag, IsHeld = state != PartitionState.Running },
        };
    }
}
