using StreamActors.Configuration;
using StreamActors.Entities;
using StreamActors.Limits;
using StreamActors.Pipelines;
using StreamActors.Records;
using StreamActors.Sinks;

namespace StreamActors;

/// <summary>Composes a pipeline: a named set of routes with one consumer group.</summary>
public sealed class PipelineBuilder
{
    /// <summary>What the name of a topic ends with that a <c>Repartition</c> writes and reads.</summary>
    internal const string RepartitionEnd = "-repartition";

    private readonly List<RouteDefinition> routes = [];
    private readonly List<EntityDefinition> entities = [];
    private readonly List<MapDefinition> maps = [];
    private readonly List<(string Owner, Func<IScope, object> Make)> parts = [];
    private readonly HashSet<string> retired = new(StringComparer.Ordinal);
    private readonly List<string> mistakes = [];

    /// <summary>Starts a pipeline without routes.</summary>
    /// <param name="name">Its name, in logs, metrics and the CLI.</param>
    /// <param name="settings">Reads what its code asks for; null = nothing is configured.</param>
    internal PipelineBuilder(string name, SettingsReader? settings = null)
    {
        Name = name;
        Settings = settings ?? new SettingsReader();
        GroupId = name;
    }

    /// <summary>The pipeline's name.</summary>
    public string Name { get; }

    /// <summary>
    /// Reads settings of your own, by their full names in the host's configuration, such as <c>Customers:Url</c>: each
    /// is checked at the start with all others, and stands in <c>--print-config</c>. In a test they come from the
    /// kit's options.
    /// </summary>
    public SettingsReader Settings { get; }

    /// <summary>The consumer group; the pipeline's name unless set.</summary>
    public string GroupId { get; set; }

    /// <summary>Where a group starts that has never committed an offset for a topic.</summary>
    public StartAt StartAt { get; set; } = StartAt.Earliest;

    /// <summary>
    /// What keeps the state of its entities with their timers, the ids that dedup remembers and the records that wait
    /// for a call, so that a restart, a crash and a hand-over lose none of it: the name of a connector that can, such
    /// as <c>redis</c>; <see cref="Store.None"/>; or <see cref="Store.Auto"/>, which takes the one that is connected.
    /// </summary>
    public string Store { get; set; } = StreamActors.Store.Auto;

    /// <summary>What a shard does whose store does not have what it acknowledged.</summary>
    public LostState OnLostState { get; set; }

    /// <summary>Records a second that a node reads at most; 0 = no bound.</summary>
    public int MaxRecordsPerSecond { get; set; }

    /// <summary>The bounds.</summary>
    public PipelineLimits Limits { get; set; } = new();

    /// <summary>What happens by the clock.</summary>
    public PipelineTiming Timing { get; set; } = new();

    /// <summary>How its <c>MapAsync</c> steps call, by their names; what configuration says is set here.</summary>
    internal IReadOnlyDictionary<string, MapAsyncOptions> Maps
    {
        get => maps.ToDictionary(static map => map.Name, static map => map.Options, StringComparer.OrdinalIgnoreCase);
        set => maps.ForEach(map => map.Options = value.GetValueOrDefault(map.Name, map.Options));
    }

    /// <summary>The connectors that its routes emit to, dead letters included: the sinks that it needs.</summary>
    internal IReadOnlySet<string> Connectors => routes.SelectMany(static route => route.Connectors)
        .Select(RouteDefinition.ConnectorOf).ToHashSet(StringComparer.Ordinal);

    /// <summary>Its routes.</summary>
    internal IReadOnlyList<RouteDefinition> Routes => routes;

    /// <summary>Whether a route has state that is worth a store.</summary>
    internal bool HasState => routes.Exists(static route => route.HasState);

    /// <summary>Starts a route from a topic.</summary>
    /// <param name="topic">The topic's name.</param>
    /// <param name="codec">Reads its records' values.</param>
    public RouteBuilder<T> From<T>(string topic, ICodec<T> codec)
        where T : allows ref struct
    {
        if (routes.Exists(route => route.Topic == topic))
        {
            mistakes.Add($"Two routes read the topic {topic}: a topic can feed one route of a pipeline.");
        }

        var steps = new RouteSteps<T>(new CodecReader<T>(codec));
        var route = new RouteDefinition
        {
            Name = topic,
            Topic = topic,
            Source = new TopicCodec<T>(codec),
            Steps = steps,
        };
        routes.Add(route);
        return new RouteBuilder<T>(this, route, steps);
    }

