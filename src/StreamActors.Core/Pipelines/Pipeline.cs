using StreamActors.Events;
using StreamActors.Metrics;
using StreamActors.Pipelines;
using StreamActors.Shards;
using StreamActors.Sinks;
using StreamActors.Snapshots;
using StreamActors.Sources;

namespace StreamActors;

/// <summary>
/// A running pipeline: one member of a group after the other (a failed one is replaced), on one poll thread. The host
/// prepares it, runs it on a thread of its own, and cancels to stop it.
/// <code>
/// partition ─1 poll loop─▶ mailbox ─2 shard─▶ entity, window ─3 emit─▶ outbox ─4 ack─▶ ledger ─5 commit─▶ group
/// </code>
/// </summary>
internal sealed class Pipeline
{
    private readonly PipelineDefinition definition;
    private readonly ISource source;
    private readonly EngineServices services;
    private readonly ShardHost host;
    private volatile GroupMember? member;
    private volatile string waitsFor = "the host is starting";

    /// <summary>Makes a pipeline out of its composition.</summary>
    /// <param name="builder">The composition; it is checked here.</param>
    /// <param name="source">Where it reads from.</param>
    /// <param name="sinks">The sinks, by the connector names that its targets use.</param>
    /// <param name="services">Its surroundings.</param>
    /// <exception cref="PipelineException">The composition has mistakes; the message names all of them.</exception>
    public Pipeline(
        PipelineBuilder builder, ISource source, IReadOnlyDictionary<string, ISink> sinks, EngineServices services)
    {
        definition = builder.Build();
        this.source = source;
        this.services = services;
        var connectors = definition.Routes.SelectMany(static route => route.Connectors).Distinct().ToList();
        Metrics = new PipelineMetrics(definition.Routes.Select(static route => route.Name), connectors)
        {
            Maps =
            [
                .. from route in definition.Routes
                   let map = route.Map
                   where map is not null
                   select new MapMetrics(map.Name, route.Name, map.Counters),
            ],
        };
        host = new ShardHost(definition, [.. Metrics.Sinks.Select(sink => Open(sink, sinks))], Metrics, services);
        MaxRecordsPerSecond = builder.MaxRecordsPerSecond;
        HasState = builder.HasState;
    }

    /// <summary>What it was composed of.</summary>
    internal PipelineDefinition Definition => definition;

    /// <summary>Its name.</summary>
    public string Name => definition.Name;

    /// <summary>Whether it has state that is worth a store.</summary>
    public bool HasState { get; }

    /// <summary>Its consumer group.</summary>
    public string GroupId => definition.GroupId;

    /// <summary>The topics that it reads.</summary>
    public IReadOnlyList<string> Topics => [.. definition.Routes.Select(static route => route.Topic)];

    /// <summary>Its numbers.</summary>
    public PipelineMetrics Metrics { get; }

    /// <summary>
    /// Records a second that this node reads at most; 0 = no bound. Any thread may set it at any time.
    /// </summary>
    public int MaxRecordsPerSecond { get => host.Rate.PerSecond; set => host.Rate.PerSecond = value; }

    /// <summary>Whether it takes records: it has its partitions, and is not draining.</summary>
    public bool IsReady => member is { IsReady: true };

    /// <summary>What it waits for while it has no partitions. Any thread.</summary>
    public string WaitsFor => waitsFor;

    /// <summary>Why it stopped for good; null while it has not.</summary>
    public string? Fatal { get; private set; }

    /// <summary>
    /// The <c>MapAsync</c> steps none of whose calls succeeds, a sentence each. They leave the pipeline ready: another
    /// node would ask the same service, and what waits for it is safe here.
    /// </summary>
    public IEnumerable<string> FailingCalls =>
        from map in definition.Maps
        let outage = map.Watch.Outage(host.Now())
        where outage is not null
        select $"{map.Name}: {outage}";

    /// <summary>Takes note that its poll thread ended by an exception: a defect.</summary>
    public void Fail(Exception defect) => Fatal = $"{defect.GetType().Name}: {defect.Message}";

