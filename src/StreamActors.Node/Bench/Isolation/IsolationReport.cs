using System.Text;
using System.Text.Json;
using StreamActors.Node.Cli;

namespace StreamActors.Node.Bench;

/// <summary>What the healthy keys had.</summary>
/// <param name="PerSecond">Their records a second, out of a backlog.</param>
/// <param name="Median">From a record's time to its output's acknowledgement, at a steady rate.</param>
/// <param name="P99">The same, for 99 of 100.</param>
/// <param name="Parked">Records of the others that waited at the end.</param>
internal sealed record IsolationFigures(double PerSecond, TimeSpan Median, TimeSpan P99, long Parked);

/// <summary>The figures of <c>bench isolation</c>.</summary>
internal sealed record IsolationReport(IsolationOptions Options, IsolationFigures Baseline, IsolationFigures Faulty)
{
    /// <summary>What the healthy keys keep of their throughput, at least.</summary>
    public const double Floor = 0.9;

    /// <summary>How much longer they may take, at most.</summary>
    public const double Ceiling = 2;

    /// <summary>What the healthy keys keep of their throughput.</summary>
    public double Throughput => Faulty.PerSecond / Baseline.PerSecond;

    /// <summary>How much longer the slowest of a hundred takes.</summary>
    public double P99 => Faulty.P99 / Baseline.P99;

    /// <summary>The figures as a table, for people.</summary>
    public override string ToString()
    {
        var table = new TextTable("healthy keys", "none fails", "1 % fail", "ratio", "promised");
        table.Add(
            "records/s", Say.Count((long)Baseline.PerSecond), Say.Count((long)Faulty.PerSecond), Say.Ratio(Throughput),
            $"at least {Floor:0.0}");
        table.Add(
            "p50", Say.Milliseconds(Baseline.Median), Say.Milliseconds(Faulty.Median),
            Say.Ratio(Faulty.Median / Baseline.Median), "");
        table.Add(
            "p99", Say.Milliseconds(Baseline.P99), Say.Milliseconds(Faulty.P99), Say.Ratio(P99),
            $"at most {Ceiling:0.0}");
        var page = new StringBuilder();
        page.AppendLine($"isolation: {Options.Records:N0} records, {Options.Keys:N0} keys, "
            + $"{Environment.ProcessorCount} cores shared with Kafka; latency at {Options.Rate:N0} records/s for "
            + $"{Options.Latency.TotalSeconds:N0} s");
        page.AppendLine();
        page.Append(table);
        page.AppendLine();
        page.AppendLine($"parked at the end   {Say.Count(Faulty.Parked)} records of failing keys");
        return page.ToString();
    }

    /// <summary>The figures as JSON, for scripts.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(
        new
        {
            bench = "isolation",
            records = Options.Records,
            keys = Options.Keys,
            baseline = Figures(Baseline),
            faulty = Figures(Faulty),
            throughput_ratio = Throughput,
            p99_ratio = P99,
        },
        JsonSerializerOptions.Web);

    private static object Figures(IsolationFigures of) => new
    {
        records_per_second = of.PerSecond,
        p50_ms = of.Median.TotalMilliseconds,
        p99_ms = of.P99.TotalMilliseconds,
        parked = of.Parked,
    };
}
