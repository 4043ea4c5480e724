using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StreamActors.Hosting;
using StreamActors.Metrics;
using StreamActors.Node.Load;
using NodeHost = StreamActors.Hosting.Node;

namespace StreamActors.Node.Demo;

/// <summary>
/// A demo whose node is up, from the wait for partitions to the totals:
/// <code>
///   wait for partitions ─▶ simulator runs ─▶ simulator stops ─▶ pipeline catches up ─▶ node drains ─▶ totals
/// </code>
/// The view is shown once a second in every phase.
/// </summary>
internal sealed class DemoRun(WebApplication app, Simulator simulator, IDemoView view, RecentWarnings warnings)
{
    private const int SamplesKept = 61;

    private static readonly TimeSpan LatencySpan = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan PartitionsLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan CatchUpLimit = TimeSpan.FromSeconds(15);

    private readonly Pipeline pipeline = app.Services.GetRequiredService<NodeHost>().Pipelines[0].Pipeline;
    private readonly RateWindow rates = app.Services.GetRequiredService<RateWindow>();
    private readonly List<DemoSample> samples = [];
    private readonly long startedAt = TimeProvider.System.GetTimestamp();
    private long shownAt;
    private string phase = "";

    /// <summary>Runs until it is stopped, or for so long; then drains.</summary>
    /// <returns>What became of every record.</returns>
    public async Task<DemoTotals> RunAsync(TimeSpan? length, CancellationToken stop)
    {
        var limit = length is null ? Timeout.InfiniteTimeSpan : PartitionsLimit;
        await UntilAsync("waiting for the partitions", limit, HasPartitions, stop);
        if (!stop.IsCancellationRequested && HasPartitions())
        {
            simulator.Start();
            await UntilAsync("running", length ?? Timeout.InfiniteTimeSpan, HasFailed, stop);
        }

        phase = "the simulator stops";
        Show();
        await Task.Run(simulator.Stop, CancellationToken.None);
        await UntilAsync("catching up", CatchUpLimit, HasCaughtUp, CancellationToken.None);
        phase = "draining";
        Show();
        var cut = await NodeApp.StopAsync(app);
        return new DemoTotals(Sample(), simulator.Totals.Malformed, simulator.Totals.Duplicates) { Cut = cut };
    }

    private bool HasFailed() => pipeline.Fatal is not null || simulator.Producer.Failure is not null;

    private bool HasPartitions() => pipeline.IsReady
        && pipeline.Metrics.Partitions is { Count: > 0 } owned
        && owned.All(static partition => partition.State == PartitionState.Running)
        && pipeline.Topics.All(topic => owned.Any(partition => partition.Partition.Topic == topic));

    private bool HasCaughtUp() => Sample().Handled >= simulator.Producer.Delivered || pipeline.Fatal is not null;

    /// <summary>Shows the demo once a second until something is so, time is over, or it is told to stop.</summary>
    private async Task UntilAsync(string what, TimeSpan limit, Func<bool> isSo, CancellationToken stop)
    {
        phase = what;
        var since = TimeProvider.System.GetTimestamp();
        while (!stop.IsCancellationRequested
            && !isSo()
            && (limit < TimeSpan.Zero || TimeProvider.System.GetElapsedTime(since) < limit))
        {
            if (shownAt == 0 || TimeProvider.System.GetElapsedTime(shownAt) >= Second)
            {
                Show();
            }

            await Task.Delay(Poll, TimeProvider.System, CancellationToken.None);
        }
    }

    private void Show()
    {
        shownAt = TimeProvider.System.GetTimestamp();
        samples.Add(Sample());
        if (samples.Count > SamplesKept)
        {
            samples.RemoveAt(0);
        }

        var trouble = simulator.Producer.Trouble is { } why
            ? [new RecentWarning(0, TimeProvider.System.GetLocalNow(), LogLevel.Warning, $"simulator: {why}", 1)]
            : Array.Empty<RecentWarning>();
        view.Show(new DemoState
        {
            Phase = phase,
            Samples = samples,
            Latency = rates.Over(pipeline, LatencySpan).Sink(Redis.Redis.Connector).EndToEnd,
            Partitions = pipeline.Metrics.Partitions,
            Memory = Environment.WorkingSet,
            Warnings = [.. trouble, .. warnings.Newest],
        });
    }

    private DemoSample Sample() =>
        DemoSample.Take(TimeProvider.System.GetElapsedTime(startedAt), simulator.Producer.Delivered, pipeline);
}
