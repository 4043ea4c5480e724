using StreamActors.Metrics;
using StreamActors.Sinks;

namespace StreamActors.Core.Tests.Metrics;

public sealed class LatencyHistogramTests
{
    [Fact]
    public void Percentiles_are_those_of_the_sorted_values_within_a_bucket() => Property.Holds(static drawn =>
    {
        if (drawn.Length == 0)
        {
            return;
        }

        var histogram = new LatencyHistogram();
        var values = drawn.Select(static number => (long)number >> (number % 31)).Order().ToArray();
        Array.ForEach(values, value => histogram.Record(value));
        var snapshot = histogram.Snapshot();
        snapshot.Count.ShouldBe(values.Length);
        foreach (var share in new[] { 0.01, 0.5, 0.9, 0.99, 1.0 })
        {
            var exact = values[(int)Math.Ceiling(share * values.Length) - 1];
            var told = snapshot.Percentile(share).TotalMicroseconds;
            told.ShouldBeInRange(exact, (exact * 1.0625) + 1);
        }
    });

    [Fact]
    public void Since_holds_only_what_came_after()
    {
        var histogram = new LatencyHistogram();
        histogram.Record(5, times: 10);
        var before = histogram.Snapshot();
        histogram.Record(1_000);
        histogram.Snapshot().Since(before).Count.ShouldBe(1);
        histogram.Snapshot().Since(before).Mean.ShouldBe(TimeSpan.FromMilliseconds(1));
        LatencySnapshot.Empty.Percentile(0.99).ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public void The_sum_and_the_buckets_that_leave_the_process_are_exact() => Property.Holds(static drawn =>
    {
        var bounds = LatencyHistogram.Bounds.Select(static bound => (long)bound.TotalMicroseconds).ToArray();
        long[] values =
        [
            .. drawn.Select(static number => (long)number >> (number % 31)),
            .. bounds, .. bounds.Select(static bound => bound + 1), long.MaxValue / 4,
        ];
        var histogram = new LatencyHistogram();
        Array.ForEach(values, value => histogram.Record(value, times: 2));

        var snapshot = histogram.Snapshot();

        snapshot.Seconds.ShouldBe(values.Sum(static value => 2.0 * value) / 1_000_000, 1e-6);
        snapshot.Buckets.ShouldBe(bounds.Prepend(-1).Zip(bounds.Append(long.MaxValue), (above, upTo) =>
            2L * values.Count(value => value > above && value <= upTo)));
        snapshot.Buckets.Sum().ShouldBe(snapshot.Count);
    });

    [Fact]
    public void A_batch_is_as_old_as_each_of_its_records_is()
    {
        Output[] outputs =
        [
            .. new[] { 90, 90, 40, -1, 90, 100, 200 }
                .Select(static time => new Output { Destination = "to", Origin = new Origin(0, 0, time) }),
        ];
        var counters = new SinkCounters();
        counters.AddLatencies(outputs, utcNow: 100);

        var ages = counters.EndToEnd;
        ages.Count.ShouldBe(6, "one has no time");
        ages.Seconds.ShouldBe(0.090, 1e-9);
        ages.Buckets[0].ShouldBe(2, "a record of the future is of this moment");
    }
}
