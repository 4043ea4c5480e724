using StreamActors.Events;
using StreamActors.Limits;
using StreamActors.Metrics;
using StreamActors.Offsets;
using StreamActors.Records;
using StreamActors.Shards;
using StreamActors.Sources;

namespace StreamActors.Pipelines;

/// <summary>
/// Step 1 of a record's path, the poll loop, and all decisions of one member of the group: which shards there are,
/// where they start, what is read and what is held, when to commit, how to drain. It owns the shards and the client; it
/// runs no user code, and waits for nothing but the broker's answer at an assignment and the drain at a revoke.
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
    private readonly Random random;
    private readonly IGroupConsumer client;
    private readonly StartResolver starts;
    private readonly Committer committer;
    private readonly Dictionary<PartitionId, OwnedPartition> owned = [];
    private readonly MemberStatus status;
    private bool isLeaving;

    /// <summary>Makes a member, which joins at once.</summary>
    public GroupMember(
        PipelineDefinition definition, ShardHost host, PipelineMetrics metrics, ISource source, EngineServices services)
    {
        this.definition = definition;
        this.host = host;
        events = services.Events;
        random = services.Random;
        client = source.Open(new GroupSpec(definition.Name, definition.GroupId, CoPartitioned: false), this, events);
        host.Wake = client.Wake;
        starts = new StartResolver(client, host.Scheduler, definition.StartAt, definition.Timing.StartLimit);
        committer = new Committer(definition.Name, client, definition.Timing, events);
        status = new MemberStatus(metrics, client, committer, host.Now());
        client.Subscribe([.. definition.Routes.Select(static route => route.Topic)]);
    }

    /// <summary>Why the member cannot go on; null while it can.</summary>
    public string? Failure { get; private set; }

    /// <summary>Why the pipeline must stop; null while it need not.</summary>
    public string? Fatal { get; private set; }

    /// <summary>Whether it takes records: see <see cref="MemberStatus.IsReady"/>.</summary>
    public bool IsReady => status.IsReady;

    private PipelineTiming Timing => definition.Timing;

    /// <summary>One round of the poll loop: serve the group, read what has room, commit what is due.</summary>
    /// <param name="wait">Whether it may wait for something to do.</param>
    /// <returns>Whether there may be more to do at once.</returns>
    public bool Step(bool wait)
    {
        client.Poll(wait ? LongestWait : TimeSpan.Zero);
        StartWaiting();
        var hasMore = ReadAll();
        committer.CommitIfDue(host.Now(), Committable(owned.Values));
        status.PublishIfDue(host.Now(), owned.Values);
        return hasMore;
    }

    /// <summary>Drains, commits, leaves the group.</summary>
    public void Stop()
    {
        isLeaving = true;
        Drain([.. owned.Values], Timing.StopLimit);
        client.Close();
        status.Publish(host.Now(), owned.Values);
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

        status.WasAssigned = true;
        foreach (var partition in partitions)
        {
            owned[partition] = new OwnedPartition(partition);
        }

        var begun = new List<PartitionOffset>();
        string? silent = null;
        foreach (var topic in partitions.GroupBy(static partition => partition.Topic))
        {
            // A broker that did not answer for one topic is not asked for the next: each question may take seconds.
            OwnedPartition[] same = [.. topic.Select(partition => owned[partition])];
            if (silent is null)
            {
                silent = Start(topic.Key, same, begun);
            }
            else
            {
                StartLater(same, silent, begun);
            }
        }

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

    private List<OwnedPartition> Find(IReadOnlyList<PartitionId> partitions) =>
        [.. partitions.Where(owned.ContainsKey).Select(partition => owned[partition])];

    private static IEnumerable<PartitionOffset> Committable(IEnumerable<OwnedPartition> partitions) => partitions
        .Where(static each => each.Committable is not null)
        .Select(static each => new PartitionOffset(each.Partition, each.Committable!.Value));

    /// <summary>Finds the starts of partitions of one topic, and makes their shards.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="partitions">The partitions.</param>
    /// <param name="begun">
    /// Takes the starts; -1 where the broker did not answer, and is asked again later.
    /// </param>
    /// <returns>Why the broker did not answer; null when it did.</returns>
    private string? Start(string topic, IReadOnlyList<OwnedPartition> partitions, List<PartitionOffset> begun)
    {
        try
        {
            var found = starts.Resolve(topic, [.. partitions.Select(static each => each.Partition)]);
            foreach (var start in found)
            {
                MakeShard(owned[start.Partition], start.Offset);
            }

            begun.AddRange(found);
            return null;
        }
        catch (SourceException error)
        {
            StartLater(partitions, error.Message, begun);
            return error.Message;
        }
    }

    private void StartLater(IReadOnlyList<OwnedPartition> partitions, string why, List<PartitionOffset> begun)
    {
        PartitionId[] ids = [.. partitions.Select(static each => each.Partition)];
        events.Report(new EngineEvent.StartFailed(definition.Name, ids, why));
        foreach (var partition in partitions)
        {
            PutOff(partition, startAt: null, ++partition.FailedStarts, why);
        }

        begun.AddRange(ids.Select(static id => new PartitionOffset(id, -1)));
    }

    private void MakeShard(OwnedPartition partition, long startAt)
    {
        var start = new PartitionOffset(partition.Partition, startAt);
        committer.Started(start);
        (partition.StartAt, partition.FailedStarts, partition.Why) = (startAt, 0, "");
        try
        {
            partition.Shard = new Shard(host, new Epoch(), [start], random.NextDouble());
        }
        catch (Exception error)
        {
            // User code makes the handler object; what it throws must not reach the client that called us.
            Restart(partition, startAt, error);
        }
    }

    private void PutOff(OwnedPartition partition, long? startAt, int failures, string why)
    {
        partition.Shard = null;
        partition.StartAt = startAt;
        partition.Why = why;
        partition.RetryAt = host.Now() + (long)Timing.Restart.Wait(failures, random).TotalMilliseconds;
    }

    /// <summary>
    /// Starts shards that are put off, those that failed, and those whose log does not hold their offset. A broker that
    /// does not answer one question is asked no other in this round: the group, the reading and a stop come in between.
    /// </summary>
    private void StartWaiting()
    {
        var now = host.Now();
        foreach (var partition in owned.Values)
        {
            var answered = true;
            if (partition.Shard?.Failure is { } error)
            {
                Restart(partition, partition.Shard.Committable(partition.Input), error);
            }
            else if (partition is { IsOutOfRange: true, Shard: not null } && now >= partition.RetryAt)
            {
                answered = Relocate(partition);
            }
            else if (IsDue(partition, now))
            {
                answered = StartAgain(partition, now);
            }

            if (!answered)
            {
                return;
            }
        }
    }

    private static bool IsDue(OwnedPartition partition, long now) =>
        partition is { Shard: null, Former: null or { IsQuiet: true } } && now >= partition.RetryAt;

    private void Restart(OwnedPartition partition, long from, Exception error)
    {
        partition.Former = partition.Shard;
        partition.Failures.Enqueue(host.Now());
        while (partition.Failures.Peek() < host.Now() - Timing.RestartWindow.TotalMilliseconds)
        {
            partition.Failures.Dequeue();
        }

        var failures = partition.Failures.Count;
        PutOff(partition, from, failures, error.Message);
        events.Report(
            new EngineEvent.ShardRestarting(definition.Name, partition.Partition.ToString(), failures, error));
        if (failures > Timing.RestartLimit)
        {
            Fatal = $"The shard {partition.Partition} failed {failures} times within {Timing.RestartWindow}; "
                + $"the last time with {error.GetType().Name}: {error.Message}";
        }
    }

    /// <returns>Whether the broker answered, if it had to be asked.</returns>
    private bool StartAgain(OwnedPartition partition, long now)
    {
        var begun = new List<PartitionOffset>();
        string? silent = null;
        if (partition.StartAt is { } known)
        {
            MakeShard(partition, known);
            begun.Add(new PartitionOffset(partition.Partition, known));
        }
        else
        {
            var topic = partition.Partition.Topic;
            var same = owned.Values.Where(each => each.Partition.Topic == topic && each.StartAt is null);
            silent = Start(topic, [.. same.Where(each => IsDue(each, now))], begun);
        }

        begun.Where(static start => start.Offset >= 0).ToList().ForEach(client.Seek);
        return silent is null;
    }

    /// <summary>
    /// Goes on at the first record that the log still has. Where the log was cut in front of us, the shard finishes
    /// what it has, and skips the gap; else it is another log, which ends before what was read, and so another shard.
    /// </summary>
    /// <returns>Whether the broker answered.</returns>
    private bool Relocate(OwnedPartition partition)
    {
        try
        {
            var shard = partition.Shard!;
            var (first, end) = client.Bounds(partition.Partition, Timing.StartLimit);
            var place = new PartitionOffset(partition.Partition, shard.Committable(partition.Input));
            partition.IsOutOfRange = false;
            if (first <= shard.Next(partition.Input))
            {
                shard.Close();
                committer.Forget(partition.Partition);
                MakeShard(partition, first);
            }

            client.Seek(new PartitionOffset(partition.Partition, first));
            events.Report(new EngineEvent.OutOfRange(definition.Name, place, first, end));
            return true;
        }
        catch (SourceException error)
        {
            partition.RetryAt = host.Now()
                + (long)Timing.Restart.Wait(++partition.FailedStarts, random).TotalMilliseconds;
            events.Report(new EngineEvent.StartFailed(definition.Name, [partition.Partition], error.Message));
            return false;
        }
    }

    private bool ReadAll()
    {
        var hasMore = false;
        foreach (var partition in owned.Values)
        {
            if (partition.Shard is { HasRoom: true } shard)
            {
                hasMore |= Read(partition, shard);
            }
        }

        return hasMore;
    }

    private bool Read(OwnedPartition partition, Shard shard)
    {
        var limits = definition.Limits;
        var batch = host.Batches.Rent(partition.Partition);
        var read = client.Read(partition.Partition, batch, limits.BatchRecords, limits.BatchBytes);
        if (read == 0)
        {
            host.Batches.Return(batch);
            return false;
        }

        var wasFull = read >= limits.BatchRecords || batch.Bytes >= limits.BatchBytes;
        shard.Post(partition.Input, batch);
        return wasFull;
    }

    /// <summary>Drains all at once, commits what is done, lets go, and says what was cut.</summary>
    private void Drain(IReadOnlyList<OwnedPartition> leaving, TimeSpan limit)
    {
        if (leaving.Count == 0)
        {
            return;
        }

        Shard[] shards = [.. leaving.Where(static each => each.Shard is not null).Select(static each => each.Shard!)];
        Array.ForEach(shards, static shard => shard.BeginDrain());
        var began = host.Now();
        var until = began + (long)limit.TotalMilliseconds;
        host.Scheduler.WaitUntil(
            () => Array.TrueForAll(shards, static shard => shard.IsDrained) && committer.IsIdle, limit);
        List<string> waitedFor = [.. shards.Where(static shard => !shard.IsDrained).Select(static each => $"{each}")];
        Array.ForEach(shards, static shard => shard.Close());
        var uncommitted = CommitLast(leaving, until);
        if (uncommitted > 0)
        {
            waitedFor.Add("the acknowledgement of the last commit");
        }

        Forget(leaving);
        events.Report(new EngineEvent.Revoked(definition.Name, [.. leaving.Select(static each => each.Partition)])
        {
            Drain = TimeSpan.FromMilliseconds(host.Now() - began),
            Dropped = shards.Sum(static shard => shard.Uncompleted),
            Uncommitted = uncommitted,
            WaitedFor = string.Join("; ", waitedFor),
        });
    }

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
        foreach (var partition in gone)
        {
            partition.Shard?.Close();
        }

        Forget(gone);
    }

    private void Forget(IReadOnlyList<OwnedPartition> gone)
    {
        foreach (var partition in gone)
        {
            owned.Remove(partition.Partition);
            committer.Forget(partition.Partition);
        }
    }
}
