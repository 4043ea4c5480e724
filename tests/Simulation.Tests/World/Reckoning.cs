using StreamActors.Entities;
using StreamActors.Pipelines;
using StreamActors.Records;
using StreamActors.Snapshots;

namespace StreamActors.Simulation.Tests.World;

/// <summary>What must be so at the end, when everything has had its time and all members have left.</summary>
internal sealed class Reckoning(SimulatedWorld world)
{
    private readonly Promises promises = world.Promises;
    private readonly HashSet<(string Entity, int Number, string Key)> forgotten = [];

    /// <summary>After a time in which every timer was due, none is set. The shards are still there.</summary>
    public void CheckTimers()
    {
        foreach (var handler in world.Alive.SelectMany(static process => process.Calls.Handlers))
        {
            promises.Require(
                Promise.Timers,
                !handler.Model.Waiting.Any(),
                $"timers were due, and have not fired: {string.Join("; ", handler.Model.Waiting)}");
            forgotten.UnionWith(handler.Model.Forgotten.Select(key => (handler.Shard.Name, handler.Shard.Number, key)));
        }
    }

    /// <summary>After the last drain.</summary>
    public void CheckAll()
    {
        foreach (var log in world.Broker.Partitions)
        {
            var committed = world.Broker.Committed.GetValueOrDefault(log.Id);
            promises.Require(
                Promise.Commits, committed == log.End, $"{log.Id} is committed up to {committed} of {log.End}");
            var promised = Math.Max(world.Broker.FirstStart[log.Id], log.First);
            foreach (var record in log.Records.Where(record => record.Offset >= promised))
            {
                promises.Require(Promise.NoLoss, HasEffect(log, record), $"{record} has left no trace");
            }
        }

        promises.Require(
            Promise.NoDuplicate,
            world.MayRepeat || world.Arrivals.Repeated is null,
            $"{world.Arrivals.Repeated} came twice, and nothing but clean hand-overs has happened");
        foreach (var process in world.Everyone)
        {
            CheckCounts(process);
        }

        if (world.Store is { } store)
        {
            CheckStored(store);
        }
    }

    private bool HasEffect(PartitionLog log, SimulatedRecord record)
    {
        var route = world.RouteOf(log.Id);
        bool Has(string kind, Func<SimulatedRecord, bool> which) => route.Sinks.All(sink => log.Records.Exists(
            other => which(other) && world.Arrivals.Has(sink, kind, log.Id, other.Offset)));
        bool Replaces(SimulatedRecord other) => other.Key == record.Key && other.Offset > record.Offset;
        if (route.Dedup && record.Id > 0 && (log.First > 0 || IsRepeated(log, record)))
        {
            // What it repeats has had its effect, or the log was cut, and nobody knows which of them was read.
            return true;
        }

        bool IsLetter(string kind) =>
            world.Arrivals.Has(RouteDefinition.DeadLetterLane, kind, log.Id, record.Offset);
        var isDeadLettered = !route.DeadLetters || IsLetter(Deliveries.DeadLetter) || IsLetter(Deliveries.GivenUp);
        return record.Wish switch
        {
            Wish.Reject => isDeadLettered,
            Wish.Throw => isDeadLettered || route.Dedup || route.Kind is RouteKind.Latest or RouteKind.Sample,
            Wish.Ignore when route.Kind is RouteKind.Entity or RouteKind.Calls => true,
            _ when route.Kind == RouteKind.Sample && !IsSampled(log, record) => true,
            _ when route.Kind == RouteKind.Latest => Has("out", other => other == record || Replaces(other))
                || log.Records.Exists(other => Replaces(other) && other.Wish == Wish.Throw),
            _ => Has("out", other => other == record) || IsLetter(Deliveries.GivenUp)
                || (!route.DeadLetters && world.WithoutRoom.Contains(new PartitionOffset(log.Id, record.Offset))),
        };
    }

