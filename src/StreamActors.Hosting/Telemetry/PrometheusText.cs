using System.Globalization;
using System.Text;

namespace StreamActors.Hosting;

/// <summary>Writes metrics in Prometheus' text format 0.0.4.</summary>
internal static class PrometheusText
{
    /// <summary>The content type of the format.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    // Upper bounds of the buckets, in milliseconds: finer around what pipelines promise, a few milliseconds without a
    // window and a window of 100 ms with one.
    private static readonly double[] Buckets =
    [
        0.5, 1, 2, 3, 5, 7, 10, 15, 25, 50, 75, 100, 105, 110, 115, 120, 130, 150, 200, 250, 500, 1_000, 2_500, 5_000,
        10_000, 60_000,
    ];

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
        var durations = sample.Durations!;
        foreach (var bound in Buckets)
        {
            var count = durations.CountUpTo(TimeSpan.FromMilliseconds(bound));
            WriteLine(page, $"{name}_bucket", [.. sample.Labels, ("le", Number(bound / 1000))], count);
        }

        WriteLine(page, $"{name}_bucket", [.. sample.Labels, ("le", "+Inf")], durations.Count);
        WriteLine(page, $"{name}_sum", sample.Labels, sample.Value);
        WriteLine(page, $"{name}_count", sample.Labels, durations.Count);
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
