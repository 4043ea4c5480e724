using System.Globalization;
using StreamActors.Events;
using StreamActors.Limits;
using StreamActors.Pipelines;
using StreamActors.Records;
using StreamActors.Testing;

namespace StreamActors.Simulation.Tests.World;

/// <summary>Everything that a scenario consists of, drawn from one seed.</summary>
internal sealed class SimulatedWorld : IEngineEvents
{
    private readonly List<string>? trace;
    private readonly bool mayHaveDefects;
    private bool hadFaults;
    private readonly HashSet<(string Sink, string Kind, PartitionId Partition, long Offset)> arrived = [];
    private readonly List<SimulatedProcess> everyone = [];

    public SimulatedWorld(int seed, List<string>? trace)
    {
        this.trace = trace;
        Random = new Random(seed);
        Time = new VirtualTime();
        Threads = new SimulatedThreads(Time, Random);
        Routes = DrawRoutes();
        Broker = new SimulatedBroker(Time, Random, this);
        Store = Random.Next(2) == 0 ? new SimulatedStore(this) : null;
        StartAt = Random.Next(4) == 0 ? StartAt.Latest : StartAt.Earliest;
        Limits = new PipelineLimits
        {
            MailboxRecords = Random.Next(1, 40),
            BatchRecords = Random.Next(1, 16),
            OutboxRecords = Random.Next(1, 20),
            OutboxBytes = Random.Next(50, 2_000),
            WindowBytes = Random.Next(100, 3_000),
            UncommittedRecords = Random.Next(1, 200),
            Parking = new ParkingLimits { Records = Random.Next(1, 16), Bytes = Random.Next(50, 2_000) },
            // The model of a sample knows no counts that were forgotten.
            EntitiesPerShard = Routes.Any(static route => route.Kind == RouteKind.Sample) ? 1_000 : Random.Next(1, 20),
        };
        Timing = new PipelineTiming
        {
            CommitInterval = Milliseconds(20, 200),
            CommitSpacing = Milliseconds(1, 20),
            CommitRecords = Random.Next(1, 50),
            DrainLimit = Milliseconds(20, 300),
            StopLimit = TimeSpan.FromSeconds(2),
            StartLimit = TimeSpan.FromMilliseconds(100),
            PassivateAfter = Store is null || Random.Next(2) == 0 ? TimeSpan.FromMinutes(10) : Milliseconds(1, 100),
            Restart = new Backoff(TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(100)),
            RestartLimit = int.MaxValue,
        };
        ReadAtOnce = Random.Next(2) == 0 ? 10_000 : Random.Next(0, 6);
        Calls = new MapAsyncOptions
        {
            MaxInFlight = Random.Next(1, 6),
            Timeout = Milliseconds(2, 20),
            Retry = Retry.On<SimulatedTrouble>(Random.Next(1, 4), Milliseconds(1, 20)),
        };
        Chances = Random.Next(4) == 0 ? Chances.None : DrawChances();
        mayHaveDefects = Chances.SinkDefect > 0;
        Routes.ToList().ForEach(route => Enumerable.Range(0, Random.Next(1, 4)).ToList()
            .ForEach(_ => Broker.AddPartition(route.Topic)));
        EvenOut();
    }

    public Random Random { get; }

    public VirtualTime Time { get; }

    public SimulatedThreads Threads { get; }

    public SimulatedBroker Broker { get; }

    public IReadOnlyList<RouteShape> Routes { get; }

    /// <summary>Whether two topics feed the same shards.</summary>
    public bool HasCoPartitions => Routes.Any(static route => route.ShardGroup != route.Topic);

    /// <summary>Where shards keep their state; null = it goes with them.</summary>
    public SimulatedStore? Store { get; }

    /// <summary>
    /// Entities that a timer let go, each with the last record of each topic that it had: what begins anew behind
    /// these has lost nothing.
    /// </summary>
    public HashSet<(PartitionId Partition, string Key, long Last)> Forgotten { get; } = [];

    public StartAt StartAt { get; }

    public PipelineLimits Limits { get; }

    public PipelineTiming Timing { get; }

    /// <summary>How many entities a shard reads before it handles records.</summary>
    public int ReadAtOnce { get; }

    public MapAsyncOptions Calls { get; }

    public Chances Chances
    {
        get;
        set
        {
            field = value;
            hadFaults |= value != Chances.None;
        }
    }

    public List<SimulatedProcess> Alive { get; } = [];

    /// <summary>
    /// The first broken promise that was seen inside an engine's call, where an exception would be handled.
    /// </summary>
    public Exception? Violation { get; private set; }

    /// <summary>
    /// What the group has not committed to its end, and who owns it; and who has parked what a snapshot carries.
    /// </summary>
    public IReadOnlyList<string> Unfinished =>
        [.. Alive.Where(static process => process.Metrics.Routes.Any(static route => route.Counters.ParkedRecords > 0))
            .Select(static process => $"parked by {process.Consumer}"),
        .. Broker.Partitions.Where(log => Broker.Committed.GetValueOrDefault(log.Id, -1) < log.End).Select(log =>
            $"{log.Id} of {Alive.Find(process => process.Consumer.Owned.ContainsKey(log.Id))?.Consumer}")];