    /// <summary>
    /// An entity that this pipeline had is gone for good: each start deletes what a store has of it. Leave this in
    /// until no node of a release that had the entity runs any more; then it may go too. Without it the states stay,
    /// and each start says so.
    /// </summary>
    /// <param name="entity">The name of the kind: the handler's class, or what <c>EntityOptions.Name</c> was.</param>
    public void Retire(string entity)
    {
        ArgumentException.ThrowIfNullOrEmpty(entity);
        retired.Add(entity);
    }

    /// <summary>
    /// The kind of entity that a route feeds, made at its name's first mention: routes that name it share it, and its
    /// shards.
    /// </summary>
    internal EntityDefinition<TState, TOut> Entity<THandler, TState, TOut>(
        RouteDefinition route, Func<IScope, ITimerHandler<TState, TOut>> make, EntityOptions<TState>? options)
        where TState : new()
    {
        var name = options?.Name ?? TypeName.Of(typeof(THandler));
        route.ShardGroup = EntityDefinition.ShardGroupOf(name);
        route.HasEntity = true;
        route.HasState = true;
        var kind = new EntityDefinition<TState, TOut>(name, typeof(THandler), make);
        kind.Take(options);
        switch (entities.Find(known => known.Name == name))
        {
            case EntityDefinition<TState, TOut> same when same.Handler == typeof(THandler):
                same.Take(options);
                return same;
            case { } other:
                mistakes.Add(
                    $"Two entities have the name {name}, of the classes {TypeName.Of(other.Handler)} and "
                    + $"{TypeName.Of(typeof(THandler))}: give each its own with EntityOptions.Name.");
                return kind;
            default:
                entities.Add(kind);
                Needs($"The entity {name}", make);
                return kind;
        }
    }

    /// <summary>Takes note of a step that awaits.</summary>
    /// <returns>The step: what configuration says of it stands there once the pipeline is built.</returns>
    internal MapDefinition Map<TMap>(RouteDefinition route, MapAsyncOptions options)
        where TMap : class
    {
        var map = new MapDefinition(options.Name ?? TypeName.Of(typeof(TMap)), options);
        var owner = $"MapAsync<{TypeName.Of(typeof(TMap))}> of {route.Topic}";
        Needs(owner, static scope => scope.Make<TMap>());
        if (map.Name.Length == 0 || map.Name.Contains(':', StringComparison.Ordinal))
        {
            mistakes.Add($"{owner} is named \"{map.Name}\": a name has at least a letter, and no colon.");
        }

        if (maps.Exists(known => known.Name.Equals(map.Name, StringComparison.OrdinalIgnoreCase)))
        {
            mistakes.Add(
                $"Two MapAsync steps have the name {map.Name}: give each its own with MapAsyncOptions.Name.");
            return map;
        }

        maps.Add(map);
        route.Map = map;
        route.HasState = true;
        return map;
    }

    /// <summary>Takes note of an object of user code, which the host tries to make before it starts.</summary>
    /// <param name="owner">Who needs it, as a sentence begins.</param>
    /// <param name="make">Makes it.</param>
    internal void Needs(string owner, Func<IScope, object> make) => parts.Add((owner, make));

    /// <summary>An internal topic: the target that writes to it, and the route that reads it.</summary>
    internal (Target<T> Target, RouteBuilder<T> Route) Repartition<T>(
        string name, ICodec<T> codec, Func<T, string> key, RepartitionOptions options)
        where T : allows ref struct
    {
        var topic = $"{Name}-{name}{RepartitionEnd}";
        var target = new Target<T>(RouteDefinition.SourceConnector, topic, codec)
        {
            Partitioner = options.Partitioner,
        };
        var route = From(topic, codec).Named(name).CreateTopic(options.Partitions, options.Replication);
        return (target.Keyed(key).AtRecordTime(), route);
    }

