using StreamActors.Entities;
using StreamActors.Limits;

namespace StreamActors.Pipelines;

/// <summary>A pipeline as it was composed and checked.</summary>
internal sealed record PipelineDefinition(
    string Name,
    string GroupId,
    StartAt StartAt,
    IReadOnlyList<RouteDefinition> Routes,
    PipelineLimits Limits,
    PipelineTiming Timing)
{
    /// <summary>What a shard does whose store does not have what it acknowledged.</summary>
    public LostState OnLostState { get; init; }

    /// <summary>Its kinds of entities.</summary>
    public required IReadOnlyList<EntityDefinition> Entities { get; init; }

    /// <summary>The names of entities that it had, and whose states go.</summary>
    public required IReadOnlySet<string> Retired { get; init; }

    /// <summary>Its <c>MapAsync</c> steps.</summary>
    public IReadOnlyList<MapDefinition> Maps { get; } =
        [.. Routes.Select(static route => route.Map).OfType<MapDefinition>()];

    /// <summary>The topics that feed an entity.</summary>
    public IReadOnlyList<string> TopicsOf(EntityDefinition entity) =>
        [.. Routes.Where(route => route.ShardGroup == entity.ShardGroup).Select(static route => route.Topic)];

    /// <summary>The name of a shard in a store: the same in every process and in every release.</summary>
    /// <param name="group">What its routes have in common.</param>
    /// <param name="number">The number of its partitions.</param>
    public string StoredAs(string group, int number) => $"{GroupId}/{group}/{number}";
}
