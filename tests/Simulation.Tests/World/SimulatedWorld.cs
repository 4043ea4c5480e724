using System.Globalization;
using StreamActors.Events;
using StreamActors.Records;
using StreamActors.Testing;

namespace StreamActors.Simulation.Tests.World;

/// <summary>Everything that a scenario consists of: a group of processes and their peers, in one thread.</summary>
internal sealed class SimulatedWorld : IEngineEvents
{
    private readonly List<string>? trace;
    private readonly List<SimulatedProcess> everyone = [];
    private bool hadFaults;

    public SimulatedWorld(Setting setting, Chance chance, List<string>? trace)
    {
        this.trace = trace;
        (Setting, Chance, Chances) = (setting, chance, setting.Chances);
        Threads = new SimulatedThreads(Time, chance);
        Broker = new SimulatedBroker(this);
        Store = setting.HasStore ? new SimulatedStore(this) : null;
        foreach (var (route, partitions) in setting.Routes.Zip(setting.Partitions))
        {
            for (var left = partitions; left > 0; left--)
            {
                Broker.AddPartition(route.Topic);
            }
        }

        EvenOut();
    }

    public Setting Setting { get; }

    public Chance Chance { get; }

    public Promises Promises { get; } = new();

    public VirtualTime Time { get; } = new();

    public SimulatedThreads Threads { get; }

    public SimulatedBroker Broker { get; }

    /// <summary>Where shards keep their state; null = it goes with them.</summary>
    public SimulatedStore? Store { get; }

    /// <summary>The records whose call set a timer when no other might be set.</summary>
    public HashSet<PartitionOffset> WithoutRoom { get; } = [];

    /// <summary>What the sinks have seen.</summary>
    public Arrivals Arrivals { get; } = new();

    /// <summary>
    /// Entities that let themselves go, each with the last record of each topic that it had: what begins anew behind
    /// these has lost nothing.
    /// </summary>
    public HashSet<(PartitionId Partition, string Key, long Last)> Forgotten { get; } = [];

    public Chances Chances
    {
        get;
        set
        {
            field = value;
            hadFaults |= value != Chances.None;
        }
    }

    /// <summary>Whether outputs may come again since: there was a crash, an outage, a drain cut off.</summary>
    public bool MayRepeat { get; set; }

    public List<SimulatedProcess> Alive { get; } = [];

    /// <summary>All processes that there ever were.</summary>
    public IReadOnlyList<SimulatedProcess> Everyone => everyone;

    /// <summary>The wall-clock time, in milliseconds since 1970 (UTC).</summary>
    public long UtcNow => Time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>
    /// What the group has not committed to its end, and who owns it; and who has parked what a snapshot carries, or has
    /// not read all of it.
    /// </summary>
    public IReadOnlyList<string> Unfinished =>
        [.. Alive.Where(static process => process.Metrics.Routes.Any(static route => route.Counters.ParkedRecords > 0))
            .Select(static process => $"parked by {process.Consumer}"),
        .. Alive.Where(static process => process.Shards.IsReading)
            .Select(static process => $"states that {process.Consumer} has not read"),
        .. Broker.Partitions.Where(log => Broker.Committed.GetValueOrDefault(log.Id, -1) < log.End).Select(log =>
            $"{log.Id} of {Alive.Find(process => process.Consumer.Owned.ContainsKey(log.Id))?.Consumer}")];

    /// <summary>Whether an entity waits for a time.</summary>
    public bool HasTimers => Alive.Exists(static process =>
        process.Metrics.Routes.Any(static route => route.Counters.SetTimers > 0));

    /// <summary>
    /// The topics that may get another partition: with a store, those by which no entity's state is spread.
    /// </summary>
    public IEnumerable<string> MayGrow => Broker.Topics.Keys.Where(topic => !Setting.HasStore
        || !CoPartitions(new PartitionId(topic, 0)).Any(each => RouteOf(each).Kind == RouteKind.Entity));

    public SimulatedProcess StartProcess(bool isStranger = false)
    {
        var process = new SimulatedProcess(this, everyone.Count + 1, isStranger);
        everyone.Add(process);
        Alive.Add(process);
        return process;
    }

    /// <summary>The partitions whose records the same shard handles, this one included.</summary>
    public IEnumerable<PartitionId> CoPartitions(PartitionId partition) => Setting.Routes
        .Where(route => route.ShardGroup == RouteOf(partition).ShardGroup)
        .Select(route => partition with { Topic = route.Topic });

