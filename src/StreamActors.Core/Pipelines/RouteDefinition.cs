using System.Diagnostics.CodeAnalysis;
using StreamActors.Metrics;
using StreamActors.Shards;
using StreamActors.Sinks;
using StreamActors.Sources;

namespace StreamActors.Pipelines;

/// <summary>A route as it was composed: its topic, and the steps that a record takes.</summary>
internal sealed class RouteDefinition
{
    /// <summary>
    /// The connector whose sink writes where routes read: it takes dead letters and what is repartitioned.
    /// </summary>
    public const string SourceConnector = "kafka";

    /// <summary>
    /// The lane of dead letters: apart from the outputs to the same connector, in order and in numbers.
    /// </summary>
    public const string DeadLetterLane = "dead-letters";

    /// <summary>The route's name: the label of its counters; its topic unless it was named.</summary>
    public required string Name { get; set; }

    /// <summary>The topic that it reads.</summary>
    public required string Topic { get; init; }

    /// <summary>What is done with its records; <c>Map</c> replaces it by steps for other values.</summary>
    public required IRouteSteps Steps { get; set; }

    /// <summary>How the values of its topic are read and written.</summary>
    public required ITopicCodec Source { get; init; }

    /// <summary>The targets that it says, each a <see cref="Target{T}"/> of its values' type.</summary>
    public List<ITarget> Targets { get; } = [];

    /// <summary>Its step that awaits; null = it has none.</summary>
    public MapDefinition? Map { get; set; }

    /// <summary>
    /// Which routes share shards: those with the same text. Routes that feed the same entities do, and their topics
    /// are co-partitioned; any other route stands alone.
    /// </summary>
    [AllowNull]
    public string ShardGroup { get => field ?? Topic; set; }

    /// <summary>How its topic is created where it is missing; null = it is waited for.</summary>
    public TopicSpec? Create { get; set; }

    /// <summary>Where records go that it gives up; null = they are counted and dropped.</summary>
    public string? DeadLetterTopic { get; set; }

    /// <summary>Whether its records' event time stands in their values.</summary>
    public bool HasEventTime { get; set; }

    /// <summary>Whether it holds records in a window.</summary>
    public bool HasWindow { get; set; }

    /// <summary>Whether it feeds entities.</summary>
    public bool HasEntity { get; set; }

    /// <summary>Whether it remembers ids of records.</summary>
    public bool HasDedup { get; set; }

    /// <summary>Whether it has state that is worth a store.</summary>
    public bool HasState { get; set; }

    /// <summary>What is wrong with its composition, a sentence each.</summary>
    public List<string> Mistakes { get; } = [];

    /// <summary>Whether it leads anywhere.</summary>
    public bool HasTargets => TargetConnectors.Any();

    /// <summary>The topics that it reads and that it writes to, as far as they are known before a value is.</summary>
    public IEnumerable<TopicSpec> Topics => Targets
        .Where(static target => target is { Connector: SourceConnector, Fixed: not null })
        .Select(target => target.Create ?? new TopicSpec(target.Fixed!, 0, 0)
        {
            Need = $"the route {Name} writes to it",
            Remedy = $"Create it, or let it be created: Kafka.Topic(\"{target.Fixed}\", …).CreateTopic(partitions)",
        })
        .Prepend(Create ?? new TopicSpec(Topic, 0, 0)
        {
            Need = $"the route {Name} reads it",
            Remedy = $"Create it, or let it be created: From(\"{Topic}\", …).CreateTopic(partitions)",
        });

    /// <summary>The topic of its dead letters, created as the one that it reads; none where it has no such.</summary>
    public IEnumerable<TopicSpec> DeadLetters => DeadLetterTopic is null ? [] :
    [
        new TopicSpec(DeadLetterTopic, Create?.Partitions ?? 0, Create?.Replication ?? 0)
        {
            Need = $"the route {Name} writes its dead letters to it",
            Remedy = $"Create it, or let it be created, as {Topic} is then too: CreateTopic(partitions) in the route",
        },
    ];

    /// <summary>The lanes that it emits to: its targets' connectors, and the lane of dead letters.</summary>
    public IEnumerable<string> Connectors =>
        DeadLetterTopic is null ? TargetConnectors : TargetConnectors.Append(DeadLetterLane);

    /// <summary>The connector of a lane: its own name, but for the lane of dead letters.</summary>
    public static string ConnectorOf(string lane) => lane == DeadLetterLane ? SourceConnector : lane;

    private IEnumerable<string> TargetConnectors => Steps.Outputs?.Connectors ?? [];

    /// <summary>Makes the route's runner for a shard.</summary>
    public IRouteRunner MakeRunner(RouteCounters counters, ShardContext context) =>
        Steps.MakeRunner(this, counters, context);
}
