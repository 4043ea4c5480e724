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

    /// <summary>Its <c>MapAsync</c> steps.</summary>
    public IReadOnlyList<MapDefinition> Maps { get; } =
        [.. Routes.Select(static route => route.Map).OfType<MapDefinition>()];
}