    /// <summary>
    /// Whether it is certainly the last of as many records of its key as one is emitted of: the counts are state where
    /// there is a store, and nothing else decides which records are counted.
    /// </summary>
    private bool IsSampled(PartitionLog log, SimulatedRecord record)
    {
        var (route, setting) = (world.RouteOf(log.Id), world.Setting);
        var isCounted = setting.HasStore && setting.StartAt == StartAt.Earliest && log.First == 0 && !route.Dedup
            && setting.Timing.PassivateAfter > TimeSpan.FromMinutes(1);
        return route.SampleRate == 1 || (isCounted && log.Records.Count(other => other.Key == record.Key
            && other.Offset <= record.Offset && other.Wish != Wish.Reject) % route.SampleRate == 0);
    }

    private bool IsRepeated(PartitionLog log, SimulatedRecord record) => log.Records.Exists(first =>
        first.Id == record.Id && first.Offset < record.Offset && first.Offset >= world.Broker.LowestStart[log.Id]);

    /// <summary>Every record was counted once, and no call goes on or left its scope open.</summary>
    private void CheckCounts(SimulatedProcess process)
    {
        promises.Require(
            Promise.Contract,
            process.WasKilled || process.Calls.OpenScopes == 0,
            $"{process.Calls.OpenScopes} scopes of process {process.Number} were not disposed of");
        foreach (var route in process.Metrics.Routes)
        {
            var counts = route.Counters;
            var ended = counts.Emitted + counts.Merged + counts.Filtered + counts.WithoutOutput
                + counts.Duplicates + counts.Rejected + counts.Failed + counts.Undone;

            // One that was killed has taken what was under way with it.
            promises.Require(
                Promise.Counts,
                ended <= counts.Received && (process.WasKilled || ended == counts.Received),
                $"{route.Name} in process {process.Number} has received {counts.Received} and ended {ended}");
            var left = (counts.ParkedRecords, counts.CallsInFlight, counts.ActiveEntities, counts.SetTimers);
            promises.Require(
                Promise.Counts,
                process.WasKilled || left == (0, 0, 0, 0),
                $"the gauges of {route.Name} in process {process.Number} are left at {left}");
        }
    }

    /// <summary>The stored states are what the records and the timers have made of them.</summary>
    private void CheckStored(SimulatedStore store)
    {
        var codec = StateType.DefaultCodec<SimulatedEntity.State>();
        foreach (var (shard, part, stored) in store.ReadAll())
        {
            var routes = world.Setting.Routes
                .Where(route => route.EntityName == part && route.Kind == RouteKind.Entity);
            var states = new Dictionary<string, SimulatedEntity.State>();
            foreach (var (key, bytes) in routes.Any() ? stored.Entries : [])
            {
                var input = SnapshotReader.Open(bytes.Span, shard.Name, part);
                input.ReadNumber();    // when it was used last
                codec.TryRead(input.ReadBytes(), out var state, out _);
                var name = System.Text.Encoding.UTF8.GetString(key.Span);
                states[name] = state;
                CheckFired($"{shard.Name}: {name}", state, timers: input.ReadNumber(), routes.First());
                promises.Require(
                    Promise.State,
                    !forgotten.Contains((part, shard.Number, name)),
                    $"{shard.Name}: the entity {name} has let itself go, and is stored");
            }

            foreach (var log in routes.Select(route => world.Broker.Log(new PartitionId(route.Topic, shard.Number))))
            {
                CheckFolds(log, states);
            }
        }
    }

    private void CheckFired(string entity, SimulatedEntity.State state, long timers, RouteShape route)
    {
        promises.Require(
            Promise.Timers,
            state.Timers.Count == 0 && timers == 0,
            $"{entity} is stored with {timers} timers, and knows of {string.Join(", ", state.Timers)}");
        foreach (var output in state.Fired)
        {
            var (at, what) = (new PartitionId(output.Topic, output.Partition), $"{output.Key} {output.Mark}");
            promises.Require(
                Promise.NoLoss,
                route.Sinks.All(sink => world.Arrivals.Has(sink, what, at, output.Offset)),
                $"{entity}: the timer {output.Mark} has fired, and its output has not arrived");
        }
    }

    private void CheckFolds(PartitionLog log, Dictionary<string, SimulatedEntity.State> states)
    {
        foreach (var key in log.Records.Select(static record => record.Key).Distinct())
        {
            var last = states.TryGetValue(key, out var state) && state.Lasts.TryGetValue(log.Id.Topic, out var offset)
                ? offset
                : default(long?);
            world.CheckLast(log.Id, key, log.End, last);
        }
    }
}
