using System.Text;
using StreamActors.Events;
using StreamActors.Records;
using StreamActors.Sources;

namespace StreamActors.Simulation.Tests.World;

/// <summary>
/// The client port, over the simulated broker. It never waits; the driver of the scenario lets time pass.
/// </summary>
internal sealed class SimulatedConsumer(SimulatedWorld world, IGroupEvents events) : IGroupConsumer
{
    private readonly Dictionary<PartitionId, IExpectations> owned = [];
    private readonly Dictionary<PartitionId, long> sent = [];
    private readonly Dictionary<PartitionOffset, TimeSpan> readAt = [];
    private readonly Promises promises = world.Promises;
    private Task lastCommit = Task.CompletedTask;
    private Handling handling;
    private TimeSpan expiresAt = TimeSpan.MaxValue;

    /// <summary>The handler of the engine's that is being called.</summary>
    private enum Handling
    {
        None,
        Assigned,
        Revoked,
        Lost,
    }

    public bool IsFenced { get; private set; }

    public bool IsDead { get; set; }

    /// <summary>The last rebalance for which it let go of everything, where the protocol wants that.</summary>
    public int LetGoFor { get; set; }

    public long Generation { get; private set; }

    public TimeSpan SessionTimeout => SimulatedBroker.Session;

    /// <summary>Whether it has given no sign of life for a session, and has not heard of what that means.</summary>
    public bool HasExpired => world.Time.Elapsed >= expiresAt;

    public Dictionary<PartitionId, IExpectations> Owned => owned;

    /// <summary>When it has read a record; zero where another had, whose snapshot has it.</summary>
    public TimeSpan ReadAt(PartitionOffset place) => readAt.GetValueOrDefault(place);

    public void Fence() => (IsFenced, LetGoFor) = (true, 0);

    /// <summary>From here on it gives no sign of life, and its group goes on without it.</summary>
    public void FallSilent()
    {
        expiresAt = world.Time.Elapsed + SimulatedBroker.Session;
        world.Broker.Fence(this);
    }

    public void Subscribe(IReadOnlyList<string> topics) => world.Broker.Join(this);

    public void Poll(TimeSpan wait)
    {
        if (IsFenced)
        {
            LoseAll();
            return;
        }

        var (revoke, assign) = world.Broker.Changes(this);
        if (revoke.Length > 0)
        {
            Revoke(revoke);
        }

        // The member may have been fenced while its handler waited.
        if (assign.Length > 0 && !IsFenced)
        {
            Assign(assign);
        }

        foreach (var (partition, expected) in owned)
        {
            if (expected.IsStarted && expected.Position < world.Broker.Log(partition).First)
            {
                events.OutOfRange(partition);
            }
        }
    }

    public void Wake()
    {
    }

    public int Read(PartitionId partition, RecordBatch batch, int maxRecords, int maxBytes)
    {
        promises.Require(
            Promise.Contract, handling == Handling.None, $"{this} reads {partition} inside a handler of the group");
        promises.Require(Promise.Ownership, owned.ContainsKey(partition), $"{this} reads {partition}, not its own");
        foreach (var coPartition in world.CoPartitions(partition))
        {
            promises.Require(
                Promise.Ownership, owned.ContainsKey(coPartition), $"{partition} is read without {coPartition}");
        }

        var (expected, log) = (owned[partition], world.Broker.Log(partition));
        var most = world.Chance.Next(1, maxRecords + 1);
        var count = 0;
        for (var index = log.IndexOf(expected.Position); count < most && index < log.Records.Count; index++)
        {
            var record = log.Records[index];
            if (batch.Bytes >= maxBytes || expected.Position < log.First)
            {
                break;
            }

            var key = record.Key == "" ? default : Encoding.UTF8.GetBytes(record.Key).AsSpan();
            batch.Add(record.Offset, world.TimestampOf(record), key, record.Bytes, default);
            expected.Read(record);
            readAt[new PartitionOffset(partition, record.Offset)] = world.Time.Elapsed;
            count++;
        }

        var limits = world.Setting.Limits;
        promises.Require(
            Promise.Limits,
            expected.ReadAhead <= limits.UncommittedRecords + limits.MailboxRecords + limits.BatchRecords,
            $"{partition}: {expected.ReadAhead} records are read, and not done");
        return count;
    }

