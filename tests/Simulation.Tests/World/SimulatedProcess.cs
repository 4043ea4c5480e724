using StreamActors.Calls;
using StreamActors.Metrics;
using StreamActors.Pipelines;
using StreamActors.Records;
using StreamActors.Shards;
using StreamActors.Sinks;

namespace StreamActors.Simulation.Tests.World;

/// <summary>One simulated process: a member of the group with its shards, its threads and its sinks.</summary>
internal sealed class SimulatedProcess
{
    private readonly SimulatedWorld world;
    private readonly SimulatedScheduler scheduler;
    private readonly PipelineDefinition definition;
    private readonly EngineServices services;
    private readonly ShardHost host;
    private readonly SimulatedSource source;
    private readonly List<SimulatedSink> sinks;
    private readonly Dictionary<(string Name, int Number), SimulatedEntity> handlers = [];
    private readonly HashSet<SimulatedEntity> usedHandlers = [];

    /// <summary>Makes a process that joins at once.</summary>
    /// <param name="world">Where it lives.</param>
    /// <param name="number">Its number.</param>
    /// <param name="isStranger">
    /// Whether its program is another: it takes the topics for larger, and so would look for keys in other shards.
    /// </param>
    public SimulatedProcess(SimulatedWorld world, int number, bool isStranger)
    {
        this.world = world;
        (Number, IsStranger) = (number, isStranger);
        scheduler = new SimulatedScheduler(world.Threads, world.Time);
        Calls = new SimulatedCalls(world, this);
        services = new EngineServices(world.Time, new Random(world.Chance.NextSeed()), scheduler, world)
        {
            Scopes = Calls,
            Observer = Shards,
            Store = isStranger ? new StoreOfOthers(world) : world.Store,
            StatePages = new CallSlots(world.Chance.Next(1, 3)),
            ReadAtOnce = world.Setting.ReadAtOnce,
        };
        definition = Define();
        source = new SimulatedSource(world);
        sinks = [.. world.Setting.Routes.SelectMany(static route => route.Sinks)
            .Append(RouteDefinition.DeadLetterLane).Distinct().Select(name => new SimulatedSink(world, name))];
        Metrics = new PipelineMetrics(
            world.Setting.Routes.Select(static route => route.Topic), sinks.Select(static sink => sink.Name));
        var open = sinks.Zip(Metrics.Sinks, (sink, metrics) => new OpenSink(
            sink.Name, sink, new SinkGate("simulated", sink.Name, world, new Random(1)), metrics.Counters));
        host = new ShardHost(definition, [.. open], Metrics, services);
        host.Prepare(world.Broker.Topics.ToDictionary(
            static topic => topic.Key, topic => topic.Value.Count + (isStranger ? 1 : 0)));
        Join();
    }

    public int Number { get; }

    /// <summary>Whether its program is not that of the state in the store.</summary>
    public bool IsStranger { get; }

    public PipelineMetrics Metrics { get; }

    public SimulatedCalls Calls { get; }

    public OpenShards Shards { get; } = new();

    public GroupMember Member { get; private set; } = null!;

    public SimulatedConsumer Consumer { get; private set; } = null!;

    public bool IsFrozen => scheduler.IsFrozen;

    /// <summary>Whether it ended without a word.</summary>
    public bool WasKilled => scheduler.IsDead;

    public void Step()
    {
        Member.Step(wait: false);
        if (IsStranger && Member.Fatal is not null)
        {
            world.Trace($"process {Number} ends: {Member.Fatal}");
            world.Alive.Remove(this);
            End(isKilled: false);
            world.Broker.Rebalance(stay: 0.9);
            return;
        }

        world.Promises.Require(Promise.Progress, Member.Fatal is null, $"process {Number} ends: {Member.Fatal}");
        if (Member.Failure is not null)
        {
            Member.Abandon();
            Join();
            world.Broker.Rebalance(stay: 0.9);
        }
    }

    /// <summary>No thread of it gets on until then (SIGSTOP, a stopped machine).</summary>
    public void Freeze(TimeSpan until) => scheduler.FrozenUntil = until;

