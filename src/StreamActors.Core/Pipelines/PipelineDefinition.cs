using StreamActors.Limits;

namespace StreamActors.Pipelines;

/// <summary>A pipeline as it was composed and checked.</summary>
internal sealed record PipelineDefinition(
    string Name,
    string GroupId,
    StartAt StartAt,
    IReadOnlyList<RouteDefinition> Routes,
    PipelineLimits Limits,
    PipelineTiming Timing);
