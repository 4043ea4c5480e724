using StreamActors.Entities;
using StreamActors.Events;
using StreamActors.Offsets;
using StreamActors.Records;
using StreamActors.Shards;
using StreamActors.Snapshots;
using StreamActors.Sources;
using StreamActors.Stalls;

namespace StreamActors.Pipelines;

/// <summary>
/// Makes the shards of a member's partitions: when the last of a shard's partitions is assigned, when the broker did
/// not answer then, when a shard failed, and when a log does not hold a shard's offset. Called by the poll thread.
/// </summary>
internal sealed class ShardStarter(
    PipelineDefinition definition,
    ShardHost host,
    IGroupConsumer client,
    Committer committer,
    EngineServices services)
{
    private readonly IEngineEvents events = services.Events;
    private readonly Random random = services.Random;
    private readonly Random jitter = services.JitterOf(services.Random);
    private readonly StartResolver starts =
        new(client, host.Scheduler, definition.StartAt, definition.Timing.StartLimit);

    /// <summary>Why the pipeline must stop; null while it need not.</summary>
    public string? Fatal { get; private set; }

    /// <summary>
    /// Finds out where partitions start that were assigned, and makes the shards that have all of theirs by it. One
    /// that has another since before must move that first, which the client refuses inside its handler: the next round
    /// makes it.
    /// </summary>
    /// <returns>Where they start; -1 where the broker did not answer, and is asked again later.</returns>
    public IReadOnlyList<PartitionOffset> StartAll(IReadOnlyList<OwnedPartition> assigned)
    {
        Locate(assigned);
        foreach (var partition in assigned)
        {
            partition.IsPlaced = partition.StartAt is not null;
        }

        foreach (var shard in assigned.Select(static each => each.Shard).Distinct())
        {
            if (IsDue(shard, host.Now()) && shard.IsComplete && shard.Owned.All(static each => each.IsPlaced))
            {
                MakeShard(shard);
            }
        }

        return [.. assigned.Select(static each => new PartitionOffset(each.Partition, each.StartAt ?? -1))];
    }

    /// <summary>
    /// Starts shards that wait, those that failed, and those whose log does not hold their offset. A broker that does
    /// not answer one question is asked no other in this round: the group, the reading and a stop come in between.
    /// </summary>
    public void StartWaiting(IReadOnlyCollection<OwnedShard> owned)
    {
        var now = host.Now();
        foreach (var shard in owned)
        {
            var answered = true;
            if (shard.Running is not { } running)
            {
                answered = !IsDue(shard, now) || StartAgain(shard, owned, now);
            }
            else if (running.Failure is { } error)
            {
                Restart(shard, error);
            }
            else if (running.WantsToOpen)
            {
                Open(shard, running);
            }
            else if (running.Unusable is { } unusable && shard.StandsStill is null)
            {
                StandStill(shard, running, unusable);
            }
            else if (now >= shard.RetryAt && shard.OutOfRange is { } partition)
            {
                answered = Relocate(partition, running);
            }

            if (!answered)
            {
                return;
            }
        }
    }

    /// <summary>
    /// Changes overwrite what was stored: there is no older snapshot but one that somebody has exported.
    /// </summary>
    private static string WaysOut(SnapshotException error) =>
        "Its partitions wait until somebody has decided: put back what streamactors state export, or a backup of the "
        + "store, has; or have its state built again, by streamactors reset, which deletes it and moves its offsets "
        + "back; or let it begin empty at its committed offset, "
        + (error.CanBeDiscarded ? "with OnLostState Discard for one start." : "by deleting the shard's keys.");

    private static bool IsDue(OwnedShard shard, long now) =>
        shard is { Running: null, Former: null or { IsQuiet: true } } && now >= shard.RetryAt;

    /// <returns>Whether the broker answered, if it had to be asked.</returns>
    private bool StartAgain(OwnedShard shard, IReadOnlyCollection<OwnedShard> owned, long now)
    {
        // All that are due are asked for together: one question covers a topic.
        if (!shard.IsLocated
            && !Locate([.. owned.Where(each => IsDue(each, now)).SelectMany(static each => each.Owned)]))
        {
            return false;
        }

        if (shard.IsComplete)
        {
            MakeShard(shard);
        }

        return true;
    }

    /// <summary>Finds out where those of these partitions start of which it is not known yet.</summary>
    /// <returns>Whether the broker answered; where it did not, their shards are put off.</returns>
    private bool Locate(IReadOnlyList<OwnedPartition> partitions)
    {
        List<OwnedPartition> unknown = [.. partitions.Where(static each => each.StartAt is null)];
        try
        {
            foreach (var topic in unknown.GroupBy(static each => each.Partition.Topic))
            {
                var found = starts.Resolve(topic.Key, [.. topic.Select(static each => each.Partition)]);
                foreach (var (start, hasState) in found)
                {
                    var partition = topic.First(each => each.Partition == start.Partition);
                    (partition.StartAt, partition.HasState) = (start.Offset, hasState);
                    committer.Started(start);
                }
            }

            return true;
        }
        catch (SourceException error)
        {
            // The topics that were not asked for wait as well: each question may take seconds.
            unknown.RemoveAll(static each => each.StartAt is not null);
            NotAnswered(unknown, error.Message);
            return false;
        }
    }

    private void NotAnswered(IReadOnlyList<OwnedPartition> about, string why)
    {
        foreach (var shard in about.Select(static each => each.Shard).Distinct())
        {
            shard.PutOff(TimeOfRetry(++shard.Unanswered), why);
        }

        PartitionId[] partitions = [.. about.Select(static each => each.Partition)];
        events.Report(new EngineEvent.StartFailed(definition.Name, partitions, why));
    }

    private void MakeShard(OwnedShard shard)
    {
        var from = shard.Owned.Select(static each => new PartitionOffset(each.Partition, each.StartAt!.Value));
        Shard made;
        try
        {
            var ownership = new Ownership(new Epoch(committer.Membership, host.Now), shard.Generation, shard.IsProven)
            {
                HasState = shard.Owned.Any(static each => each.HasState),
                Discards = shard.Discards,
                IsRemade = shard.IsRemade,
                TooLarge = [.. shard.TooLarge],
            };
            made = new Shard(host, ownership, [.. from], random.NextDouble());
        }
        catch (Exception error)
        {
            // User code makes the handler object; what it throws must not reach the client that called us.
            Restart(shard, error);
            return;
        }

        foreach (var partition in shard.Owned.Where(static each => !each.IsPlaced))
        {
            Seek(partition, partition.StartAt!.Value);
        }

        shard.Begin(made);
    }

    /// <summary>The shard has its state: it is read from where that ends.</summary>
    private void Open(OwnedShard shard, Shard running)
    {
        foreach (var partition in shard.Owned)
        {
            if (running.Next(partition.Input) is var next && next != partition.StartAt)
            {
                Seek(partition, next);
            }
        }

        (shard.Stateless, shard.Discards, shard.IsRemade) = (0, false, false);
        running.Open();
    }

    private void Seek(OwnedPartition partition, long to)
    {
        client.Seek(new PartitionOffset(partition.Partition, to));
        partition.IsOutOfRange = false;    // where it still is, the client says so again
    }

    private long TimeOfRetry(int failures) =>
        host.Now() + (long)definition.Timing.Restart.Wait(failures, jitter).TotalMilliseconds;

    private PartitionOffset Committed(OwnedPartition partition) =>
        new(partition.Partition, committer.Committed(partition.Partition) ?? partition.StartAt!.Value);

    private void Restart(OwnedShard shard, Exception error)
    {
        shard.End();
        if (error is FingerprintException)
        {
            Fatal = error.Message;
            return;
        }

        if (ReportOfState(shard, error) is { } report)
        {
            shard.PutOff(
                TimeOfRetry(++shard.Stateless),
                report.Why,
                report.Event is EngineEvent.StateUnusable ? StallReason.State : StallReason.Start);
            events.Report(report.Event);
            return;
        }

        shard.Failures.Enqueue(host.Now());
        while (shard.Failures.Peek() < host.Now() - definition.Timing.RestartWindow.TotalMilliseconds)
        {
            shard.Failures.Dequeue();
        }

        var failures = shard.Failures.Count;
        shard.PutOff(TimeOfRetry(failures), error.Message);
        events.Report(new EngineEvent.ShardRestarting(definition.Name, shard.ToString(), failures, error));
        if (failures > definition.Timing.RestartLimit)
        {
            Fatal = $"The shard {shard} failed {failures} times within {definition.Timing.RestartWindow}; "
                + $"the last time with {error.GetType().Name}: {error.Message}";
        }
    }

    /// <summary>
    /// The state of an entity is of no use, in the midst of a shard's life: it keeps what it has done, and takes
    /// nothing more, unless it is to begin empty.
    /// </summary>
    private void StandStill(OwnedShard shard, Shard running, SnapshotException error)
    {
        if (definition.OnLostState == LostState.Discard)
        {
            running.Close();
            Restart(shard, error);
            return;
        }

        shard.StandsStill = $"{error.Message} {WaysOut(error)}";
        events.Report(new EngineEvent.StateUnusable(
            definition.Name, shard.ToString(), shard.StandsStill, error.InnerException));
    }

    /// <summary>
    /// What is to be said of a shard that ended because of its state, which is no failure of its own; null where it was
    /// not that.
    /// </summary>
    private (EngineEvent Event, string Why)? ReportOfState(OwnedShard shard, Exception error)
    {
        var (pipeline, name, why) = (definition.Name, shard.ToString(), error.Message);
        switch (error)
        {
            case ShardFencedException fenced:
                // Another owns it, or its group was made again, which a commit proves.
                shard.Proof = fenced.WasRefused ? committer.Prove(shard.Owned.Select(Committed)) : null;
                return (new EngineEvent.ShardFenced(pipeline, name, why), why);
            case EntityTooLargeException large:
                shard.TooLarge.Add(large.Key);
                return (new EngineEvent.ShardRestarting(pipeline, name, shard.Stateless + 1, error), why);
            case StateLostException:
                return (new EngineEvent.ShardRestarting(pipeline, name, shard.Stateless + 1, error), why);
            case SnapshotException unusable:
                shard.Discards = unusable.CanBeDiscarded && definition.OnLostState == LostState.Discard;
                why = shard.Discards ? why : $"{why} {WaysOut(unusable)}";
                return (new EngineEvent.StateUnusable(pipeline, name, why, error.InnerException), why);
            default:
                return null;
        }
    }

    /// <summary>
    /// Goes on at the first record that the log still has. Where the log was cut in front of us, the shard finishes
    /// what it has, and skips the gap in this input. Else it is another log, which ends before what was read, and so
    /// another shard: its other inputs start again where every record below is done.
    /// </summary>
    /// <returns>Whether the broker answered.</returns>
    private bool Relocate(OwnedPartition partition, Shard running)
    {
        try
        {
            var (first, end) = client.Bounds(partition.Partition, definition.Timing.StartLimit);
            var place = new PartitionOffset(partition.Partition, running.Committable(partition.Input));
            if (first <= running.Next(partition.Input))
            {
                running.Close();
                partition.Shard.End();
                partition.Shard.IsRemade = true;
                partition.StartAt = first;
                committer.Forget(partition.Partition);
                committer.Started(new PartitionOffset(partition.Partition, first));
            }
            else
            {
                Seek(partition, first);
            }

            events.Report(new EngineEvent.OutOfRange(definition.Name, place, first, end));
            return true;
        }
        catch (SourceException error)
        {
            NotAnswered([partition], error.Message);
            return false;
        }
    }
}