    /// <summary>Gives all topics of a group as many partitions as the largest has.</summary>
    public void EvenOut()
    {
        foreach (var group in Setting.Routes.GroupBy(static route => route.ShardGroup))
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

    /// <summary>The model of a partition that a member gets.</summary>
    public IExpectations Expect(PartitionId partition, long start) => HasStoredState(partition)
        ? new StoredExpectations(this, RouteOf(partition), partition, start)
        : new Expectations(Promises, RouteOf(partition), partition, start);

    /// <summary>
    /// The entity of a key had the record before an offset last, of those that it is to have; or it had none, and none
    /// was to be had, or it has let itself go since.
    /// </summary>
    public void CheckLast(PartitionId partition, string key, long offset, long? last)
    {
        var (log, route) = (Broker.Log(partition), RouteOf(partition));
        var start = Math.Max(Broker.FirstStart[partition], log.First);
        var before = log.Records.FindLast(other => other.Key == key && other.Offset < offset
            && other.Wish is Wish.Emit or Wish.Ignore
            && !(route.Dedup && other.Id > 0
                && log.Records.Exists(first =>
                    first.Id == other.Id && first.Offset < other.Offset && first.Offset >= start)));
        var isPromised = before is not null && before.Offset >= start && (log.First == 0 || !route.Dedup);
        Promises.Require(
            Promise.State,
            last == before?.Offset || !isPromised
                || (last is null && Forgotten.Contains((partition, key, before!.Offset))),
            $"before {partition}@{offset} the entity {key} has had {last} last, and not {before?.Offset}");
    }

    /// <summary>
    /// No shard parks more, or has more timers set, than it may. The last record may stand above the bound in bytes.
    /// </summary>
    public void CheckBounds()
    {
        const int leastBytes = 30;
        var (parking, mostTimers) = (Setting.Limits.Parking, Setting.Limits.TimersPerShard);
        var mostParked = Math.Min(parking.Records, (parking.Bytes / leastBytes) + 1);
        foreach (var process in Alive)
        {
            foreach (var route in process.Metrics.Routes)
            {
                // A process counts all its shards together, also those that have ended, and count themselves out later.
                var counts = route.Counters;
                if (counts.ParkedRecords > mostParked || counts.SetTimers > mostTimers)
                {
                    process.Shards.Check(route.Name, mostParked, mostTimers, Promises);
                }
            }
        }
    }

    public RouteShape RouteOf(PartitionId partition) =>
        Setting.Routes.Single(route => route.Topic == partition.Topic);

    /// <summary>The time of a record as its log has it.</summary>
    public long TimestampOf(SimulatedRecord record) =>
        RouteOf(new PartitionId(record.Topic, record.Partition)).HasEventTime ? UtcNow : record.Time;

    public string NumberOf(SimulatedConsumer consumer) =>
        everyone.Find(process => process.Consumer == consumer)?.Number.ToString(CultureInfo.InvariantCulture) ?? "?";

    /// <summary>
    /// Some time passes, up to a limit; or nearly none, when a stop fires first and the sink minds it.
    /// </summary>
    public Task Delay(int maxMilliseconds, CancellationToken stop = default) =>
        Overrun(TimeSpan.FromMilliseconds(Chance.Next(maxMilliseconds + 1)), stop);

    /// <summary>As much time passes; or less, when a stop fires first and chance minds it.</summary>
    public async Task Overrun(TimeSpan time, CancellationToken stop)
    {
        var passed = new TaskCompletionSource();
        Time.After(time, () => passed.TrySetResult());
        var minds = Chance.Next(2) == 0;
        await using var heard = stop.Register(() => _ = minds && passed.TrySetResult());
        await passed.Task;
    }

    public void Report(EngineEvent happened)
    {
        Trace($"event {happened.ToString().Split('\n')[0]}");
        MayRepeat |= happened is EngineEvent.ShardRestarting;
        if (happened is not EngineEvent.Revoked revoked)
        {
            return;
        }

        MayRepeat |= revoked.Undone + revoked.Behind + revoked.Uncommitted > 0;

        // Retries that are due after the limit are let go before it, and said so.
        var mustBeDone = revoked.Drain < Setting.Timing.DrainLimit
            && Setting.Chances.SinkDefect == 0
            && Store is not { HasRefused: true }
            && !revoked.WaitedFor.Contains(" of map-", StringComparison.Ordinal);
        Promises.Require(
            Promise.NoDuplicate,
            !mustBeDone || revoked.Undone + revoked.Behind == 0,
            $"a drain ended after {revoked.Drain}: {revoked.Undone} records undone, {revoked.Behind} behind them");
        Promises.Require(
            Promise.Progress,
            hadFaults || Broker.HasFenced || revoked.Drain < Setting.Timing.StopLimit,
            $"nothing fails, and a drain stands still: {revoked.WaitedFor}");
    }

    public void Trace(FormattableString what) =>
        trace?.Add(string.Create(CultureInfo.InvariantCulture, $"{Time.Elapsed.TotalMilliseconds,7:0} ")
            + what.ToString(CultureInfo.InvariantCulture));

    /// <summary>Whether the store keeps the state of the partition's shard, which has some.</summary>
    private bool HasStoredState(PartitionId partition) => Store is not null
        && Setting.Routes.Any(route => route.ShardGroup == RouteOf(partition).ShardGroup
            && (route.Dedup || route.Kind is RouteKind.Sample or RouteKind.Entity or RouteKind.Calls));
}
