using StreamActors.Metrics;

namespace StreamActors.Hosting;

/// <summary>
/// The numbers of this node, for an <see cref="IMetricSource"/> or an <see cref="IMetricPage"/> of your own: a service
/// of every host with <see cref="HostingSetup.AddStreamActors"/>. Any thread may read them at any time.
/// </summary>
public sealed class NodeMetrics
{
    private readonly Node node;
    private readonly PeerProbe peers;
    private readonly RateWindow rates;

    internal NodeMetrics(Node node, PeerProbe peers, RateWindow rates) =>
        (this.node, this.peers, this.rates) = (node, peers, rates);

    /// <summary>How long the node has been up.</summary>
    public TimeSpan Uptime => node.Uptime;

    /// <summary>Whether a peer answered when it was last asked, at most four seconds ago.</summary>
    /// <param name="connector">The connector that opened it, such as <c>kafka</c>.</param>
    public bool IsConnected(string connector) => peers.IsConnected(connector);

    /// <summary>The numbers of a pipeline, since the start of the process.</summary>
    /// <param name="pipeline">Its name.</param>
    /// <exception cref="ArgumentException">The node has no such pipeline.</exception>
    public PipelineMetrics Pipeline(string pipeline) => Find(pipeline).Metrics;

    /// <summary>What a pipeline did within the last so long; a minute at most is kept.</summary>
    /// <param name="pipeline">Its name.</param>
    /// <param name="span">How far to look back.</param>
    /// <exception cref="ArgumentException">The node has no such pipeline.</exception>
    public PipelineActivity Recent(string pipeline, TimeSpan span) => rates.Over(Find(pipeline), span);

    private Pipeline Find(string pipeline)
    {
        var all = node.Pipelines.Select(static each => each.Pipeline);
        return all.FirstOrDefault(each => each.Name == pipeline) ?? throw new ArgumentException(
            $"This node has no pipeline {pipeline}. It has: {string.Join(", ", all.Select(static each => each.Name))}.",
            nameof(pipeline));
    }
}
