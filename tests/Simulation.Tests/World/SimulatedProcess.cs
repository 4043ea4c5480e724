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

    public SimulatedProcess(SimulatedWorld world, int number)
    {
        this.world = world;
        Number = number;
        scheduler = new SimulatedScheduler(world.Threads, world.Time);
        Calls = new SimulatedCalls(world, this);
        services = new EngineServices(world.Time, new Random(world.Random.Next()), scheduler, world)
        {
            Scopes = Calls,
            Store = world.Store,
            StatePages = new CallSlots(world.Random.Next(1, 3)),
            ReadAtOnce = world.ReadAtOnce,
        };
        definition = Define();
        source = new SimulatedSource(world);
        sinks = [.. world.Routes.SelectMany(static route => route.Sinks)
            .Append(RouteDefinition.DeadLetterLane).Distinct().Select(name => new SimulatedSink(world, name))];
        Metrics = new PipelineMetrics(
            world.Routes.Select(static route => route.Topic), sinks.Select(static sink => sink.Name));
        var open = sinks.Zip(Metrics.Sinks, (sink, metrics) => new OpenSink(
            sink.Name, sink, new SinkGate("simulated", sink.Name, world, new Random(1)), metrics.Counters));
        host = new ShardHost(definition, [.. open], Metrics, services);
        Join();
    }

    public int Number { get; }

    public PipelineMetrics Metrics { get; }

    public SimulatedCalls Calls { get; }

    public GroupMember Member { get; private set; } = null!;

    public SimulatedConsumer Consumer { get; private set; } = null!;

    /// <summary>Until when its poll thread does not get on (a garbage collection, a stopped machine).</summary>
    public TimeSpan FrozenUntil { get; set; }

    /// <summary>Whether it ended without a word.</summary>
    public bool WasKilled => scheduler.IsDead;

    public void Step()
    {
        Member.Step(wait: false);
        Member.Fatal.ShouldBeNull();
        if (Member.Failure is not null)
        {
            Member.Abandon();
            Join();
            world.Broker.Rebalance(stay: 0.9);
        }
    }

    public void Stop()
    {
        Member.Stop();
        Member.Dispose();
    }

    public void Kill()
    {
        scheduler.IsDead = true;
        Consumer.Dispose();
    }

    /// <summary>See <see cref="SimulatedWorld.CheckApplied"/>.</summary>
    public void CheckApplied(SimulatedRecord record, long? last)
    {
        if (world.Store is not null)
        {
            world.CheckApplied(record, last);
        }
    }

    /// <summary>A timer lets an entity go.</summary>
    public void Forgot(SimulatedEntity.State state)
    {
        foreach (var (topic, last) in state.Lasts)
        {
            world.Forgotten.Add((new PartitionId(topic, state.Last!.Partition), state.Last.Key, last));
        }
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
            StartAt = world.StartAt,
            Limits = world.Limits,
            Timing = world.Timing,
        };
        foreach (var shape in world.Routes)
        {
            Add(builder, shape);
        }

        var defined = builder.Build();
        foreach (var route in defined.Routes)
        {
            var shape = world.Routes.Single(shape => shape.Topic == route.Topic);
            route.ShardGroup = shape.EntityName == shape.Topic ? shape.ShardGroup : route.ShardGroup;
        }

        return defined;
    }

    private void Add(PipelineBuilder builder, RouteShape shape)
    {
        var codec = new SimulatedCodec();
        var route = builder.From(shape.Topic, codec);
        if (shape.Dedup)
        {
            route.DedupById(static record => record.Id == 0 ? null : (UInt128)record.Id, TimeSpan.FromHours(1));
        }

        if (shape.DeadLetters)
        {
            route.DeadLetters("dlq");
        }

        Target<SimulatedRecord>[] targets = [.. shape.Sinks.Select(sink => new Target<SimulatedRecord>(
            sink, static record => record.Key == "timer" ? "timers" : record.IsMore ? "more" : "out",
            new SimulatedCodec(throws: sink == shape.Sinks[^1])))];
        switch (shape.Kind)
        {
            case RouteKind.Emit: route.To(targets); break;
            case RouteKind.Latest: route.Every(TimeSpan.FromMilliseconds(20)).Latest().To(targets); break;
            case RouteKind.Sample:
                route.Every(TimeSpan.FromMilliseconds(20)).Sample(shape.SampleRate).To(targets);
                break;
            case RouteKind.Calls:
                var options = world.Calls with { Name = $"map-{shape.Topic}" };
                route.MapAsync<SimulatedCalls.SimulatedMap, SimulatedRecord>(options).To(targets);
                break;
            default:
                var outputs = route.Entity<SimulatedEntity, SimulatedEntity.State, SimulatedRecord>(
                    _ => new SimulatedEntity(this),
                    new EntityOptions<SimulatedEntity.State> { Name = shape.EntityName });
                if (shape.EntityName == shape.Topic || shape == world.Routes[0])
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
    public void CheckHandler(SimulatedEntity handler, PartitionId partition) => world.Check(() =>
    {
        foreach (var coPartition in world.CoPartitions(partition))
        {
            Consumer.Owned.ShouldContainKey(coPartition, $"{partition} is handled without its co-partition");
        }

        var entities = (world.RouteOf(partition).EntityName, partition.Number);
        if (handlers.GetValueOrDefault(entities) != handler)
        {
            handlers.ContainsValue(handler).ShouldBeFalse("a shard has the partitions with one number");
            usedHandlers.Add(handler).ShouldBeTrue($"the handler of {partition} had given way to another");
            handlers[entities] = handler;
        }
    });
}
