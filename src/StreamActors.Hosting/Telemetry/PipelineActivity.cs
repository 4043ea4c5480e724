using StreamActors.Metrics;

namespace StreamActors.Hosting;

/// <summary>What a pipeline did within some time: for rates.</summary>
public sealed class PipelineActivity
{
    private readonly IReadOnlyDictionary<string, SinkActivity> sinks;

    internal PipelineActivity(IReadOnlyDictionary<string, SinkActivity> sinks) => this.sinks = sinks;

    /// <summary>The time.</summary>
    public TimeSpan Span { get; internal init; }

    /// <summary>Records received.</summary>
    public long Received { get; internal init; }

    /// <summary>Of them, duplicates.</summary>
    public long Duplicates { get; internal init; }

    /// <summary>The outputs to a sink; none where the pipeline does not emit to it.</summary>
    /// <param name="connector">The connector that opened it, such as <c>kafka</c>.</param>
    public SinkActivity Sink(string connector) => sinks.GetValueOrDefault(connector, SinkActivity.None);

    /// <summary>What was done after an earlier time; both began at the same.</summary>
    internal PipelineActivity Since(PipelineActivity earlier) => new(sinks.ToDictionary(
        static sink => sink.Key, sink => sink.Value.Since(earlier.Sink(sink.Key))))
    {
        Span = Span - earlier.Span,
        Received = Received - earlier.Received,
        Duplicates = Duplicates - earlier.Duplicates,
    };
}

/// <summary>What became of the outputs to a sink within some time.</summary>
public sealed class SinkActivity
{
    internal SinkActivity(long acknowledged, long failures, LatencySnapshot delivery, LatencySnapshot endToEnd) =>
        (Acknowledged, Failures, Delivery, EndToEnd) = (acknowledged, failures, delivery, endToEnd);

    /// <summary>Outputs that the sink has acknowledged.</summary>
    public long Acknowledged { get; }

    /// <summary>Deliveries that failed and were, or will be, repeated.</summary>
    public long Failures { get; }

    /// <summary>How long the sink took for a batch; counted once for each output in it.</summary>
    public LatencySnapshot Delivery { get; }

    /// <summary>From a record's own time to the acknowledgement of its output.</summary>
    public LatencySnapshot EndToEnd { get; }

    internal static SinkActivity None { get; } = new(0, 0, LatencySnapshot.Empty, LatencySnapshot.Empty);

    internal SinkActivity Since(SinkActivity earlier) => new(
        Acknowledged - earlier.Acknowledged,
        Failures - earlier.Failures,
        Delivery.Since(earlier.Delivery),
        EndToEnd.Since(earlier.EndToEnd));
}
