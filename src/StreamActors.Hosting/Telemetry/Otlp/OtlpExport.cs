using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace StreamActors.Hosting;

/// <summary>
/// Sends the node's metrics to a receiver: now and then, and once more at the end, when all is drained. A receiver that
/// is away, slow or ill costs a line in the log when it begins and one when it is over, and nothing else.
/// </summary>
internal sealed partial class OtlpExport(
    OtlpOptions options,
    IEnumerable<IMetricSource> sources,
    HttpMessageHandler network,
    ILogger logger,
    TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan LastExportLimit = TimeSpan.FromSeconds(1);

    private readonly IMetricSource[] sources = [.. sources];
    private readonly OtlpMessage message = new(options.Resource, time.GetUtcNow());
    private readonly OtlpClient client = new(options, network);
    private readonly ILogger log = logger;
    private long? troubleSince;

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        using var limit = new CancellationTokenSource(LastExportLimit, time);
        await ExportAsync(limit.Token);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        client.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await ExportAsync(stoppingToken);
        }
    }

    private async Task ExportAsync(CancellationToken stop)
    {
        try
        {
            var families = sources.SelectMany(static source => source.Collect());
            TakeNote(await client.SendAsync(message.Write(families, time.GetUtcNow()), stop));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The node ends; the receiver was told before, or will not be.
        }
        catch (Exception error)
        {
            // A metric source may be user code; what it throws must not end the node.
            TakeNote(error.Message, error);
        }
    }

    private void TakeNote(string? why, Exception? defect = null)
    {
        if (why is not null && troubleSince is null)
        {
            troubleSince = time.GetTimestamp();
            Trouble(defect, options.Address, options.Interval.TotalSeconds, why);
        }
        else if (why is null && troubleSince is { } since)
        {
            troubleSince = null;
            Recovered(options.Address, Math.Round(time.GetElapsedTime(since).TotalSeconds, 1));
        }
    }
}
