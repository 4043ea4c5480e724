using StreamActors.Dedup;
using StreamActors.Events;
using StreamActors.Limits;
using StreamActors.Metrics;
using StreamActors.Offsets;
using StreamActors.Pipelines;
using StreamActors.Records;
using StreamActors.Sinks;
using StreamActors.Snapshots;

namespace StreamActors.Shards;

/// <summary>What all shards of a pipeline share, and how one is put together.</summary>
internal sealed class ShardHost
{
    private readonly PipelineDefinition definition;
    private readonly IReadOnlyDictionary<string, RouteDefinition> routes;
    private readonly IReadOnlyDictionary<string, RouteCounters> counters;
    private readonly IReadOnlyList<OpenSink> sinks;
    private readonly PipelineMetrics metrics;
    private readonly IEngineEvents events;
    private readonly Random random;
    private readonly Func<Random, Random> jitterOf;
    private readonly IScopes scopes;
    private readonly PagePool dedupMemory;
    private readonly long startedAt;
    private readonly long reportEvery;
    private readonly IReadOnlyDictionary<string, RouteReports> reports;
    private readonly IShardObserver? observer;
    private readonly OpenStore? store;
    private readonly EngineServices services;

    /// <summary>Makes what the shards of a pipeline share.</summary>
    public ShardHost(
        PipelineDefinition definition, IReadOnlyList<OpenSink> sinks, PipelineMetrics metrics, EngineServices services)
    {
        this.definition = definition;
        this.sinks = sinks;
        this.metrics = metrics;
        events = services.Events;
        random = services.Random;
        jitterOf = services.JitterOf;
        scopes = services.Scopes;
        this.services = services;
        store = services.Store is { } opened
            ? new OpenStore(opened, new PeerEpisode(definition.Name, opened.Name, events), metrics.State)
            : null;
        observer = services.Observer;
        reportEvery = (long)services.ReportEvery.TotalMilliseconds;
        reports = definition.Routes.Select(static route => route.Name).ToDictionary(
            static name => name, name => new RouteReports(events, definition.Name, name, reportEvery));
        Time = services.Time;
        Scheduler = services.Scheduler;
        routes = definition.Routes.ToDictionary(static route => route.Topic);
        counters = metrics.Routes.ToDictionary(static route => route.Name, static route => route.Counters);
        dedupMemory = new PagePool(definition.Limits.DedupBytes);
        startedAt = Time.GetTimestamp();
    }

    /// <summary>The bounds.</summary>
    public PipelineLimits Limits => definition.Limits;

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; }

    /// <summary>Where turns come from.</summary>
    public ITurnScheduler Scheduler { get; }

    /// <summary>Batches between two uses.</summary>
    public RecordBatchPool Batches { get; } = new();

    /// <summary>How many records the poll thread may read.</summary>
    public ReadRate Rate { get; } = new();

    /// <summary>Wakes the poll thread; set by the member that owns the shards.</summary>
    public Action Wake { get; set; } = static () => { };

    /// <summary>How many partitions the topics had when the pipeline was prepared; empty before.</summary>
    public IReadOnlyDictionary<string, int> PartitionCounts { get; private set; } = new Dictionary<string, int>();

    /// <summary>
    /// Sees whether the stored state is this program's; null without a store, and before the pipeline was prepared.
    /// </summary>
    public FingerprintCheck? StateCheck { get; private set; }

    /// <summary>Milliseconds since the pipeline was made: a clock that never goes back.</summary>
    public long Now() => (long)Time.GetElapsedTime(startedAt).TotalMilliseconds;

    /// <summary>The topics are there; those that feed the same entities have as many partitions.</summary>
    public void Prepare(IReadOnlyDictionary<string, int> partitionCounts)
    {
        PartitionCounts = partitionCounts;
        StateCheck = store is null
            ? null
            : new FingerprintCheck(definition, Fingerprint.Of(definition, partitionCounts), store.Store, events);
    }

    /// <summary>A shard ended, and what it remembered is nowhere.</summary>
    public void Forget(Holding forgotten) => metrics.Forget(forgotten);

    /// <summary>Makes what a shard lends to its routes.</summary>
    public ShardContext MakeContext(
        Ownership ownership,
        IReadOnlyList<PartitionId> inputs,
        OffsetLedger[] ledgers,
        double phase,
        Action requestTurn)
    {
        var epoch = ownership.Epoch;
        var used = inputs.SelectMany(input => routes[input.Topic].Connectors).ToHashSet();
        var limit = (Limits.OutboxRecords, Limits.OutboxBytes);
        var lanes = sinks.Where(sink => used.Contains(sink.Connector))
            .ToDictionary(static sink => sink.Connector, sink => new SinkLane(sink, epoch, limit, requestTurn));
        var hashSeed = random.NextInt64();
        return new ShardContext
        {
            Pipeline = definition.Name,
            Epoch = epoch,
            TooLarge = ownership.TooLarge ?? [],
            Time = Time,
            Scheduler = Scheduler,
            RequestTurn = requestTurn,
            Outbox = new Outbox(lanes),
            Inputs = inputs,
            Ledgers = ledgers,
            Limits = Limits,
            Timing = definition.Timing,
            DedupMemory = dedupMemory,
            Events = events,
            Observer = observer,
            Reports = reports,
            ReportEvery = reportEvery,
            HashSeed = (ulong)hashSeed,
            Jitter = jitterOf(new Random((int)hashSeed)),
            Phase = phase,
            EventClock = new EventClock(inputs.Count, definition.Timing, Now()),
            Store = store,
            StatePages = services.StatePages,
            ReadAtOnce = services.ReadAtOnce,
            Scopes = scopes,
            PartitionCounts = PartitionCounts,
            Now = Now(),
            UtcNow = Time.GetUtcNow().ToUnixTimeMilliseconds(),
        };
    }

    /// <summary>Makes the runners of a shard, one for each input.</summary>
    public IRouteRunner[] MakeRunners(IReadOnlyList<PartitionId> inputs, ShardContext context) =>
        context.Runners =
        [
            .. inputs.Select(input => routes[input.Topic])
                .Select(route => MakeRunner(route, context)),
        ];

    /// <summary>
    /// Makes the cycle by which a store keeps a shard's state; null without a store, and where nothing of the shard is
    /// state.
    /// </summary>
    /// <param name="context">The shard's.</param>
    /// <param name="ownership">Under which the shard is claimed.</param>
    public SnapshotCycle? MakeCycle(ShardContext context, Ownership ownership)
    {
        if (store is null || !context.Parts.Exists(static part => part.NeedsStore))
        {
            return null;
        }

        var (topic, number) = context.Inputs[0];
        var name = definition.StoredAs(routes[topic].ShardGroup, number);
        var claim = new ShardClaim(store, name, ownership.Generation, ownership.IsProven)
        {
            Expects = ownership.HasState,
            Discards = ownership.Discards,
            IsRemade = ownership.IsRemade,
            OnLostState = definition.OnLostState,
            Check = StateCheck,
        };
        return new SnapshotCycle(claim, context);
    }

    private IRouteRunner MakeRunner(RouteDefinition route, ShardContext context)
    {
        var runner = route.MakeRunner(counters[route.Name], context);
        return observer?.Around(runner, route, context) ?? runner;
    }
}
