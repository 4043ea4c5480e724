using System.Text;
using StreamActors.Events;
using StreamActors.Records;
using StreamActors.Sources;

namespace StreamActors.Simulation.Tests.World;

/// <summary>How often what goes wrong, in shares of 1; all zero when a scenario comes to its end.</summary>
internal sealed record Chances
{
    public double CommitFails { get; init; }

    public double CommitIsLate { get; init; }

    public double BrokerSilent { get; init; }

    public double SinkFails { get; init; }

    public double SinkDefect { get; init; }

    public double SinkRefuses { get; init; }

    /// <summary>The group gives a partition to another member than its co-partition.</summary>
    public double OutOfStep { get; init; }

    public double CallFails { get; init; }

    public double StoreFails { get; init; }

    public static Chances None { get; } = new();
}

/// <summary>
/// The client port, over the simulated broker. It never waits; the driver of the scenario lets time pass.
/// </summary>
internal sealed class SimulatedConsumer(SimulatedWorld world, IGroupEvents events) : IGroupConsumer
{
    private readonly Dictionary<PartitionId, IExpectations> owned = [];
    private Task lastCommit = Task.CompletedTask;
    private Handling handling;

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

    public Dictionary<PartitionId, IExpectations> Owned => owned;

    public void Fence() => IsFenced = true;

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
        handling.ShouldBe(Handling.None, "the engine reads only in its loop");
        owned.ShouldContainKey(partition, "the engine reads only what it owns");
        foreach (var coPartition in world.CoPartitions(partition))
        {
            owned.ShouldContainKey(coPartition, $"{partition} is read without its co-partition");
        }

        var (expected, log) = (owned[partition], world.Broker.Log(partition));
        var most = world.Random.Next(1, maxRecords + 1);
        var count = 0;
        foreach (var record in log.Records.SkipWhile(record => record.Offset < expected.Position).Take(most))
        {
            if (batch.Bytes >= maxBytes || expected.Position < log.First)
            {
                break;
            }

            var key = record.Key == "" ? default : Encoding.UTF8.GetBytes(record.Key).AsSpan();
            batch.Add(record.Offset, world.Broker.Now().ToUnixTimeMilliseconds(), key, record.Bytes, default);
            expected.Read(record);
            count++;
        }

        world.CheckReadAhead(partition, expected);
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
        handling.ShouldBe(Handling.None, "a client refuses to seek inside its handlers");
        owned.ShouldContainKey(partition, "the engine seeks only what it owns");
        world.Trace($"{this} seeks {position}");
        owned[partition].Seek(offset, logWasCut: offset > owned[partition].Position);
    }

    public Task CommitAsync(
        IReadOnlyList<PartitionOffset> offsets, IReadOnlyCollection<PartitionId>? withState = null)
    {
        world.Broker.WithState.UnionWith(withState ?? []);
        world.Trace($"{this} commits {string.Join(", ", offsets)}");
        handling.ShouldNotBe(Handling.Lost, "what was lost is not committed");
        foreach (var (partition, offset) in offsets)
        {
            if (!IsStart(partition))
            {
                owned.ShouldContainKey(partition, "the engine commits what it owns");
                owned[partition].CheckCommit(offset);
            }
        }

        PartitionOffset[] starts = [.. offsets.Where(each => IsStart(each.Partition))];
        foreach (var (partition, offset) in starts)
        {
            world.Check(() => world.Broker.Committed.GetValueOrDefault(partition, offset).ShouldBeGreaterThanOrEqualTo(
                offset, $"a start of {partition} is committed over what the group had committed, and skips records"));
        }

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
        var chances = world.Chances;
        var late = world.Random.NextDouble() < chances.CommitIsLate;
        await before.ContinueWith(
            static _ => { },
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        // Later than the grace that a drain gives it, a commit may arrive over the next owner's: duplicates, no loss.
        await world.Delay(late ? 150 : 5);
        if (!world.Broker.IsMember(this) || IsFenced || world.Random.NextDouble() < chances.CommitFails)
        {
            throw new SourceException("The coordinator refused the commit.");
        }

        world.Broker.Commit(offsets);
        world.Broker.Start(starts);
        if (world.Random.NextDouble() < chances.CommitFails / 2)
        {
            throw new SourceException("The coordinator's answer was lost.");
        }
    }

    private void Ask()
    {
        if (world.Random.NextDouble() < world.Chances.BrokerSilent)
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
        starts.Select(static start => start.Partition).ShouldBe(partitions, ignoreOrder: true);
        foreach (var (partition, offset) in starts)
        {
            var log = world.Broker.Log(partition);
            world.Trace($"{this} starts {partition} at {offset}");
            offset.ShouldBeInRange(-1, log.End);
            if (offset >= 0 && world.Broker.Committed.TryGetValue(partition, out var committed))
            {
                offset.ShouldBeLessThanOrEqualTo(Math.Max(committed, log.First), "a start skips nothing");
            }

            owned[partition] = world.Expect(partition, offset);
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
        IsFenced = false;
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
