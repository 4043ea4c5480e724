using System.Globalization;
using System.Text;
using StreamActors.Metrics;

namespace StreamActors.Hosting;

/// <summary>Writes metrics in Prometheus' text format 0.0.4.</summary>
internal static class PrometheusText
{
    /// <summary>The content type of the format.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>The page.</summary>
    public static string Write(IEnumerable<MetricFamily> families)
    {
        var page = new StringBuilder();
        foreach (var family in families)
        {
            page.Append("# HELP ").Append(family.Name).Append(' ')
                .Append(Escape(family.Help, quotes: false)).Append('\n');
            page.Append("# TYPE ").Append(family.Name).Append(' ').Append(Kind(family.Kind)).Append('\n');
            foreach (var sample in family.Samples)
            {
                if (family.Kind == MetricKind.Histogram)
                {
                    WriteHistogram(page, family.Name, sample);
                }
                else
                {
                    WriteLine(page, family.Name, sample.Labels, sample.Value);
                }
            }
        }

        return page.ToString();
    }

    private static void WriteHistogram(StringBuilder page, string name, MetricSample sample)
    {
        var count = 0L;
        foreach (var (bound, inBucket) in LatencyHistogram.Bounds.Zip(sample.Durations!.Buckets))
        {
            count += inBucket;
            WriteLine(page, $"{name}_bucket", [.. sample.Labels, ("le", Number(bound.TotalSeconds))], count);
        }

        count += sample.Durations.Buckets[^1];
        WriteLine(page, $"{name}_bucket", [.. sample.Labels, ("le", "+Inf")], count);
        WriteLine(page, $"{name}_sum", sample.Labels, sample.Value);
        WriteLine(page, $"{name}_count", sample.Labels, count);
    }

    private static void WriteLine(
        StringBuilder page, string name, IReadOnlyList<(string Name, string Value)> labels, double value)
    {
        page.Append(name);
        if (labels.Count > 0)
        {
            page.Append('{')
                .AppendJoin(',', labels.Select(static label => $"{label.Name}=\"{Escape(label.Value, quotes: true)}\""))
                .Append('}');
        }

        page.Append(' ').Append(Number(value)).Append('\n');
    }

    private static string Kind(MetricKind kind) => kind switch
    {
        MetricKind.Counter => "counter",
        MetricKind.Gauge => "gauge",
        _ => "histogram",
    };

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static string Escape(string text, bool quotes)
    {
        var escaped = text.Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace("\n", "\\n", StringComparison.Ordinal);
        return quotes ? escaped.Replace("\"", "\\\"", StringComparison.Ordinal) : escaped;
    }
}
