using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace StreamActors.Hosting;

/// <summary>
/// Sends the node's metrics to an OpenTelemetry collector. Counters and gauges are read when the exporter asks; a
/// histogram leaves as its 50th, 95th and 99th percentile, its sum and its count, because a million durations a second
/// are counted in our own buckets, not one by one in the exporter's.
/// </summary>
internal sealed class OtlpExport(OtlpTarget target, IEnumerable<IMetricSource> sources) : IHostedService, IDisposable
{
    private const string MeterName = "StreamActors";

    private static readonly double[] Shares = [0.5, 0.95, 0.99];

    private readonly IMetricSource[] sources = [.. sources];
    private Meter? meter;
    private MeterProvider? provider;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        meter = new Meter(MeterName);
        foreach (var source in sources)
        {
            foreach (var family in source.Collect())
            {
                Publish(meter, source, family);
            }
        }

        provider = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(ResourceBuilder.CreateEmpty()
                .AddService(target.ServiceName, serviceVersion: target.ServiceVersion)
                .AddAttributes([new("deployment.environment", target.Environment)]))
            .AddMeter(MeterName)
            .AddOtlpExporter((exporter, reader) =>
            {
                exporter.Endpoint = target.Endpoint;
                reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds =
                    (int)target.Interval.TotalMilliseconds;
            })
            .Build();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        provider?.ForceFlush((int)TimeSpan.FromSeconds(1).TotalMilliseconds);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        provider?.Dispose();
        meter?.Dispose();
    }

    private static void Publish(Meter meter, IMetricSource source, MetricFamily family)
    {
        switch (family.Kind)
        {
            case MetricKind.Counter:
                meter.CreateObservableCounter(family.Name, () => Values(source, family.Name), description: family.Help);
                break;
            case MetricKind.Gauge:
                meter.CreateObservableGauge(family.Name, () => Values(source, family.Name), description: family.Help);
                break;
            default:
                meter.CreateObservableGauge(family.Name, () => Percentiles(source, family.Name), "s", family.Help);
                meter.CreateObservableCounter($"{family.Name}_count", () => Counts(source, family.Name));
                meter.CreateObservableCounter($"{family.Name}_sum", () => Values(source, family.Name), "s");
                break;
        }
    }

    private static IEnumerable<MetricSample> Samples(IMetricSource source, string name) =>
        source.Collect().First(family => family.Name == name).Samples;

    private static IEnumerable<Measurement<double>> Values(IMetricSource source, string name) =>
        Samples(source, name).Select(static sample => new Measurement<double>(sample.Value, Tags(sample)));

    private static IEnumerable<Measurement<long>> Counts(IMetricSource source, string name) =>
        Samples(source, name).Select(static sample => new Measurement<long>(sample.Durations!.Count, Tags(sample)));

    private static IEnumerable<Measurement<double>> Percentiles(IMetricSource source, string name) =>
        from sample in Samples(source, name)
        from share in Shares
        select new Measurement<double>(
            sample.Durations!.Percentile(share).TotalSeconds, [.. Tags(sample), new("quantile", share)]);

    private static KeyValuePair<string, object?>[] Tags(MetricSample sample) =>
        [.. sample.Labels.Select(static label => new KeyValuePair<string, object?>(label.Name, label.Value))];
}

/// <summary>Where metrics are sent.</summary>
/// <param name="Endpoint">The collector, such as <c>http://otel-collector:4317</c> (gRPC).</param>
/// <param name="ServiceName">The resource's <c>service.name</c>.</param>
/// <param name="ServiceVersion">The resource's <c>service.version</c>.</param>
/// <param name="Environment">The resource's <c>deployment.environment</c>.</param>
/// <param name="Interval">The time between two exports.</param>
public sealed record OtlpTarget(
    Uri Endpoint, string ServiceName, string ServiceVersion, string Environment, TimeSpan Interval);