    public IReadOnlyList<(PartitionId Partition, long? Committed, bool HasState)> CommittedOffsets(
        string topic, TimeSpan limit)
    {
        Ask();
        return
        [
            .. world.Broker.Topics[topic].Select(log => (
                log.Id,
                world.Broker.Committed.TryGetValue(log.Id, out var offset) ? offset : (long?)null,
                world.Broker.WithState.Contains(log.Id))),
        ];
    }

    public (long First, long End) Bounds(PartitionId partition, TimeSpan limit)
    {
        Ask();
        return (world.Broker.Log(partition).First, world.Broker.Log(partition).End);
    }

    public long? Lag(PartitionOffset position) => null;

    public void Seek(PartitionOffset position)
    {
        var (partition, offset) = position;
        promises.Require(
            Promise.Contract, handling == Handling.None, $"{this} seeks {position} inside a handler of the group");
        promises.Require(Promise.Ownership, owned.ContainsKey(partition), $"{this} seeks {position}, not its own");
        world.Trace($"{this} seeks {position}");


        // A shard that was restored goes on further ahead as well.
        var first = world.Broker.Log(partition).First;
        owned[partition].Seek(offset, logWasCut: offset == first && owned[partition].Position < first);
    }

    public Task CommitAsync(
        IReadOnlyList<PartitionOffset> offsets, IReadOnlyCollection<PartitionId>? withState = null)
    {
        world.Broker.WithState.UnionWith(withState ?? []);
        world.Trace($"{this} commits {string.Join(", ", offsets)}");
        promises.Require(
            Promise.Commits, handling != Handling.Lost, $"{this} commits {string.Join(", ", offsets)}, which it lost");
        foreach (var (partition, offset) in offsets)
        {
            if (!IsStart(partition))
            {
                promises.Require(
                    Promise.Commits, owned.ContainsKey(partition), $"{this} commits {partition}, not its own");
                promises.Require(
                    Promise.Commits,
                    sent.GetValueOrDefault(partition) <= offset,
                    $"{this} commits {offset} of {partition}, and has committed {sent[partition]}");
                owned[partition].CheckCommit(offset);
                sent[partition] = offset;
            }
        }

        // What the group has already is committed again, as a proof that it knows the member.
        PartitionOffset[] starts =
        [
            .. offsets.Where(each => IsStart(each.Partition)
                && world.Broker.Committed.GetValueOrDefault(each.Partition, -1) != each.Offset),
        ];
        foreach (var (partition, offset) in starts)
        {
            promises.Require(
                Promise.Commits,
                world.Broker.Committed.GetValueOrDefault(partition, offset) >= offset,
                $"the start {offset} of {partition} is committed over what the group had committed");
        }

        world.Broker.CommitsUnderWay++;
        return lastCommit = CarryOutAsync(lastCommit, offsets, starts);
    }

    public void Close()
    {
        Revoke([.. owned.Keys]);
        world.Broker.Remove(this);
    }

    public void Dispose()
    {
        IsDead = true;
        owned.Clear();
        world.Broker.Remove(this);
    }

    public override string ToString() => $"member {world.NumberOf(this)}";

    /// <summary>
    /// Whether a commit of the partition can only be one of starts: those of all partitions of a topic are committed
    /// together, also of such as nobody owns.
    /// </summary>
    private bool IsStart(PartitionId partition) => owned.TryGetValue(partition, out var expected)
        ? !expected.IsStarted
        : handling == Handling.Assigned
            || owned.Any(each => each.Key.Topic == partition.Topic && !each.Value.IsStarted);

    private async Task CarryOutAsync(
        Task before, IReadOnlyList<PartitionOffset> offsets, IReadOnlyList<PartitionOffset> starts)
    {
        try
        {
            await ArriveAsync(before, offsets, starts);
        }
        finally
        {
            world.Broker.CommitsUnderWay--;
        }
    }