    /// <summary>What is wrong with the routes, a sentence each; empty where nothing is.</summary>
    internal IReadOnlyList<string> Mistakes() =>
    [
        .. Settings.Mistakes,
        .. mistakes,
        .. routes.SelectMany(static route => route.Mistakes),
        .. entities.SelectMany(static kind => kind.Mistakes),
        .. entities.Where(kind => retired.Contains(kind.Name)).Select(static kind =>
            $"The entity {kind.Name} is fed by a route and said to be gone: leave out Retire(\"{kind.Name}\"), which "
            + "deletes its states."),
        .. routes.Count == 0 ? ["It has no route: add one with From(topic, codec)."] : MistakesBetweenRoutes(),
    ];

    /// <summary>What is wrong with the routes when these are the sinks, a sentence each.</summary>
    /// <param name="sinks">The names of the connectors that can be emitted to.</param>
    internal IReadOnlyList<string> Mistakes(IReadOnlyCollection<string> sinks) =>
    [
        .. Mistakes(),
        .. from route in routes
           from connector in route.Connectors.Select(RouteDefinition.ConnectorOf).Distinct()
           where !sinks.Contains(connector)
           select $"The route {route.Name} emits to {connector}, which is not connected: add it to the host with "
               + $"AddKafka(), AddRedis() or AddSink(\"{connector}\", …).",
    ];

    /// <summary>
    /// Which objects of user code cannot be made, a sentence each. It makes each once; what their constructors throw
    /// comes out.
    /// </summary>
    internal IReadOnlyList<string> Mistakes(IScope scope)
    {
        var found = new List<string>();
        foreach (var (owner, make) in parts)
        {
            try
            {
                make(scope);
            }
            catch (InvalidOperationException error)
            {
                found.Add($"{owner} cannot start: {error.Message}");
            }
        }

        return found;
    }

    /// <summary>Checks the composition.</summary>
    /// <exception cref="PipelineException">It has mistakes; the message names all of them.</exception>
    internal PipelineDefinition Build()
    {
        var reader = new SettingsReader();
        PipelineSettings.Read(reader, PipelineSettings.Of(this));
        List<string> found = [.. Mistakes(), .. reader.Mistakes];
        return found.Count == 0
            ? new PipelineDefinition(Name, GroupId, StartAt, routes, Limits, Timing)
            {
                OnLostState = OnLostState,
                Entities = entities,
                Retired = retired,
            }
            : throw new PipelineException($"The pipeline {Name} cannot be built. {string.Join(' ', found)}");
    }

    private IEnumerable<string> MistakesBetweenRoutes() =>
    [
        .. routes.Where(route => Limits.Parking.WhenFull == WhenParkingFull.DeadLetterOldest
                && route is { Map: not null, DeadLetterTopic: null })
            .Select(static route =>
                $"Limits:Parking:WhenFull is {nameof(WhenParkingFull.DeadLetterOldest)}, and the route {route.Name}, "
                + $"which calls, has no topic for dead letters: give it one with DeadLetters(topic), or leave "
                + $"{nameof(WhenParkingFull.Hold)}."),
        .. TopicPlan.Mistakes(routes),
        .. routes.Where(static route => !route.HasTargets)
            .Select(static route => $"The route {route.Name} leads nowhere: end it with To(target)."),
        .. from route in routes.Where(static route => route.HasTargets).DistinctBy(static route => route.Steps.Outputs)
           from kind in route.Steps.Outputs!.Untaken.Select(TypeName.Of)
           select $"The route {route.Name} can emit {kind}, and no To(…) takes it: give it a target, or say "
               + $"Ignore<{kind}>() where it shall go nowhere.",
        .. routes.GroupBy(static route => route.Name).Where(static same => same.Count() > 1)
            .Select(static same =>
                $"{same.Count()} routes have the name {same.Key}: give each its own with Named(name)."),
        .. routes.Where(route => routes.Exists(other => other.Topic == route.DeadLetterTopic))
            .Select(static route =>
                $"The route {route.Name} writes its dead letters to {route.DeadLetterTopic}, which this pipeline "
                + "reads: they would come round for ever. Name another topic."),
    ];
}
