using StreamActors.Metrics;

namespace StreamActors.Hosting;

/// <summary>
/// Metrics as OTLP's <c>ExportMetricsServiceRequest</c>; the numbers are the fields of opentelemetry-proto 1. Counters
/// and histograms are cumulative since the start: an export that fails loses nothing, the next one tells it all.
/// </summary>
/// <param name="resource">Who sends: <c>service.name</c> and the like.</param>
/// <param name="startedAt">Since when counters and histograms count.</param>
internal sealed class OtlpMessage(IReadOnlyList<(string Name, string Value)> resource, DateTimeOffset startedAt)
{
    private const ulong Cumulative = 2;
    private const ulong Yes = 1;

    private readonly ulong since = Nanoseconds(startedAt);

    /// <summary>The request's bytes.</summary>
    public byte[] Write(IEnumerable<MetricFamily> families, DateTimeOffset time)
    {
        var now = Nanoseconds(time);
        var request = new ProtobufWriter();
        request.Message(1, resourceMetrics =>
        {
            resourceMetrics.Message(1, attributes => Attributes(attributes, 1, resource));
            resourceMetrics.Message(2, scopeMetrics =>
            {
                scopeMetrics.Message(1, static scope => scope.Text(1, "StreamActors"));
                foreach (var family in families.Where(static family => family.Samples.Count > 0))
                {
                    scopeMetrics.Message(2, metric => Metric(metric, family, now));
                }
            });
        });
        return request.ToArray();
    }

    private static void Attributes(
        ProtobufWriter owner, int field, IReadOnlyList<(string Name, string Value)> attributes)
    {
        foreach (var (name, value) in attributes)
        {
            owner.Message(field, attribute =>
            {
                attribute.Text(1, name);
                attribute.Message(2, text => text.Text(1, value));
            });
        }
    }

    private static ulong Nanoseconds(DateTimeOffset time) => (ulong)(time - DateTimeOffset.UnixEpoch).Ticks * 100;

    private void Metric(ProtobufWriter metric, MetricFamily family, ulong now)
    {
        metric.Text(1, family.Name);
        metric.Text(2, family.Help);
        metric.Text(3, family.Unit);
        switch (family.Kind)
        {
            case MetricKind.Gauge:
                metric.Message(5, gauge => Numbers(gauge, family, now));
                break;
            case MetricKind.Counter:
                metric.Message(7, sum =>
                {
                    Numbers(sum, family, now);
                    sum.Varint(2, Cumulative);
                    sum.Varint(3, Yes);
                });
                break;
            default:
                metric.Message(9, histogram =>
                {
                    Durations(histogram, family, now);
                    histogram.Varint(2, Cumulative);
                });
                break;
        }
    }

    private void Numbers(ProtobufWriter data, MetricFamily family, ulong now)
    {
        foreach (var sample in family.Samples)
        {
            data.Message(1, point =>
            {
                point.Fixed64(2, since);
                point.Fixed64(3, now);
                point.Double(4, sample.Value);
                Attributes(point, 7, sample.Labels);
            });
        }
    }

    private void Durations(ProtobufWriter data, MetricFamily family, ulong now)
    {
        foreach (var sample in family.Samples)
        {
            var buckets = sample.Durations!.Buckets;
            data.Message(1, point =>
            {
                point.Fixed64(2, since);
                point.Fixed64(3, now);
                point.Fixed64(4, (ulong)buckets.Sum());
                point.Double(5, sample.Value);
                point.Fixed64s(6, [.. buckets.Select(static count => (ulong)count)]);
                point.Doubles(7, LatencyHistogram.Bounds.Select(static bound => bound.TotalSeconds));
                Attributes(point, 9, sample.Labels);
            });
        }
    }
}
