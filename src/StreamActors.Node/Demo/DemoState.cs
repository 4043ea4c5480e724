using StreamActors.Metrics;
using StreamActors.Node.Cli;

namespace StreamActors.Node.Demo;

/// <summary>All that a picture of a running demo shows.</summary>
internal sealed record DemoState
{
    /// <summary>What it does now.</summary>
    public required string Phase { get; init; }

    /// <summary>The last samples, one a second, the newest last; at least one.</summary>
    public required IReadOnlyList<DemoSample> Samples { get; init; }

    /// <summary>From a record's time to its acknowledgement by Redis, over the last seconds.</summary>
    public required LatencySnapshot Latency { get; init; }

    /// <summary>The partitions that this node owns.</summary>
    public required IReadOnlyList<PartitionStatus> Partitions { get; init; }

    /// <summary>Memory of the whole process: node, simulator and embedded broker.</summary>
    public required long Memory { get; init; }

    /// <summary>What was lately wrong, the newest first.</summary>
    public required IReadOnlyList<RecentWarning> Warnings { get; init; }

    /// <summary>The newest sample.</summary>
    public DemoSample Now => Samples[^1];

    /// <summary>The newest one that is old enough to measure a rate from.</summary>
    public DemoSample Before =>
        Samples.LastOrDefault(sample => Now.At - sample.At >= TimeSpan.FromSeconds(0.5)) ?? Samples[0];

    /// <summary>The sample of five seconds ago, or the oldest.</summary>
    public DemoSample Lately => Samples[Math.Max(Samples.Count - 6, 0)];

    /// <summary>Records behind, over all partitions whose lag is known.</summary>
    public long Lag => Partitions.Sum(static partition => partition.Lag ?? 0);

    /// <summary>What a share of the records did not exceed; a dash without any.</summary>
    public string LatencyOf(double share) =>
        Latency.Count == 0 ? "–" : Say.Milliseconds(Latency.Percentile(share));

    /// <summary>A rate over the last second.</summary>
    public double Rate(Func<DemoSample, long> number) => Rate(Before, Now, number);

    /// <summary>A rate for each second that is kept.</summary>
    public IReadOnlyList<double> Rates(Func<DemoSample, long> number) =>
        [.. Samples.Zip(Samples.Skip(1), (then, now) => Rate(then, now, number))];

    private static double Rate(DemoSample then, DemoSample now, Func<DemoSample, long> number) =>
        (number(now) - number(then)) / Math.Max((now.At - then.At).TotalSeconds, 0.001);
}
