using System.Numerics;

namespace StreamActors.Metrics;

/// <summary>
/// Counts durations in buckets that are at most 6 % wide, from 1 microsecond to 101 days (2^43 µs; longer ones count as
/// that): 16 buckets for each doubling, cut once more at each of <see cref="Bounds"/>, so that what leaves the process
/// is exact. Any thread may record and read; a reader sees each number whole, but not all of the same instant.
/// </summary>
public sealed class LatencyHistogram
{
    private const int SubBits = 4;
    private const int Sub = 1 << SubBits;
    private const int Doublings = 40;

    /// <summary>
    /// The largest durations of the buckets in which the counts leave the process: finer around what pipelines promise,
    /// a few milliseconds without a window and a window of 100 ms with one.
    /// </summary>
    internal static IReadOnlyList<TimeSpan> Bounds { get; } =
    [
        .. new[]
        {
            0.5, 1, 2, 3, 5, 7, 10, 15, 25, 50, 75, 100, 105, 110, 115, 120, 130, 150, 200, 250, 500, 1_000, 2_500,
            5_000, 10_000, 60_000,
        }.Select(static milliseconds => TimeSpan.FromMilliseconds(milliseconds)),
    ];

    // The largest durations of the buckets that are counted, in microseconds; initialised after the bounds in them.
    private static readonly long[] Edges =
        [.. Enumerable.Range(0, Doublings * Sub).Select(UpperEdge).Union(Bounds.Select(Microseconds)).Order()];

    // By the bucket that a duration would have without the cuts: the first of its edges.
    private static readonly int[] FirstEdges =
        [.. Enumerable.Range(0, Doublings * Sub)
            .Select(static bucket => bucket == 0 ? 0 : Array.BinarySearch(Edges, UpperEdge(bucket - 1)) + 1)];

    private readonly long[] counts = new long[Edges.Length];
    private double sum;

    /// <summary>Counts a duration; a negative one counts as 0. Any thread may call it.</summary>
    public void Record(TimeSpan duration) => Record((long)duration.TotalMicroseconds, times: 1);

    /// <summary>Counts durations.</summary>
    /// <param name="microseconds">The duration; a negative one counts as 0.</param>
    /// <param name="times">How many of them.</param>
    internal void Record(long microseconds, long times = 1)
    {
        var duration = Math.Max(microseconds, 0);
        Interlocked.Add(ref counts[Bucket(duration)], times);
        // A long would overflow within two minutes of a million day-old records a second.
        var added = (double)duration * times;
        for (var seen = Volatile.Read(ref sum); ;)
        {
            var before = Interlocked.CompareExchange(ref sum, seen + added, seen);
            if (before.Equals(seen))
            {
                return;
            }

            seen = before;
        }
    }

    /// <summary>The numbers as they are now.</summary>
    public LatencySnapshot Snapshot()
    {
        var copy = new long[counts.Length];
        for (var i = 0; i < copy.Length; i++)
        {
            copy[i] = Interlocked.Read(ref counts[i]);
        }

        return new LatencySnapshot(copy, Volatile.Read(ref sum));
    }

    /// <summary>The largest duration of a bucket, in microseconds.</summary>
    internal static long UpperBound(int bucket) => Edges[bucket];

    private static long Microseconds(TimeSpan duration) => (long)duration.TotalMicroseconds;

    private static long UpperEdge(int bucket)
    {
        var (doubling, sub) = (bucket / Sub, bucket % Sub);
        return doubling == 0 ? sub : ((long)(Sub + sub + 1) << (doubling - 1)) - 1;
    }

    private static int Bucket(long duration)
    {
        var value = Math.Min(duration, Edges[^1]);
        var shift = Math.Max(BitOperations.Log2((ulong)value) - SubBits, 0);
        var uncut = value < Sub ? (int)value : ((shift + 1) * Sub) + (int)((value >> shift) & (Sub - 1));
        var bucket = FirstEdges[uncut];
        while (Edges[bucket] < value)
        {
            bucket++;
        }

        return bucket;
    }
}

/// <summary>The numbers of a <see cref="LatencyHistogram"/> at one time.</summary>
public sealed class LatencySnapshot
{
    private readonly long[] counts;
    private readonly double microseconds;

    internal LatencySnapshot(long[] counts, double microseconds) =>
        (this.counts, this.microseconds) = (counts, microseconds);

    /// <summary>No durations at all.</summary>
    internal static LatencySnapshot Empty { get; } = new LatencyHistogram().Snapshot();

    /// <summary>How many durations were counted.</summary>
    public long Count => counts.Sum();

    /// <summary>The sum of the durations, in seconds: too large for a <see cref="TimeSpan"/> some day.</summary>
    public double Seconds => microseconds / 1_000_000;

    /// <summary>The mean duration; zero without any.</summary>
    public TimeSpan Mean => Count == 0 ? TimeSpan.Zero : TimeSpan.FromMicroseconds(microseconds / Count);

    /// <summary>
    /// How many durations lie in each bucket of <see cref="LatencyHistogram.Bounds"/>, its bound included; the last
    /// number is of those above all bounds.
    /// </summary>
    internal IReadOnlyList<long> Buckets
    {
        get
        {
            var buckets = new long[LatencyHistogram.Bounds.Count + 1];
            var of = 0;
            for (var bucket = 0; bucket < counts.Length; bucket++)
            {
                var edge = TimeSpan.FromMicroseconds(LatencyHistogram.UpperBound(bucket));
                while (of < LatencyHistogram.Bounds.Count && edge > LatencyHistogram.Bounds[of])
                {
                    of++;
                }

                buckets[of] += counts[bucket];
            }

            return buckets;
        }
    }

    /// <summary>The durations that were counted after an earlier snapshot.</summary>
    public LatencySnapshot Since(LatencySnapshot earlier) => new(
        [.. counts.Zip(earlier.counts, static (now, then) => now - then)], microseconds - earlier.microseconds);

    /// <summary>The duration that this share of all did not exceed; zero without any.</summary>
    /// <param name="share">From 0 to 1: 0.99 for the 99th percentile.</param>
    public TimeSpan Percentile(double share)
    {
        var rank = (long)Math.Ceiling(share * Count);
        for (var bucket = 0; bucket < counts.Length; bucket++)
        {
            rank -= counts[bucket];
            if (rank <= 0 && counts[bucket] > 0)
            {
                return TimeSpan.FromMicroseconds(LatencyHistogram.UpperBound(bucket));
            }
        }

        return TimeSpan.Zero;
    }
}
