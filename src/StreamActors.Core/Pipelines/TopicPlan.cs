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

    /// <summary>The topics; one that several name is created where any of them says so.</summary>
    public static IReadOnlyList<TopicSpec> Of(IReadOnlyCollection<RouteDefinition> routes) =>
    [
        .. routes.SelectMany(static route => route.Topics).Concat(routes.SelectMany(static route => route.DeadLetters))
            .GroupBy(static topic => topic.Name, StringComparer.Ordinal)
            .Select(static same => same.FirstOrDefault(static topic => topic.Partitions > 0) ?? same.First()),
    ];

    /// <summary>What is wrong with what the routes say of creating topics, a sentence each.</summary>
    public static IEnumerable<string> Mistakes(IReadOnlyCollection<RouteDefinition> routes) =>
    [
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
