using System.Numerics;

namespace StreamActors.Metrics;

/// <summary>
/// Counts durations in buckets that are at most 6 % wide, from 1 microsecond to 12 days: 16 buckets for each doubling.
/// Any thread may record and read; a reader sees each count whole, but not all of the same instant.
/// </summary>
public sealed class LatencyHistogram
{
    private const int SubBits = 4;
    private const int Sub = 1 << SubBits;
    private const int Doublings = 40;

    private readonly long[] counts = new long[Doublings * Sub];

    /// <summary>Counts durations.</summary>
    /// <param name="microseconds">The duration; a negative one counts as 0.</param>
    /// <param name="times">How many of them.</param>
    public void Record(long microseconds, long times = 1) =>
        Interlocked.Add(ref counts[Bucket(Math.Max(microseconds, 0))], times);

    /// <summary>The counts as they are now.</summary>
    public LatencySnapshot Snapshot()
    {
        var copy = new long[counts.Length];
        for (var i = 0; i < copy.Length; i++)
        {
            copy[i] = Interlocked.Read(ref counts[i]);
        }

        return new LatencySnapshot(copy);
    }

    /// <summary>The upper bound of a bucket, in microseconds.</summary>
    internal static long UpperBound(int bucket)
    {
        var (doubling, sub) = (bucket / Sub, bucket % Sub);
        return doubling == 0 ? sub : ((long)(Sub + sub + 1) << (doubling - 1)) - 1;
    }

    private static int Bucket(long value)
    {
        if (value < Sub)
        {
            return (int)value;
        }

        var shift = BitOperations.Log2((ulong)value) - SubBits;
        return Math.Min(((shift + 1) * Sub) + (int)((value >> shift) & (Sub - 1)), (Doublings * Sub) - 1);
    }
}

/// <summary>The counts of a <see cref="LatencyHistogram"/> at one time.</summary>
public sealed class LatencySnapshot
{
    private readonly long[] counts;

    internal LatencySnapshot(long[] counts) => this.counts = counts;

    /// <summary>No durations at all.</summary>
    public static LatencySnapshot Empty { get; } = new LatencyHistogram().Snapshot();

    /// <summary>How many durations were counted.</summary>
    public long Count => counts.Sum();

    /// <summary>The mean duration, within the width of the buckets; zero without any.</summary>
    public TimeSpan Mean
    {
        get
        {
            double sum = 0;
            long count = 0;
            for (var bucket = 0; bucket < counts.Length; bucket++)
            {
                sum += (double)counts[bucket] * LatencyHistogram.UpperBound(bucket);
                count += counts[bucket];
            }

            return count == 0 ? TimeSpan.Zero : TimeSpan.FromMicroseconds(sum / count);
        }
    }

    /// <summary>The durations that were counted after an earlier snapshot.</summary>
    public LatencySnapshot Since(LatencySnapshot earlier) =>
        new([.. counts.Zip(earlier.counts, static (now, then) => now - then)]);

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

    /// <summary>How many durations did not exceed a limit, within the width of the buckets.</summary>
    public long CountUpTo(TimeSpan limit)
    {
        var (count, microseconds) = (0L, (long)limit.TotalMicroseconds);
        for (var bucket = 0; bucket < counts.Length && LatencyHistogram.UpperBound(bucket) <= microseconds; bucket++)
        {
            count += counts[bucket];
        }

        return count;
    }
}
