using StreamActors.Hosting;
using StreamActors.Metrics;

namespace StreamActors.Pipelines.Tests.Hosting;

public sealed class PrometheusTextTests
{
    [Fact]
    public void A_counter_has_its_help_its_type_and_a_line_for_each_sample()
    {
        var family = new MetricFamily(
            "records_total", "Records.", MetricKind.Counter,
            [new MetricSample([("route", "gps")], 3), new MetricSample([("route", "trip")], 4)]);

        PrometheusText.Write([family]).ShouldBe(
            """
            # HELP records_total Records.
            # TYPE records_total counter
            records_total{route="gps"} 3
            records_total{route="trip"} 4

            """);
    }

    [Fact]
    public void A_label_with_quotes_backslashes_and_line_breaks_stays_on_its_line()
    {
        var family = new MetricFamily(
            "records_total", "Records.", MetricKind.Counter, [new MetricSample([("topic", "a\"b\\c\nd")], 1)]);

        PrometheusText.Write([family]).ShouldContain("""records_total{topic="a\"b\\c\nd"} 1""");
    }

    [Fact]
    public void The_buckets_of_a_histogram_are_cumulative_and_end_in_its_count()
    {
        var histogram = new LatencyHistogram();
        histogram.Record(400);
        histogram.Record(4_000, times: 2);
        histogram.Record(90_000_000);
        var family = new MetricFamily(
            "latency_seconds", "Latency.", MetricKind.Histogram, [new MetricSample([], 90.0084, histogram.Snapshot())]);

        var lines = PrometheusText.Write([family]).Split('\n');

        lines.ShouldContain("latency_seconds_bucket{le=\"0.0005\"} 1");
        lines.ShouldContain("latency_seconds_bucket{le=\"0.005\"} 3");
        lines.ShouldContain("latency_seconds_bucket{le=\"60\"} 3");
        lines.ShouldContain("latency_seconds_bucket{le=\"+Inf\"} 4");
        lines.ShouldContain("latency_seconds_count 4");
    }
}