    public SimulatedProcess StartProcess()
    {
        var process = new SimulatedProcess(this, everyone.Count + 1);
        everyone.Add(process);
        Alive.Add(process);
        return process;
    }

    /// <summary>The partitions whose records the same shard handles, this one included.</summary>
    public IEnumerable<PartitionId> CoPartitions(PartitionId partition) => Routes
        .Where(route => route.ShardGroup == RouteOf(partition).ShardGroup)
        .Select(route => partition with { Topic = route.Topic });

    /// <summary>Gives all topics of a group as many partitions as the largest has.</summary>
    public void EvenOut()
    {
        foreach (var group in Routes.GroupBy(static route => route.ShardGroup))
        {
            var most = group.Max(route => Broker.Topics[route.Topic].Count);
            foreach (var route in group)
            {
                while (Broker.Topics[route.Topic].Count < most)
                {
                    Broker.AddPartition(route.Topic);
                }
            }
        }
    }

    /// <summary>Whether the store keeps the state of the partition's shard, which has some.</summary>
    public bool HasStoredState(PartitionId partition) => Store is not null
        && Routes.Any(route => route.ShardGroup == RouteOf(partition).ShardGroup
            && (route.Dedup || route.Kind is RouteKind.Sample or RouteKind.Entity or RouteKind.Calls));

    /// <summary>The model of a partition that a member gets.</summary>
    public IExpectations Expect(PartitionId partition, long start) => !HasStoredState(partition)
        ? new Expectations(RouteOf(partition), partition, start)
        : new StoredExpectations(this, RouteOf(partition), partition, start);

    /// <summary>
    /// The entity of a record had the record before it last, of those that it is to have; or it had none, and none was
    /// to be had, or a timer has let it go since.
    /// </summary>
    public void CheckApplied(SimulatedRecord record, long? last) => Check(() =>
    {
        var partition = new PartitionId(record.Topic, record.Partition);
        var (log, route) = (Broker.Log(partition), RouteOf(partition));
        var start = Math.Max(Broker.FirstStart[partition], log.First);
        var before = log.Records.FindLast(other => other.Key == record.Key && other.Offset < record.Offset
            && other.Wish is Wish.Emit or Wish.Ignore
            && !(route.Dedup && other.Id > 0
                && log.Records.Exists(first =>
                    first.Id == other.Id && first.Offset < other.Offset && first.Offset >= start)));
        var isPromised = before is not null && before.Offset >= start && (log.First == 0 || !route.Dedup);
        if (last == before?.Offset || !isPromised
            || (last is null && Forgotten.Contains((partition, record.Key, before!.Offset))))
        {
            return;
        }

        throw new ShouldAssertException(
            $"{record} comes to its entity, whose last record is {last}, and not {before?.Offset}");
    });

    public RouteShape RouteOf(PartitionId partition) => Routes.Single(route => route.Topic == partition.Topic);

    public string NumberOf(SimulatedConsumer consumer) =>
        everyone.Find(process => process.Consumer == consumer)?.Number.ToString(CultureInfo.InvariantCulture) ?? "?";

    /// <summary>
    /// Some time passes, up to a limit; or nearly none, when a stop fires first and the sink minds it.
    /// </summary>
    public Task Delay(int maxMilliseconds, CancellationToken stop = default) =>
        Overrun(TimeSpan.FromMilliseconds(Random.Next(maxMilliseconds + 1)), stop);

    /// <summary>As much time passes; or less, when a stop fires first and chance minds it.</summary>
    public async Task Overrun(TimeSpan time, CancellationToken stop)
    {
        var passed = new TaskCompletionSource();
        Time.After(time, () => passed.TrySetResult());
        var minds = Random.Next(2) == 0;
        await using var heard = stop.Register(() => _ = minds && passed.TrySetResult());
        await passed.Task;
    }

    public T Check<T>(Func<T> check)
    {
        try
        {
            return check();
        }
        catch (ShouldAssertException broken)
        {
            Violation ??= broken;
            throw;
        }
    }

    public void Check(Action check) => Check(() =>
    {
        check();
        return true;
    });

    public void Arrive(string sink, Delivery output) =>
        arrived.Add((sink, output.Kind, output.Partition, output.Cause.Offset));

    public void CheckReadAhead(PartitionId partition, IExpectations expected) =>
        expected.ReadAhead.ShouldBeLessThanOrEqualTo(
        Limits.UncommittedRecords + Limits.MailboxRecords + Limits.BatchRecords,
        $"{partition}: more is read, and not done, than the limits allow");

    public void Report(EngineEvent happened)
    {
        Trace($"event {happened}");
        // Retries that are due after the limit are let go before it, and said so.
        if (happened is EngineEvent.Revoked revoked && revoked.Drain < Timing.DrainLimit && !mayHaveDefects
            && Store is not { HasRefused: true }
            && !revoked.WaitedFor.Contains(" of map-", StringComparison.Ordinal))
        {
            Check(() => revoked.Undone.ShouldBe(0, "a drain that ended in time has finished what was started"));
        }

        if (happened is EngineEvent.Revoked stopped && !hadFaults)
        {
            Check(() => stopped.Drain.ShouldBeLessThan(
                Timing.StopLimit, "where nothing fails, a drain never stands still"));
        }
    }