    /// <summary>
    /// Waits until its topics exist, those that it writes to too, for as long as it takes. Where topics that feed the
    /// same entities have different numbers of partitions, or the stored state is not this program's, it is then
    /// <see cref="Fatal"/>, and does not join its group.
    /// </summary>
    public async Task PrepareAsync(CancellationToken stop)
    {
        var topics = TopicPlan.Of(definition.Routes);
        waitsFor = $"it asks Kafka for its topics {string.Join(", ", topics.Select(static topic => topic.Name))}";
        var counts = await source.PrepareAsync(Name, topics, new Overheard(this), stop);
        waitsFor = $"it waits for its consumer group {GroupId}";
        var mismatches = ShardGroup.Of(definition.Routes)
            .Select(group => group.Mismatch(counts)).OfType<string>().ToList();
        if (mismatches.Count > 0)
        {
            Fatal = string.Join(' ', mismatches);
            return;
        }

        host.Prepare(counts);
        try
        {
            await (host.StateCheck?.EnsureAsync(stop) ?? Task.CompletedTask);
        }
        catch (FingerprintException error)
        {
            Fatal = error.Message;
        }
        catch (StateStoreException)
        {
            // Nobody else could ask a store that is away. The shards wait for it, and the first of them asks this too.
        }
    }

    /// <summary>
    /// Runs until it is stopped, then drains, commits and leaves its group; the calling thread is its poll thread.
    /// </summary>
    public void Run(CancellationToken stop)
    {
        using var wake = stop.Register(() => host.Wake());
        long? readAgain = null;
        for (var failures = 1; !stop.IsCancellationRequested && Fatal is null; failures++)
        {
            var began = host.Now();
            try
            {
                readAgain = RunMember(stop);
            }
            catch (SourceException error)
            {
                readAgain = null;
                services.Events.Report(new EngineEvent.MemberFailed(Name, error.Message));
            }

            failures = host.Now() - began > definition.Timing.RestartWindow.TotalMilliseconds ? 1 : failures;
            var pause = definition.Timing.Restart.Wait(failures, services.JitterOf(services.Random));
            host.Scheduler.WaitUntil(() => stop.IsCancellationRequested || Fatal is not null, pause);
        }

        services.Events.Report(Fatal is null
            ? new EngineEvent.PipelineStopped(Name) { WasMember = readAgain is not null, ReadAgain = readAgain ?? 0 }
            : new EngineEvent.PipelineFailed(Name, Fatal));
    }

    /// <summary>Makes a member, which joins at once; the caller's thread is its poll thread.</summary>
    internal GroupMember Join() => new(definition, host, Metrics, source, services);

    /// <returns>What <see cref="GroupMember.Stop"/> says; null when the member failed.</returns>
    private long? RunMember(CancellationToken stop)
    {
        var current = Join();
        member = current;
        try
        {
            var hasMore = true;
            while (!stop.IsCancellationRequested && current.Failure is null && current.Fatal is null)
            {
                hasMore = current.Step(wait: !hasMore);
            }
        }
        catch
        {
            member = null;
            current.Abandon();
            throw;
        }

        member = null;
        if (current.Failure is { } why)
        {
            services.Events.Report(new EngineEvent.MemberFailed(Name, why));
            current.Abandon();
            return null;
        }

        Fatal = current.Fatal;
        var readAgain = current.Stop();
        current.Dispose();
        return readAgain;
    }

    private OpenSink Open(SinkMetrics metrics, IReadOnlyDictionary<string, ISink> sinks)
    {
        var connector = RouteDefinition.ConnectorOf(metrics.Name);
        if (!sinks.TryGetValue(connector, out var sink))
        {
            throw new PipelineException(
                $"The pipeline {Name} emits to {connector}, which is not connected: add it to the host.");
        }

        var jitter = services.JitterOf(new Random(services.Random.Next()));
        var gate = new SinkGate(Name, metrics.Name, services.Events, jitter);
        return new OpenSink(metrics.Name, sink, gate, metrics.Counters);
    }

    /// <summary>Passes on what a source reports, and keeps what it waits for.</summary>
    private sealed class Overheard(Pipeline pipeline) : IEngineEvents
    {
        public void Report(EngineEvent happened)
        {
            if (happened is EngineEvent.WaitingForSource waiting)
            {
                pipeline.waitsFor = waiting.Why;
            }

            pipeline.services.Events.Report(happened);
        }
    }
}
