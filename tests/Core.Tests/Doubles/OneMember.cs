using StreamActors.Events;
using StreamActors.Limits;
using StreamActors.Metrics;
using StreamActors.Pipelines;
using StreamActors.Records;
using StreamActors.Shards;
using StreamActors.Sinks;
using StreamActors.Sources;

namespace StreamActors.Core.Tests.Doubles;

/// <summary>
/// A member of a group whose client, sink and time are the test's. Its routes pass numbers to one sink; those with the
/// same entity share shards.
/// </summary>
internal sealed class OneMember
{
    private readonly Dictionary<string, Exception> throwing = [];

    public OneMember(params (string Topic, string Entity)[] routes)
        : this(new PipelineLimits(), routes)
    {
    }

    public OneMember(PipelineLimits limits, params (string Topic, string Entity)[] routes)
    {
        var timing = new PipelineTiming
        {
            RestartLimit = 3,
            RestartWindow = TimeSpan.FromHours(1),
            Restart = new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30)),
        };
        var builder = new PipelineBuilder("p") { Timing = timing, Limits = limits };
        foreach (var route in routes)
        {
            var options = new EntityOptions<Nothing> { Name = route.Entity };
            var outputs = builder.From(route.Topic, new Numbers())
                .Entity<Passing, Nothing, int>(_ => MakeHandler(route.Entity), options);
            if (route == routes.First(each => each.Entity == route.Entity))
            {
                outputs.To(new Target<int>("sink", static _ => "out", new Numbers()));
            }
        }

        var services = new EngineServices(Time, new Random(1), Time, Events);
        Metrics = new PipelineMetrics(routes.Select(static route => route.Topic), ["sink"]);
        var gate = new SinkGate("p", "sink", Events, new Random(1));
        var definition = builder.Build();
        var host = new ShardHost(
            definition, [new OpenSink("sink", Sink, gate, Metrics.Sinks[0].Counters)], Metrics, services);
        Source = new ManualSource(Client);
        Rate = host.Rate;
        Member = new GroupMember(definition, host, Metrics, Source, services);
    }

    public ManualTime Time { get; } = new();

    public ManualConsumer Client { get; } = new() { CommitsSucceed = true };

    public ManualSource Source { get; }

    public ManualSink Sink { get; } = new();

    public RecordedEvents Events { get; } = new();

    public PipelineMetrics Metrics { get; }

    public GroupMember Member { get; }

    public ReadRate Rate { get; }

    /// <summary>What the sink was given, in order.</summary>
    public IReadOnlyList<int> Delivered => [.. Sink.Deliveries.SelectMany(static each => each.Values)
        .Select(static value => BitConverter.ToInt32(System.Text.Encoding.UTF8.GetBytes(value)))];

    /// <summary>The shards of an entity cannot be started from now on.</summary>
    public void ThrowFor(string entity, Exception? error = null) =>
        throwing[entity] = error ?? new InvalidOperationException("The handler cannot be made.");

    /// <summary>Puts records into a log.</summary>
    public void Put(PartitionId partition, int first, int count) =>
        Enumerable.Range(first, count).ToList().ForEach(offset => Client.Log(partition).Enqueue(offset));

    /// <summary>A round of the poll loop, some time later, and the turns that come of it.</summary>
    public void Step(TimeSpan later = default)
    {
        Time.Advance(later);
        Member.Step(wait: false);
        Time.RunTurns();
    }

    /// <summary>Puts records into a log, and has them read and handled.</summary>
    public void Read(PartitionId partition, int count)
    {
        Put(partition, 0, count);
        Step();
        Client.Log(partition).ShouldBeEmpty();
    }

    /// <summary>The sink takes all that it was given, and what comes of it.</summary>
    public void Acknowledge()
    {
        // Under the test runner's context a completion would ask for its turn on another thread, some time.
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        while (Sink.Deliveries.Find(static each => !each.Done.Task.IsCompleted).Done is { } delivery)
        {
            delivery.SetResult();
            Time.RunTurns();
        }

        SynchronizationContext.SetSynchronizationContext(context);
    }

    private Passing MakeHandler(string entity) =>
        throwing.TryGetValue(entity, out var error) ? throw error : new Passing();

    [StateVersion(1)]
    private struct Nothing;

    private sealed class Passing : IEntity<int, Nothing, int>
    {
        public void On(int record, ref Nothing state, Turn<int> turn) => turn.Emit(record);
    }
}

/// <summary>A source with one client, and topics of the counts that the test sets.</summary>
internal sealed class ManualSource(IGroupConsumer client) : ISource
{
    public string Name => "manual";

    public Dictionary<string, int> PartitionCounts { get; } = [];

    /// <summary>How the last member joined; null before.</summary>
    public GroupSpec? Opened { get; private set; }

    public Task<IReadOnlyDictionary<string, int>> PrepareAsync(
        string pipeline, IReadOnlyList<TopicSpec> topics, IEngineEvents events, CancellationToken stop) =>
        Task.FromResult<IReadOnlyDictionary<string, int>>(PartitionCounts);

    public IGroupConsumer Open(GroupSpec group, IGroupEvents members, IEngineEvents events)
    {
        Opened = group;
        return client;
    }

    public ValueTask<bool> IsReachableAsync(CancellationToken stop) => ValueTask.FromResult(true);
}
