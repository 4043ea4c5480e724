using System.Globalization;

namespace StreamActors.Node.Bench;

/// <summary>A node's numbers, as its Prometheus page tells them.</summary>
internal sealed class NodeNumbers
{
    private const string Latency = "streamactors_latency_seconds_bucket";

    private readonly Dictionary<string, double> sums = new(StringComparer.Ordinal);
    private readonly SortedDictionary<double, double> latency = [];

    private NodeNumbers()
    {
    }

    /// <summary>Records taken from Kafka.</summary>
    public long Received => (long)sums.GetValueOrDefault("streamactors_records_received_total");

    /// <summary>Outputs that Redis has taken.</summary>
    public long Published => (long)sums.GetValueOrDefault("streamactors_outputs_acknowledged_total");

    /// <summary>Records that ended without an output of their own: merged, duplicates, rejected.</summary>
    public long Absorbed => (long)(sums.GetValueOrDefault("streamactors_records_merged_total")
        + sums.GetValueOrDefault("streamactors_records_duplicates_total")
        + sums.GetValueOrDefault("streamactors_records_rejected_total"));

    /// <summary>Records that were dropped as duplicates.</summary>
    public long Duplicates => (long)sums.GetValueOrDefault("streamactors_records_duplicates_total");

    /// <summary>Bytes that were allocated on the managed heap.</summary>
    public double Allocated => sums.GetValueOrDefault("streamactors_allocated_bytes_total");

    /// <summary>Sums all samples of each metric of a page.</summary>
    public static NodeNumbers Parse(string page)
    {
        var numbers = new NodeNumbers();
        foreach (var line in page.Split('\n').Where(static line => line.Length > 0 && line[0] != '#'))
        {
            var space = line.LastIndexOf(' ');
            var brace = line.IndexOf('{', StringComparison.Ordinal);
            var name = line[..(brace < 0 ? space : brace)];
            var value = double.Parse(line[(space + 1)..], CultureInfo.InvariantCulture);
            numbers.sums[name] = numbers.sums.GetValueOrDefault(name) + value;
            if (name == Latency)
            {
                var start = line.IndexOf("le=\"", StringComparison.Ordinal) + 4;
                var bound = line[start..line.IndexOf('"', start)];
                var key = bound == "+Inf" ? double.PositiveInfinity : double.Parse(bound, CultureInfo.InvariantCulture);
                numbers.latency[key] = numbers.latency.GetValueOrDefault(key) + value;
            }
        }

        return numbers;
    }

    /// <summary>
    /// The latency that this share of the outputs since an earlier reading did not exceed, in milliseconds,
    /// interpolated within its bucket.
    /// </summary>
    public double Percentile(double share, NodeNumbers since)
    {
        var all = double.PositiveInfinity;
        var rank = share * (latency[all] - since.latency.GetValueOrDefault(all));
        var (lower, before) = (0.0, 0.0);
        foreach (var bound in latency.Keys)
        {
            var count = latency[bound] - since.latency.GetValueOrDefault(bound);
            if (count >= rank)
            {
                var within = count == before ? 0 : (rank - before) / (count - before);
                return double.IsInfinity(bound) ? double.PositiveInfinity : 1000 * (lower + (within * (bound - lower)));
            }

            (lower, before) = (bound, count);
        }

        return double.PositiveInfinity;
    }
}
