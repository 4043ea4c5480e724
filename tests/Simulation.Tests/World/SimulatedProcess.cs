using StreamActors.Metrics;
using StreamActors.Pipelines;
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

    public SimulatedProcess(SimulatedWorld world, int number)
    {
        this.world = world;
        Number = number;
        scheduler = new SimulatedScheduler(world.Threads, world.Time);
        services = new EngineServices(world.Time, new Random(world.Random.Next()), scheduler, world);
        definition = Define(world);
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

    private void Join()
    {
        Member = new GroupMember(definition, host, Metrics, source, services);
        Consumer = source.Last!;
        sinks.ForEach(sink => sink.Member = Consumer);
    }

    private static PipelineDefinition Define(SimulatedWorld world)
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

        return builder.Build();
    }

    private static void Add(PipelineBuilder builder, RouteShape shape)
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
            sink, static record => record.Key switch { "timer" => "timers", "more" => "more", _ => "out" },
            new SimulatedCodec(throws: sink == shape.Sinks[^1])))];
        switch (shape.Kind)
        {
            case RouteKind.Emit: route.To(targets); break;
            case RouteKind.Latest: route.Every(TimeSpan.FromMilliseconds(20)).Latest().To(targets); break;
            case RouteKind.Sample:
                route.Every(TimeSpan.FromMilliseconds(20)).Sample(shape.SampleRate).To(targets);
                break;
            default:
                route.Entity<SimulatedEntity, SimulatedEntity.State, SimulatedRecord>(
                    new EntityOptions<SimulatedEntity.State> { Name = shape.Topic }).To(targets);
                break;
        }
    }
}
