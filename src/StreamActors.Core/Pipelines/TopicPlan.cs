using StreamActors.Sinks;
using StreamActors.Sources;

namespace StreamActors.Pipelines;

/// <summary>
/// The topics that a pipeline needs before it starts, each once, whichever of its routes read it or write to it.
/// </summary>
internal static class TopicPlan
{
    /// <summary>The most partitions that a topic is created with.</summary>
    private const int MaxPartitions = 10_000;

    /// <summary>The longest name that Kafka takes: it is a folder's, with the partition's number behind it.</summary>
    private const int MaxName = 249;

    /// <summary>The topics; one that several name is created where any of them says so.</summary>
    public static IReadOnlyList<TopicSpec> Of(IReadOnlyCollection<RouteDefinition> routes) =>
    [
        .. routes.SelectMany(static route => route.Topics).Concat(routes.SelectMany(static route => route.DeadLetters))
            .GroupBy(static topic => topic.Name, StringComparer.Ordinal)
            .Select(static same => same.FirstOrDefault(static topic => topic.Partitions > 0) ?? same.First()),
    ];

    /// <summary>
    /// What is wrong with the names of the topics, and with what the routes say of creating them, a sentence each.
    /// </summary>
    public static IEnumerable<string> Mistakes(IReadOnlyCollection<RouteDefinition> routes) =>
    [
        .. routes.SelectMany(NamesOf).Distinct(),
        .. routes.SelectMany(static route => route.Targets, MistakeOf).OfType<string>(),
        .. Wanted(routes).Where(static topic => topic.Partitions is < 1 or > MaxPartitions)
            .Select(static topic =>
                $"The topic {topic.Name} is to be created with {topic.Partitions} partitions: it must be from 1 to "
                + $"{MaxPartitions}."),
        .. Wanted(routes).Where(static topic => topic.Replication is 0 or < -1)
            .Select(static topic =>
                $"The topic {topic.Name} is to be created with {topic.Replication} replicas: it must be 1 at least, or "
                + "-1 for as many as the brokers make by default."),
        .. Wanted(routes).GroupBy(static topic => topic.Name, StringComparer.Ordinal)
            .Where(static same => same.DistinctBy(static topic => (topic.Partitions, topic.Replication)).Count() > 1)
            .Select(static same =>
                $"The topic {same.Key} is to be created in different ways: "
                + string.Join(" and ", same.Select(static topic =>
                    $"{topic.Partitions} partitions with {topic.Replication} replicas"))
                + ". Say the same each time, or CreateTopic once."),
    ];

    /// <summary>The names that no Kafka takes, by its own rules (<c>Topic.validate</c>).</summary>
    private static IEnumerable<string> NamesOf(RouteDefinition route)
    {
        (string? Name, string Use)[] topics =
        [
            (route.Topic, "reads"),
            .. route.Targets.Where(static target => target.Connector == RouteDefinition.SourceConnector)
                .Select(static target => (target.Fixed, "writes to")),
            (route.DeadLetterTopic, "writes its dead letters to"),
        ];
        return
            from topic in topics
            where topic.Name is not null && !IsTopic(topic.Name)
            let name = topic.Name.Length > MaxName ? $"{topic.Name[..20]}… ({topic.Name.Length} letters)" : topic.Name
            select $"The route {route.Name} {topic.Use} the topic \"{name}\", which Kafka cannot have: a name is 1 to "
                + $"{MaxName} of the letters a to z and A to Z, digits, dot, underscore and "
                + "hyphen, and neither \".\" nor \"..\". Give it another.";
    }

    private static bool IsTopic(string name) =>
        name is { Length: > 0 and <= MaxName } and not "." and not ".."
        && name.All(static letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '-');

    /// <summary>What CreateTopic was said of, as it was said.</summary>
    private static IEnumerable<TopicSpec> Wanted(IEnumerable<RouteDefinition> routes) => routes.SelectMany(
        static route => route.Targets.Where(static target => target.Fixed is not null)
            .Select(static target => target.Create).Append(route.Create)).OfType<TopicSpec>();

    private static string? MistakeOf(RouteDefinition route, ITarget target) => target switch
    {
        { Create: null } => null,
        { Connector: not RouteDefinition.SourceConnector } =>
            $"The route {route.Name} says CreateTopic of a target of {target.Connector}, which has no topics: leave it "
            + "out.",
        { Fixed: null } =>
            $"The route {route.Name} says CreateTopic of a target whose topic is computed for each value: it is not "
            + "known at the start. Leave it out and create those topics beforehand, or say a target for each topic.",
        _ => null,
    };
}
