using StreamActors.Metrics;
using StreamActors.Records;

namespace StreamActors.Hosting;

/// <summary>What <c>/health</c> says of a pipeline.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Ready">Whether every partition that it owns is being read, and the node does not drain.</param>
/// <param name="Troubles">
/// Why it is not ready, what holds its partitions or repeats its deliveries, and whose calls all fail, a line each;
/// empty where all is well.
/// </param>
internal sealed record PipelineHealth(string Name, bool Ready, IReadOnlyList<string> Troubles)
{
    private const int MostNamed = 3;

    /// <summary>How a pipeline stands.</summary>
    /// <param name="pipeline">The pipeline.</param>
    /// <param name="isStopping">Whether its node drains.</param>
    public static PipelineHealth Of(Pipeline pipeline, bool isStopping)
    {
        var isReady = pipeline.IsReady && !isStopping;
        IReadOnlyList<string> troubles =
            pipeline.Fatal is { } why ? [$"stopped for good: {why}"]
            :
            [
                .. isStopping ? ["draining"] : Waiting(pipeline),
                .. TroublesOf(pipeline.Metrics.Partitions),
                .. pipeline.FailingCalls,
            ];
        return new PipelineHealth(pipeline.Name, isReady, troubles);
    }

    private static IEnumerable<string> Waiting(Pipeline pipeline) =>
        pipeline.IsReady || pipeline.Metrics.Partitions.Count > 0
            ? []
            : [$"no partitions: {pipeline.WaitsFor}"];

    /// <summary>The lines of partitions whose deliveries fail, again and again until one succeeds.</summary>
    internal static IEnumerable<string> FailingOf(IReadOnlyList<PartitionStatus> partitions) =>
        TroublesOf(
            [.. partitions.Where(static each => each is { State: not PartitionState.Starting, Why.Length: > 0 })]);

    /// <summary>A line for all partitions of the same state and reason: a sink that is away holds many.</summary>
    internal static IEnumerable<string> TroublesOf(IReadOnlyList<PartitionStatus> partitions) =>
        from status in partitions
        where status.State != PartitionState.Running || status.Why.Length > 0
        orderby status.Partition.Topic, status.Partition.Number
        group status.Partition by (status.State, status.Why) into same
        select $"{Names([.. same])} "
            + (same.Key.State switch
            {
                PartitionState.Starting => "not started",
                PartitionState.Held => "held",
                _ => "waiting",
            })
            + (same.Key.Why.Length > 0 ? $": {same.Key.Why}" : "");

    /// <summary>Names some of many.</summary>
    internal static string Names(IReadOnlyList<PartitionId> all) => all.Count <= MostNamed
        ? string.Join(", ", all)
        : $"{string.Join(", ", all.Take(MostNamed))} and {all.Count - MostNamed} more";
}
