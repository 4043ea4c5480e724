using StreamActors.Events;
using StreamActors.Limits;
using StreamActors.Metrics;
using StreamActors.Offsets;
using StreamActors.Records;
using StreamActors.Shards;
using StreamActors.Snapshots;
using StreamActors.Sources;
using StreamActors.Stalls;

namespace StreamActors.Pipelines;

/// <summary>
/// Step 1 of a record's path, the poll loop, and all decisions of one member of the group: which shards there are,
/// where they start, what is read and what is held, when to commit, how to drain. It owns the shards and the client; it
/// runs no user code but what makes a shard's handler objects, and waits for nothing but the broker's answer at an
/// assignment and the drain at a revoke.
/// <para>Only the poll thread calls it; the client calls its <see cref="IGroupEvents"/> on the same thread.</para>
/// </summary>
internal sealed class GroupMember : IGroupEvents
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan CommitGrace = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan CommitPause = TimeSpan.FromMilliseconds(50);

    private readonly PipelineDefinition definition;
    private readonly ShardHost host;
    private readonly IEngineEvents events;
    private readonly IGroupConsumer client;
    private readonly Committer committer;
    private readonly ShardStarter starter;
    private readonly IReadOnlyList<ShardGroup> groups;
    private readonly Dictionary<PartitionId, OwnedPartition> owned = [];
    private readonly Dictionary<PartitionId, OwnedShard> shards = [];    // by the first of a shard's inputs
    private readonly CoPartitionWatch watch;
    private readonly MemberStatus status;
    private long? doubtSince;
    private string? changed;
    private bool isLeaving;

    /// <summary>Makes a member, which joins at once.</summary>
    public GroupMember(
        PipelineDefinition definition, ShardHost host, PipelineMetrics metrics, ISource source, EngineServices services)
    {
        this.definition = definition;
        this.host = host;
        events = services.Events;
        groups = ShardGroup.Of(definition.Routes);
        var coPartitioned = groups.Any(static group => group.IsCoPartitioned);
        client = source.Open(new GroupSpec(definition.Name, definition.GroupId, coPartitioned), this, events);
        host.Wake = client.Wake;
        committer = new Committer(
            definition.Name, client, definition.Timing, events,
            partition => owned.TryGetValue(partition, out var found) && found.HasState);
        starter = new ShardStarter(definition, host, client, committer, services);
        watch = new CoPartitionWatch(definition, client, events);
        var stalls = new StallWatch(host, definition, committer, events);
        status = new MemberStatus(metrics, client, committer, stalls, host.Now());
        client.Subscribe([.. definition.Routes.Select(static route => route.Topic)]);
    }

    /// <summary>Why the member cannot go on; null while it can.</summary>
    public string? Failure { get; private set; }

    /// <summary>Why the pipeline must stop; null while it need not.</summary>
    public string? Fatal => changed ?? starter.Fatal;

    /// <summary>Whether it takes records: see <see cref="MemberStatus.IsReady"/>.</summary>
    public bool IsReady => status.IsReady;

    private PipelineTiming Timing => definition.Timing;

    private Membership Membership => committer.Membership;

    /// <summary>One round of the poll loop: serve the group, read what has room, commit what is due.</summary>
    /// <param name="wait">Whether it may wait for something to do.</param>
    /// <returns>Whether there may be more to do at once.</returns>
    public bool Step(bool wait)
    {
        Membership.BeginRound(host.Now(), client.SessionTimeout);
        client.Poll(wait ? LongestWait : TimeSpan.Zero);
        starter.StartWaiting(shards.Values);
        watch.CheckIfDue(host.Now(), shards.Values);
        var hasMore = ReadAll();
        committer.CommitIfDue(host.Now(), Committable(owned.Values));
        EndQuietOutages();
        ReportDoubt();
        status.PublishIfDue(host.Now(), owned.Values);
        return hasMore;
    }

    /// <summary>Drains, commits, leaves the group.</summary>
    /// <returns>
    /// How many records the next owners read again: not done, done behind one that is not, or not known to be
    /// committed.
    /// </returns>
    public long Stop()
    {
        isLeaving = true;
        var readAgain = Drain([.. owned.Values], Timing.StopLimit);
        client.Close();
        status.Publish(host.Now(), owned.Values);
        return readAgain;
    }

    /// <summary>Drops everything without a commit: the member failed.</summary>
    public void Abandon()
    {
        Drop([.. owned.Values]);
        client.Dispose();
        status.Publish(host.Now(), owned.Values);
    }

    /// <summary>Frees the client, after <see cref="Stop"/>.</summary>
    public void Dispose() => client.Dispose();

    /// <inheritdoc/>
    public IReadOnlyList<PartitionOffset> Assigned(IReadOnlyList<PartitionId> partitions)
    {
        if (isLeaving)
        {
            // An assignment that was under way when the member said that it leaves: the client, which is closing,
            // hands it over first. Nothing starts any more, and the coordinator no longer answers this member.
            return [];
        }

        changed ??= partitions.Select(each => host.StateCheck?.Own.Difference(each)).OfType<string>().FirstOrDefault();
        if (changed is not null)
        {
            // A topic under stored state has grown. The new partition is not touched: its keys have their state
            // elsewhere.
            return [];
        }

        status.WasAssigned = true;
        Membership.Assigned();
        Drop(Find(partitions));    // one that comes again without having gone is another
        foreach (var partition in partitions)
        {
            owned[partition] = ShardOf(partition).Add(partition, host.Now(), client.Generation);
        }

        var begun = starter.StartAll(Find(partitions));
        events.Report(new EngineEvent.Assigned(definition.Name, begun));
        status.Publish(host.Now(), owned.Values);
        return begun;
    }

    /// <inheritdoc/>
    public void Revoked(IReadOnlyList<PartitionId> partitions)
    {
        Drain(Find(partitions), Timing.DrainLimit);
        status.Publish(host.Now(), owned.Values);
    }

    /// <inheritdoc/>
    public void Lost(IReadOnlyList<PartitionId> partitions)
    {
        Drop(Find(partitions));
        host.Scheduler.WaitUntil(() => committer.IsIdle, Timing.DrainLimit);
        events.Report(new EngineEvent.Lost(definition.Name, partitions));
        status.Publish(host.Now(), owned.Values);
    }

    /// <inheritdoc/>
    public void OutOfRange(PartitionId partition)
    {
        if (owned.TryGetValue(partition, out var found))
        {
            found.IsOutOfRange = true;
        }
    }

    /// <inheritdoc/>
    public void Failed(string reason) => Failure ??= reason;

    /// <summary>A step that is not called any more tells nothing of its service.</summary>
    private void EndQuietOutages()
    {
        foreach (var map in definition.Maps)
        {
            if (map.Watch.EndIfQuiet(host.Now(), map.QuietAfter) is { } over)
            {
                events.Report(new EngineEvent.CallsRecovered(definition.Name, map.Name, over, HasAnswered: false));
            }
        }
    }

    private void ReportDoubt()
    {
        var now = host.Now();
        if (Membership.IsProven(now) || owned.Count == 0)
        {
            if (doubtSince is { } since)
            {
                doubtSince = null;
                events.Report(new EngineEvent.MembershipProven(
                    definition.Name, definition.GroupId, TimeSpan.FromMilliseconds(now - since)));
            }
        }
        else if (doubtSince is null)
        {
            doubtSince = now;
            events.Report(new EngineEvent.MembershipInDoubt(
                definition.Name, definition.GroupId, client.SessionTimeout));
        }
    }

    private List<OwnedPartition> Find(IReadOnlyList<PartitionId> partitions) =>
        [.. partitions.Where(owned.ContainsKey).Select(partition => owned[partition])];

    private static List<OwnedShard> ShardsOf(IReadOnlyList<OwnedPartition> partitions) =>
        [.. partitions.Select(static each => each.Shard).Distinct()];

    private OwnedShard ShardOf(PartitionId partition)
    {
        var group = groups.First(each => each.Topics.Contains(partition.Topic));
        var first = partition with { Topic = group.Topics[0] };
        if (!shards.TryGetValue(first, out var shard))
        {
            shards[first] = shard = new OwnedShard(group, partition.Number);
        }

        return shard;
    }

    private static IEnumerable<PartitionOffset> Committable(IEnumerable<OwnedPartition> partitions) => partitions
        .Where(static each => each.Committable is not null)
        .Select(static each => new PartitionOffset(each.Partition, each.Committable!.Value));

    private bool ReadAll()
    {
        var hasMore = false;
        foreach (var shard in host.Rate.InTurn(shards.Values))
        {
            for (var input = 0; input < shard.Inputs.Count && shard.Running is { HasRoom: true } running; input++)
            {
                var room = host.Rate.Room(host.Now(), definition.Limits.BatchRecords);
                if (room == 0)
                {
                    return false;
                }

                hasMore |= Read(shard.NextToRead(), running, room);
            }
        }

        return hasMore;
    }

    private bool Read(OwnedPartition partition, Shard shard, int room)
    {
        var limits = definition.Limits;
        var batch = host.Batches.Rent(partition.Partition);
        var read = client.Read(partition.Partition, batch, room, limits.BatchBytes);
        host.Rate.Took(read);
        if (read == 0)
        {
            host.Batches.Return(batch);
            return false;
        }

        var wasFull = read >= limits.BatchRecords || batch.Bytes >= limits.BatchBytes;
        shard.Post(partition.Input, batch);
        return wasFull;
    }

    /// <summary>
    /// Drains the shards of these partitions, all at once, commits what is done, lets go, and says what was cut. What
    /// else such a shard has stays, and waits for its co-partition.
    /// </summary>
    /// <returns>How many records their next owners read again.</returns>
    private long Drain(IReadOnlyList<OwnedPartition> leaving, TimeSpan limit)
    {
        if (leaving.Count == 0)
        {
            return 0;
        }

        var ending = ShardsOf(leaving);
        Shard[] running = [.. ending.Select(static each => each.Running).OfType<Shard>()];
        var began = host.Now();
        var until = began + (long)limit.TotalMilliseconds;
        Array.ForEach(running, shard => shard.BeginDrain(until));
        host.Scheduler.WaitUntil(() => IsDrained(running), limit);
        List<string> waitedFor = [.. WhatFor(running.Where(static shard => !shard.IsDrained || shard.Undone > 0))];
        Array.ForEach(running, static shard => shard.Close());
        var uncommitted = CommitLast(leaving, until);
        if (uncommitted > 0)
        {
            waitedFor.Add("for the acknowledgement of the last commit");
        }

        // The turns that close what was cut count what it leaves undone.
        host.Scheduler.WaitUntil(() => Array.TrueForAll(running, static shard => shard.IsDrained), CommitGrace);
        ending.ForEach(static shard => shard.End());
        Forget(leaving);
        var undone = running.Sum(static shard => shard.Undone);
        var behind = Math.Max(running.Sum(Uncommittable) - undone, 0);
        events.Report(new EngineEvent.Revoked(definition.Name, [.. leaving.Select(static each => each.Partition)])
        {
            IsLeaving = isLeaving,
            Drain = TimeSpan.FromMilliseconds(host.Now() - began),
            Undone = undone,
            Behind = behind,
            Uncommitted = uncommitted,
            WaitedFor = string.Join("; ", waitedFor),
            Forgotten = $"{running.Aggregate(default(Holding), static (sum, shard) => sum + shard.Forgotten)}",
        });
        return undone + behind + uncommitted;
    }

    private bool IsDrained(Shard[] running)
    {
        committer.ProveIfInDoubt(host.Now(), Committable(owned.Values));
        return Array.TrueForAll(running, static shard => shard.IsDrained) && committer.IsIdle;
    }

    /// <summary>How many offsets lie above the committable ones: of records, done or not, and of none.</summary>
    private static long Uncommittable(Shard shard) =>
        Enumerable.Range(0, shard.Inputs.Count).Sum(input => shard.Next(input) - shard.Committable(input));

    /// <summary>Each reason once: where a sink is away, all shards have the same one.</summary>
    private static IEnumerable<string> WhatFor(IEnumerable<Shard> shards) => shards
        .GroupBy(static shard => shard.WaitsFor, static shard => shard.Name)
        .Select(static reason => $"{string.Join(", ", reason)} for {reason.Key}");

    /// <summary>Commits what is done, again while that fails and there is time.</summary>
    /// <returns>How many records are done without an acknowledged commit.</returns>
    private long CommitLast(IReadOnlyList<OwnedPartition> leaving, long until)
    {
        while (true)
        {
            if (committer.IsIdle)
            {
                committer.CommitNow(host.Now(), Committable(owned.Values));
            }

            var left = TimeSpan.FromMilliseconds(until - host.Now());
            host.Scheduler.WaitUntil(() => committer.IsIdle, left > CommitGrace ? left : CommitGrace);
            committer.Finish();
            var uncommitted = committer.Uncommitted(Committable(leaving));
            if (uncommitted == 0 || host.Now() + CommitGrace.TotalMilliseconds > until)
            {
                return uncommitted;
            }

            host.Scheduler.WaitUntil(static () => false, CommitPause);
        }
    }

    private void Drop(IReadOnlyList<OwnedPartition> gone)
    {
        foreach (var shard in ShardsOf(gone))
        {
            shard.Running?.Close();
            shard.End();
        }

        Forget(gone);
    }

    private void Forget(IReadOnlyList<OwnedPartition> gone)
    {
        foreach (var partition in gone)
        {
            partition.Shard.Remove(partition.Partition, host.Now());
            owned.Remove(partition.Partition);
            committer.Forget(partition.Partition);
        }

        foreach (var shard in ShardsOf(gone).Where(static shard => !shard.Owned.Any()))
        {
            shards.Remove(shard.Inputs[0]);
        }
    }
}
