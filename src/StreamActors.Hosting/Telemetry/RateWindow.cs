using Microsoft.Extensions.Hosting;
using StreamActors.Metrics;

namespace StreamActors.Hosting;

/// <summary>Samples the numbers of every pipeline once a second, and keeps a minute of them, for rates.</summary>
public sealed class RateWindow(Node node, TimeProvider time) : BackgroundService
{
    private const int Kept = 61;

    private readonly Lock sync = new();
    private readonly Dictionary<string, Queue<RateSample>> samples = [];

    /// <summary>The oldest sample of a pipeline within the last so many seconds, and one of this moment.</summary>
    public (RateSample Then, RateSample Now) Over(Pipeline pipeline, int seconds)
    {
        ArgumentNullException.ThrowIfNull(pipeline);
        var now = Take(pipeline);
        lock (sync)
        {
            var kept = samples.GetValueOrDefault(pipeline.Name);
            var oldest = now.At - TimeSpan.FromSeconds(seconds + 0.5);
            return (kept?.FirstOrDefault(sample => sample.At >= oldest) ?? RateSample.Zero, now);
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), time);
        do
        {
            foreach (var pipeline in node.Pipelines)
            {
                Keep(pipeline.Pipeline.Name, Take(pipeline.Pipeline));
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private void Keep(string pipeline, RateSample sample)
    {
        lock (sync)
        {
            if (!samples.TryGetValue(pipeline, out var kept))
            {
                samples[pipeline] = kept = new Queue<RateSample>();
            }

            kept.Enqueue(sample);
            while (kept.Count > Kept)
            {
                kept.Dequeue();
            }
        }
    }

    private RateSample Take(Pipeline pipeline) => new(
        node.Uptime,
        pipeline.Metrics.Routes.Sum(static route => route.Counters.Received),
        pipeline.Metrics.Routes.Sum(static route => route.Counters.Duplicates),
        pipeline.Metrics.Sinks.ToDictionary(static sink => sink.Name, static sink => new SinkSample(
            sink.Counters.Acknowledged,
            sink.Counters.Failures,
            sink.Counters.Delivery.Snapshot(),
            sink.Counters.EndToEnd.Snapshot())));
}

/// <summary>The numbers of a pipeline at one time.</summary>
/// <param name="At">The node's uptime then.</param>
/// <param name="Received">Records received.</param>
/// <param name="Duplicates">Of them, duplicates.</param>
/// <param name="Sinks">The numbers of its sinks, by connector name.</param>
public sealed record RateSample(
    TimeSpan At, long Received, long Duplicates, IReadOnlyDictionary<string, SinkSample> Sinks)
{
    /// <summary>The sample of the moment of the start.</summary>
    public static RateSample Zero { get; } = new(TimeSpan.Zero, 0, 0, new Dictionary<string, SinkSample>());

    /// <summary>The numbers of a sink; zeros where it has none.</summary>
    public SinkSample Sink(string name) => Sinks.GetValueOrDefault(name, SinkSample.Zero);
}

/// <summary>The numbers of a sink at one time.</summary>
/// <param name="Acknowledged">Outputs acknowledged.</param>
/// <param name="Failures">Deliveries that failed.</param>
/// <param name="Delivery">How long deliveries took.</param>
/// <param name="EndToEnd">From a record's time to the acknowledgement.</param>
public sealed record SinkSample(long Acknowledged, long Failures, LatencySnapshot Delivery, LatencySnapshot EndToEnd)
{
    /// <summary>No outputs.</summary>
    public static SinkSample Zero { get; } = new(0, 0, LatencySnapshot.Empty, LatencySnapshot.Empty);
}