    private async Task ArriveAsync(
        Task before, IReadOnlyList<PartitionOffset> offsets, IReadOnlyList<PartitionOffset> starts)
    {
        var chances = world.Chances;
        var late = world.Chance.NextDouble() < chances.CommitIsLate;
        await before.ContinueWith(
            static _ => { },
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        // Later than the grace that a drain gives it, a commit may arrive over the next owner's: duplicates, no loss.
        world.MayRepeat |= late;
        await world.Delay(late ? 400 : 5);
        if (!world.Broker.IsMember(this) || IsFenced || world.Chance.NextDouble() < chances.CommitFails)
        {
            throw new SourceException("The coordinator refused the commit.");
        }

        world.Broker.Commit(offsets);
        world.Broker.Start(starts);
        if (world.Chance.NextDouble() < chances.CommitRepeats)
        {
            world.MayRepeat = true;
            await world.Delay(50);
            world.Broker.Commit(world.Broker.IsMember(this) && !IsFenced ? offsets : []);
        }

        if (world.Chance.NextDouble() < chances.CommitFails / 2)
        {
            throw new SourceException("The coordinator's answer was lost.");
        }
    }

    private void Ask()
    {
        if (world.Chance.NextDouble() < world.Chances.BrokerSilent)
        {
            throw new SourceException("The broker did not answer.");
        }
    }

    private void Assign(PartitionId[] partitions)
    {
        foreach (var partition in partitions)
        {
            world.Broker.Own(partition, this);
        }

        world.Trace($"{this} gets {string.Join(", ", partitions)}");
        Generation = world.Broker.Generation;
        handling = Handling.Assigned;
        var starts = events.Assigned(partitions);
        handling = Handling.None;
        promises.Require(
            Promise.Contract,
            starts.Select(static start => start.Partition).ToHashSet().SetEquals(partitions),
            $"{this} gets {string.Join(", ", partitions)}, and starts {string.Join(", ", starts)}");
        foreach (var (partition, offset) in starts)
        {
            var log = world.Broker.Log(partition);
            world.Trace($"{this} starts {partition} at {offset}");
            var committed = world.Broker.Committed.GetValueOrDefault(partition, log.End);
            promises.Require(
                Promise.NoLoss,
                offset >= -1 && offset <= Math.Max(committed, log.First),
                $"{partition} is committed up to {committed}, and starts at {offset}");

            owned[partition] = world.Expect(partition, offset);
            sent.Remove(partition);
        }
    }

    private void Revoke(PartitionId[] partitions)
    {
        world.Trace($"{this} is to let go {string.Join(", ", partitions)}");
        handling = Handling.Revoked;
        events.Revoked(partitions);
        handling = Handling.None;
        foreach (var partition in partitions)
        {
            owned.Remove(partition);
            if (!IsFenced)
            {
                world.Broker.Own(partition, null);
            }
        }

        world.Trace($"{this} has let go {string.Join(", ", partitions)}");
    }

    private void LoseAll()
    {
        PartitionId[] lost = [.. owned.Keys];
        world.Trace($"{this} loses {string.Join(", ", lost)}");
        handling = Handling.Lost;
        events.Lost(lost);
        handling = Handling.None;
        owned.Clear();
        (IsFenced, expiresAt) = (false, TimeSpan.MaxValue);
        world.Broker.Rebalance(stay: 0.9);
    }
}

/// <summary>Opens simulated members.</summary>
internal sealed class SimulatedSource(SimulatedWorld world) : ISource
{
    public SimulatedConsumer? Last { get; private set; }

    public string Name => "simulated";

    public Task<IReadOnlyDictionary<string, int>> PrepareAsync(
        string pipeline, IReadOnlyList<TopicSpec> topics, IEngineEvents events, CancellationToken stop) =>
        throw new NotSupportedException();

    public IGroupConsumer Open(GroupSpec group, IGroupEvents members, IEngineEvents events) =>
        Last = new SimulatedConsumer(world, members);

    public ValueTask<bool> IsReachableAsync(CancellationToken stop) => ValueTask.FromResult(true);
}
