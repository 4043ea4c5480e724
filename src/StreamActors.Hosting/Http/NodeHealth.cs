using System.Text.Json.Serialization;

namespace StreamActors.Hosting;

/// <summary>What the health pages say.</summary>
/// <param name="node">The node.</param>
/// <param name="peers">How its peers stand.</param>
/// <param name="pages">
/// The JSON pages of a service that this node replaces: where there is one, the message is about peers alone, as there.
/// </param>
internal sealed class NodeHealth(Node node, PeerProbe peers, IEnumerable<IMetricPage> pages)
{
    /// <summary>Whether every pipeline has its partitions and none is draining or has stopped for good.</summary>
    public bool IsReady => !node.IsStopping && node.Pipelines.All(static pipeline => pipeline.Pipeline.IsReady);

    /// <summary>Whether the node drains.</summary>
    public bool IsStopping => node.IsStopping;

    /// <summary>Whether a pipeline has stopped for good.</summary>
    public bool HasStopped => Stopped.Any();

    /// <summary>The pipelines that go on and do not take records: without partitions yet, or draining.</summary>
    public IReadOnlyList<string> Waiting =>
    [
        .. Pipelines.Where(each => each.Fatal is null && (node.IsStopping || !each.IsReady))
            .Select(static each => each.Name),
    ];

    /// <summary>Whether the process is worth keeping: depends on no peer.</summary>
    public bool IsLive => node.Pipelines.Count == 0
        || node.Pipelines.Any(static pipeline => pipeline.Pipeline.Fatal is null);

    /// <summary>
    /// The page: healthy, degraded (a peer is away, or takes nothing, whatever it answers; or all calls of a step fail)
    /// or unhealthy (all peers are away, or a pipeline stopped for good). A peer that has not been asked yet counts as
    /// away, and is told apart in the message. Then the pipelines, one by one.
    /// </summary>
    public Dictionary<string, object> Page()
    {
        var connections = peers.Peers;
        var away = Titles(connections.Where(static peer => peer.IsConnected is not true));
        var unknown = Titles(connections.Where(static peer => peer.IsConnected is null));
        var stopped = Stopped.Select(static each => $"The pipeline {each.Name} has stopped: {each.Fatal}").ToList();
        var failing = Failing.ToList();
        var status = stopped.Count > 0 || (away.Count == connections.Count && away.Count > 0) ? "unhealthy"
            : away.Count > 0 || failing.Count > 0 ? "degraded"
            : "healthy";
        var page = new Dictionary<string, object> { ["status"] = status };
        foreach (var (peer, isConnected) in connections)
        {
            page[$"{peer}_connected"] = isConnected is true;
        }

        page["uptime_seconds"] = Math.Round(node.Uptime.TotalSeconds, 1);
        page["message"] = stopped.Count > 0 ? string.Join(" ", stopped)
            : unknown.Count > 0 ? $"{string.Join(" and ", unknown)} not checked yet"
            : away.Count == 0 ? (failing.Count == 0 ? "All connections active" + Unready : string.Join("; ", failing))
            : away.Count == connections.Count ? "All connections lost"
            : $"{string.Join(" and ", away)} disconnected";
        page["pipelines"] = Pipelines.Select(each => PipelineHealth.Of(each, node.IsStopping)).ToArray();
        return page;
    }

    private string Unready => pages.Any() || Waiting.Count == 0 ? "" : $"; not ready: {string.Join(", ", Waiting)}";

    private IEnumerable<Pipeline> Pipelines => node.Pipelines.Select(static each => each.Pipeline);

    private IEnumerable<Pipeline> Stopped => Pipelines.Where(static each => each.Fatal is not null);

    private IEnumerable<string> Failing => Pipelines.SelectMany(
        static each => PipelineHealth.FailingOf(each.Metrics.Partitions).Concat(each.FailingCalls)
            .Select(trouble => $"{each.Name}: {trouble}"));

    private static List<string> Titles(IEnumerable<(string Peer, bool? IsConnected)> peers) =>
        [.. peers.Select(static peer => char.ToUpperInvariant(peer.Peer[0]) + peer.Peer[1..])];
}

/// <summary>Serialises the health pages without reflection.</summary>
[JsonSerializable(typeof(Dictionary<string, object>))]
[JsonSerializable(typeof(bool))]
[JsonSerializable(typeof(double))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(PipelineHealth[]))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
internal sealed partial class HealthJson : JsonSerializerContext;
