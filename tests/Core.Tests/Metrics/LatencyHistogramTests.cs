using StreamActors.Metrics;

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
        histogram.Snapshot().CountUpTo(TimeSpan.FromMicroseconds(5)).ShouldBe(10);
        LatencySnapshot.Empty.Percentile(0.99).ShouldBe(TimeSpan.Zero);
    }
}