    public void Trace(FormattableString what) =>
        trace?.Add(string.Create(CultureInfo.InvariantCulture, $"{Time.Elapsed.TotalMilliseconds,7:0} ")
            + what.ToString(CultureInfo.InvariantCulture));

    /// <summary>
    /// After the last drain: nothing is lost, everything is committed, every record was counted once, and no call goes
    /// on or left its scope open.
    /// </summary>
    public void CheckEnd()
    {
        foreach (var log in Broker.Partitions)
        {
            Broker.Committed.GetValueOrDefault(log.Id).ShouldBe(log.End, $"{log.Id}: not all was committed");
            var promised = Math.Max(Broker.FirstStart[log.Id], log.First);
            foreach (var record in log.Records.Where(record => record.Offset >= promised))
            {
                HasEffect(log, record).ShouldBeTrue($"{record} has left no trace");
            }
        }

        foreach (var process in everyone)
        {
            if (!process.WasKilled)
            {
                process.Calls.OpenScopes.ShouldBe(0, "a scope ends with its call, and a shard's with the shard");
            }

            foreach (var route in process.Metrics.Routes)
            {
                var counts = route.Counters;
                var ended = counts.Emitted + counts.Merged + counts.Filtered + counts.WithoutOutput
                    + counts.Duplicates + counts.Rejected + counts.Failed + counts.Undone;
                // One that was killed has taken what was under way with it.
                ended.ShouldBeInRange(
                    process.WasKilled ? 0 : counts.Received, counts.Received, $"the counters of {route.Name}");
                if (!process.WasKilled)
                {
                    (counts.ParkedRecords, counts.CallsInFlight).ShouldBe((0, 0), $"the gauges of {route.Name}");
                }
            }
        }
    }

    private bool HasEffect(PartitionLog log, SimulatedRecord record)
    {
        var route = RouteOf(log.Id);
        bool Has(string kind, Func<SimulatedRecord, bool> which) => route.Sinks.All(sink => log.Records.Exists(
            other => which(other) && arrived.Contains((sink, kind, log.Id, other.Offset))));
        bool IsSame(SimulatedRecord other) => other == record
            || (route.Dedup && record.Id > 0 && other.Id == record.Id);
        bool Replaces(SimulatedRecord other) => other.Key == record.Key && other.Offset > record.Offset;
        var isDeadLettered = !route.DeadLetters
            || arrived.Contains((RouteDefinition.DeadLetterLane, "dlq", log.Id, record.Offset));
        return record.Wish switch
        {
            Wish.Reject => isDeadLettered,
            Wish.Throw => isDeadLettered || route.Dedup || route.Kind is RouteKind.Latest or RouteKind.Sample,
            Wish.Ignore when route.Kind is RouteKind.Entity or RouteKind.Calls => true,
            _ when route.Kind == RouteKind.Sample => true,
            _ when route.Kind == RouteKind.Latest => Has("out", other => IsSame(other) || Replaces(other))
                || log.Records.Exists(other => Replaces(other) && other.Wish == Wish.Throw)
                || route.Dedup,
            _ => Has("out", IsSame),
        };
    }

    private RouteShape[] DrawRoutes()
    {
        RouteShape[] routes =
            [.. Enumerable.Range(0, Random.Next(1, 4)).Select(number => DrawRoute($"topic-{number}"))];
        if (routes.Length == 1 || Random.Next(2) == 0)
        {
            return routes;
        }

        for (var index = 0; index < 2; index++)
        {
            routes[index] = routes[index] with { ShardGroup = "pair" };
        }

        if (Random.Next(2) == 0)
        {
            routes[0] = routes[0] with { Kind = RouteKind.Entity, EntityName = "shared" };
            routes[1] = routes[1] with { Kind = RouteKind.Entity, EntityName = "shared", Sinks = routes[0].Sinks };
        }

        return routes;
    }

    private RouteShape DrawRoute(string topic) => new(
        topic,
        (RouteKind)Random.Next(5),
        Dedup: Random.Next(2) == 0,
        DeadLetters: Random.Next(2) == 0,
        Random.Next(3) switch { 0 => ["redis"], 1 => ["kafka"], _ => ["redis", "kafka"] },
        SampleRate: Random.Next(1, 5));

    private Chances DrawChances() => new()
    {
        CommitFails = Rarely(0.2),
        CommitIsLate = Rarely(0.1),
        BrokerSilent = Rarely(0.1),
        SinkFails = Rarely(0.4),
        SinkDefect = Rarely(0.05),
        SinkRefuses = Rarely(0.05),
        OutOfStep = Rarely(0.1),
        CallFails = Rarely(0.4),
        StoreFails = Rarely(0.3),
    };

    private double Rarely(double chance) => Random.Next(2) == 0 ? chance : 0;

    private TimeSpan Milliseconds(int min, int max) => TimeSpan.FromMilliseconds(Random.Next(min, max));
}
