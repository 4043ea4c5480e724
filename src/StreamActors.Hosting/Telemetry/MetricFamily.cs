using StreamActors.Metrics;

namespace StreamActors.Hosting;

/// <summary>A metric with all its samples, whatever form it leaves the process in.</summary>
/// <param name="Name">Its name; counters end in <c>_total</c>, units are in the name.</param>
/// <param name="Help">What it counts, in a sentence.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="Samples">Its values, by labels.</param>
public sealed record MetricFamily(string Name, string Help, MetricKind Kind, IReadOnlyList<MetricSample> Samples)
{
    /// <summary>The unit that the name ends in, as OpenTelemetry writes it; empty for a plain number.</summary>
    internal string Unit =>
        Name.EndsWith("_seconds", StringComparison.Ordinal) ? "s"
        : Name.EndsWith("_bytes", StringComparison.Ordinal) || Name.EndsWith("_bytes_total", StringComparison.Ordinal)
            ? "By"
        : "";

    /// <summary>A family of one sample without labels.</summary>
    public static MetricFamily Of(string name, string help, MetricKind kind, double value) =>
        new(name, help, kind, [new MetricSample([], value)]);
}

/// <summary>What a metric is.</summary>
public enum MetricKind
{
    /// <summary>Only grows.</summary>
    Counter,

    /// <summary>Goes up and down.</summary>
    Gauge,

    /// <summary>Counts durations by buckets.</summary>
    Histogram,
}

/// <summary>A value of a metric.</summary>
/// <param name="Labels">Names and values, in order.</param>
/// <param name="Value">The value; of a histogram, the sum in seconds.</param>
/// <param name="Durations">The counts of a histogram.</param>
public sealed record MetricSample(
    IReadOnlyList<(string Name, string Value)> Labels, double Value, LatencySnapshot? Durations = null)
{
    /// <summary>Durations, without labels.</summary>
    public static MetricSample Of(LatencySnapshot durations)
    {
        ArgumentNullException.ThrowIfNull(durations);
        return new([], durations.Seconds, durations);
    }
}

/// <summary>Gives metrics, for every page and exporter of the node.</summary>
public interface IMetricSource
{
    /// <summary>The metrics as they are now. The names are the same at every call.</summary>
    IEnumerable<MetricFamily> Collect();
}