    /// <summary>It leaves the group, or ends without a word.</summary>
    public void End(bool isKilled)
    {
        scheduler.FrozenUntil = TimeSpan.Zero;
        scheduler.IsDead = isKilled;
        if (isKilled)
        {
            Consumer.Dispose();
            return;
        }

        Member.Stop();
        Member.Dispose();
    }

    private void Join()
    {
        Member = new GroupMember(definition, host, Metrics, source, services);
        Consumer = source.Last!;
        sinks.ForEach(sink => sink.Member = Consumer);
    }

    private PipelineDefinition Define()
    {
        var builder = new PipelineBuilder("simulated")
        {
            StartAt = world.Setting.StartAt,
            Limits = world.Setting.Limits,
            Timing = world.Setting.Timing,
        };
        foreach (var shape in world.Setting.Routes)
        {
            Add(builder, shape);
        }

        var defined = builder.Build();
        foreach (var route in defined.Routes)
        {
            var shape = world.Setting.Routes.Single(shape => shape.Topic == route.Topic);
            route.ShardGroup = shape.Kind == RouteKind.Entity ? route.ShardGroup : shape.ShardGroup;
        }

        return defined;
    }

    private void Add(PipelineBuilder builder, RouteShape shape)
    {
        var codec = new SimulatedCodec();
        var route = builder.From(shape.Topic, codec);
        if (shape.HasEventTime)
        {
            route.EventTime(static record => DateTimeOffset.FromUnixTimeMilliseconds(record.Time));
        }

        if (shape.Dedup)
        {
            route.DedupById(static record => record.Id == 0 ? null : (UInt128)record.Id, TimeSpan.FromHours(1));
        }

        if (shape.DeadLetters)
        {
            route.DeadLetters("dlq");
        }

        Target<SimulatedRecord>[] targets = [.. shape.Sinks.Select(sink => new Target<SimulatedRecord>(
            sink,
            static record => record.Destination,
            new SimulatedCodec(throws: sink == shape.Sinks[^1])))];
        switch (shape.Kind)
        {
            case RouteKind.Emit: route.To(targets); break;
            case RouteKind.Latest: route.Every(world.Setting.Window).Latest().To(targets); break;
            case RouteKind.Sample:
                route.Every(world.Setting.Window).Sample(shape.SampleRate).To(targets);
                break;
            case RouteKind.Calls:
                var options = world.Setting.Calls with { Name = $"map-{shape.Topic}" };
                route.MapAsync<SimulatedCalls.SimulatedMap, SimulatedRecord>(options).To(targets);
                break;
            default:
                var outputs = route.Entity<SimulatedEntity, SimulatedEntity.State, SimulatedRecord>(
                    scope => new SimulatedEntity(this, world, scope),
                    new EntityOptions<SimulatedEntity.State> { Name = shape.EntityName });
                if (shape.EntityName == shape.Topic || shape == world.Setting.Routes[0])
                {
                    outputs.To(targets);
                }

                break;
        }
    }

    /// <summary>
    /// A handler has a record: always of the same partition number, whose partitions this process owns, whichever topic
    /// it is of; and never again once another handler had one.
    /// </summary>
    public void CheckHandler(SimulatedEntity handler, PartitionId partition)
    {
        foreach (var coPartition in world.CoPartitions(partition))
        {
            world.Promises.Require(
                Promise.Ownership,
                Consumer.Owned.ContainsKey(coPartition),
                $"{Consumer} handles {partition} and does not own {coPartition}");
        }

        var entities = (world.RouteOf(partition).EntityName, partition.Number);
        if (handlers.GetValueOrDefault(entities) != handler)
        {
            world.Promises.Require(
                Promise.Contract,
                !handlers.ContainsValue(handler),
                $"the handler of {partition} has another number too");
            world.Promises.Require(
                Promise.Contract, usedHandlers.Add(handler), $"the handler of {partition} had given way to another");
            handlers[entities] = handler;
        }
    }
}
