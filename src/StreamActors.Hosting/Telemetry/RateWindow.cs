using Microsoft.Extensions.Hosting;

namespace StreamActors.Hosting;

/// <summary>Samples the numbers of every pipeline once a second, and keeps a minute of them, for rates.</summary>
internal sealed class RateWindow(Node node, TimeProvider time) : BackgroundService
{
    private const int Kept = 61;

    private readonly Lock sync = new();
    private readonly Dictionary<string, Queue<PipelineActivity>> samples = [];

    /// <summary>What a pipeline did within the last so long, as far back as samples go.</summary>
    public PipelineActivity Over(Pipeline pipeline, TimeSpan span)
    {
        var now = Take(pipeline);
        lock (sync)
        {
            var kept = samples.GetValueOrDefault(pipeline.Name);
            var oldest = now.Span - span - TimeSpan.FromSeconds(0.5);
            return kept?.FirstOrDefault(sample => sample.Span >= oldest) is { } then ? now.Since(then) : now;
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

    private void Keep(string pipeline, PipelineActivity sample)
    {
        lock (sync)
        {
            if (!samples.TryGetValue(pipeline, out var kept))
            {
                samples[pipeline] = kept = new Queue<PipelineActivity>();
            }

            kept.Enqueue(sample);
            while (kept.Count > Kept)
            {
                kept.Dequeue();
            }
        }
    }

    private PipelineActivity Take(Pipeline pipeline) => new(pipeline.Metrics.Sinks.ToDictionary(
        static sink => sink.Name,
        static sink => new SinkActivity(
            sink.Counters.Acknowledged, sink.Counters.Failures, sink.Counters.Delivery, sink.Counters.EndToEnd)))
    {
        Span = node.Uptime,
        Received = pipeline.Metrics.Routes.Sum(static route => route.Counters.Received),
        Duplicates = pipeline.Metrics.Routes.Sum(static route => route.Counters.Duplicates),
    };
}
