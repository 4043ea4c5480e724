using StreamActors.Events;
using StreamActors.Limits;
using StreamActors.Offsets;
using StreamActors.Pipelines;
using StreamActors.Shards;
using StreamActors.Records;

namespace StreamActors.Stalls;

/// <summary>
/// Sees partitions whose position stands still, and why: it asks the turns of those shards alone, and takes their
/// answer at the next look. A standstill of <see cref="PipelineTiming.StallAfter"/> is a stall; it is reported when it
/// begins and when it ends. Called by the poll thread.
/// <code>
///  look ── stands still? ──▶ ask for a turn ⇢ the turn's ShardView ──▶ look ── still, and for long? ──▶ stall
/// </code>
/// </summary>
/// <param name="host">What the shards share.</param>
/// <param name="definition">The pipeline.</param>
/// <param name="committer">What the group has.</param>
/// <param name="events">Where to say it.</param>
internal sealed class StallWatch(
    ShardHost host, PipelineDefinition definition, Committer committer, IEngineEvents events)
{
    // A turn takes milliseconds; a thread for it should come sooner than that.
    private const long TurnPatience = 1_000;

    // With a store a cut may wait for its parts to rest, for as long again, and the commit comes behind the save.
    private const int CommitsOnTheWay = 3;

    // Where a partition starts the broker has not said yet.
    private const long UnknownStart = -1;

    private readonly Dictionary<PartitionId, Stall> stalls = [];
    private readonly HashSet<string> saidWindows = [];

    private PipelineTiming Timing => definition.Timing;

    /// <summary>Looks at a partition.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="lag">Records from where all is done on; null until the client knows.</param>
    /// <returns>What is in its way, and whether it has been for so long that it is a stall.</returns>
    public Finding Look(OwnedPartition partition, long? lag)
    {
        var (now, shard, still) = (host.Now(), partition.Shard.Running, partition.Standstill);
        var position = PositionOf(partition, lag);
        still.Look(now, in position);
        if (shard is not null && (position.IsUnread || shard.IsReading || still.IsStill))
        {
            shard.Inspector.Ask(now);
        }

        var ofDone = position.IsUnread || still.Done is not null ? OfDone(partition, shard, now) : null;
        if (ofDone is not null && now - still.Done >= StallAfter)
        {
            return StallOf(partition, ofDone, (position.Done, still.Done!.Value), now);
        }

        var ofCommit = still.Committed is { } since ? OfCommit(partition, shard, since) : null;
        return ofCommit is not null && now - still.Committed >= CommitPatience
            ? StallOf(partition, ofCommit, (position.Committed, still.Committed!.Value), now)
            : new Finding(ofDone ?? ofCommit, null);
    }

    /// <summary>Reports which stalls have begun and which are over.</summary>
    /// <param name="now">Those that there are; partitions that were let go are in none.</param>
    /// <param name="owned">Whether a partition is owned: of one that went, its hand-over has told.</param>
    public void Report(IReadOnlyCollection<Stall> now, Predicate<PartitionId> owned)
    {
        var current = now.ToDictionary(static stall => stall.At.Partition);
        var over = stalls.Values.Where(stall => !current.ContainsKey(stall.At.Partition)).ToList();
        foreach (var same in over.Where(stall => owned(stall.At.Partition) && !IsWindow(stall)).GroupBy(KindOf))
        {
            events.Report(new EngineEvent.StallEnded(definition.Name, [.. same]));
        }

        over.ForEach(stall => stalls.Remove(stall.At.Partition));
        var begun = now.Where(stall => !stalls.ContainsKey(stall.At.Partition)).ToList();
        foreach (var same in begun.GroupBy(KindOf).Where(IsNew))
        {
            events.Report(new EngineEvent.StallBegan(definition.Name, [.. same]));
        }

        foreach (var stall in now)
        {
            stalls[stall.At.Partition] = stall;
        }
    }

    private long StallAfter => (long)Timing.StallAfter.TotalMilliseconds;

    private long CommitPatience => StallAfter
        + (CommitsOnTheWay * (long)Math.Max(
            Timing.CommitInterval.TotalMilliseconds, Timing.CommitSpacing.TotalMilliseconds));

    private static (StallReason Reason, string Stage) KindOf(Stall stall) =>
        (stall.Obstacle.Reason, stall.Obstacle.Stage);

    private static bool IsWindow(Stall stall) => stall.Obstacle.Reason == StallReason.Window;

    /// <summary>A long window stands still until each flush, as it was composed: that is said once.</summary>
    private bool IsNew(IGrouping<(StallReason Reason, string Stage), Stall> same) =>
        same.Key.Reason != StallReason.Window || saidWindows.Add(same.Key.Stage);

    private Positions PositionOf(OwnedPartition partition, long? lag)
    {
        var shard = partition.Shard.Running;
        var committable = partition.Committable ?? UnknownStart;
        var done = shard?.Done(partition.Input) ?? committable;
        return new Positions(
            done,
            shard?.Next(partition.Input) ?? done,
            committer.Committed(partition.Partition) ?? done,
            lag - (done - committable))
        {
            IsUnread = shard is not { IsOpen: true } || partition.Shard.StandsStill is not null,
        };
    }

    private Obstacle? OfDone(OwnedPartition partition, Shard? shard, long now)
    {
        if (shard is null || partition.Shard.StandsStill is not null)
        {
            return partition.Shard.Obstacle;
        }

        if (shard.Failure is { } error)
        {
            return new Obstacle(StallReason.Start, "", $"its shard failed: {error.Message}") { IsTrouble = true };
        }

        if (shard.Inspector.Unanswered(now) >= TurnPatience)
        {
            return new Obstacle(StallReason.Turn, "", shard.IsInTurn
                ? "its turn does not end: user code runs, or waits, where it should not"
                : "its turn gets no thread: the thread pool is busy, or blocked by user code that waits");
        }

        return shard.Inspector.View is { } view && view.At >= (partition.Standstill.Done ?? 0)
            ? view.Records[partition.Input] ?? OfFetch(partition, shard)
            : null;
    }

    private Obstacle? OfFetch(OwnedPartition partition, Shard shard) =>
        !shard.HasRoom || partition.Standstill.GrewFor < StallAfter ? null
        : host.Rate.PerSecond > 0
            ? new Obstacle(StallReason.Fetch, "", $"it waits for its part of {host.Rate.PerSecond} records a second "
                + $"({nameof(PipelineBuilder.MaxRecordsPerSecond)})")
        : new Obstacle(StallReason.Fetch, "", "its log grows and nothing of it comes: a transaction is open in it, or "
            + "its broker gives nothing");

    private Obstacle? OfCommit(OwnedPartition partition, Shard? shard, long since)
    {
        if (partition.Committable <= committer.Committed(partition.Partition))
        {
            return shard?.Inspector.View is { } view && view.At >= since ? view.Saves[partition.Input] : null;
        }

        return new Obstacle(
            StallReason.Commit,
            definition.GroupId,
            committer.Trouble is { } error ? $"the commit fails: {error}" : "the commit is not acknowledged");
    }

    private Finding StallOf(OwnedPartition partition, Obstacle obstacle, (long Offset, long Since) at, long now)
    {
        var (utcNow, lasted) = (host.Time.GetUtcNow(), TimeSpan.FromMilliseconds(now - at.Since));
        var offset = obstacle.Offset >= 0 ? obstacle.Offset : at.Offset;
        return new Finding(
            obstacle,
            new Stall(new PartitionOffset(partition.Partition, offset), obstacle, utcNow - lasted, lasted)
            {
                Until = obstacle.Due > now && obstacle.Due - now < TimeSpan.FromDays(366).TotalMilliseconds
                    ? utcNow + TimeSpan.FromMilliseconds(obstacle.Due - now)
                    : null,
            });
    }
}

/// <summary>What was seen of a partition.</summary>
/// <param name="Obstacle">What is in its way now, for however short a time; null = nothing.</param>
/// <param name="Stall">The stall that it is; null while it is none.</param>
internal readonly record struct Finding(Obstacle? Obstacle, Stall? Stall);
