using StreamActors.Hosting;
using StreamActors.Metrics;

namespace StreamActors.Pipelines.Tests.Hosting;

public sealed class PipelineActivityTests
{
    [Fact]
    public void What_was_done_within_a_time_is_what_came_after_its_beginning()
    {
        var durations = new LatencyHistogram();
        durations.Record(TimeSpan.FromSeconds(9));
        var then = Sample(seconds: 10, received: 100, acknowledged: 70, durations.Snapshot());
        durations.Record(TimeSpan.FromMilliseconds(2));
        var now = Sample(seconds: 70, received: 400, acknowledged: 350, durations.Snapshot());

        var recent = now.Since(then);
        (recent.Span, recent.Received, recent.Duplicates).ShouldBe((TimeSpan.FromSeconds(60), 300, 30));
        recent.Sink("redis").Acknowledged.ShouldBe(280);
        recent.Sink("redis").Delivery.Count.ShouldBe(1);
        recent.Sink("redis").Delivery.Seconds.ShouldBe(0.002, 1e-9);
        recent.Sink("kafka").Acknowledged.ShouldBe(0, "it does not emit there");
    }

    private static PipelineActivity Sample(int seconds, long received, long acknowledged, LatencySnapshot delivery) =>
        new(new Dictionary<string, SinkActivity> { ["redis"] = new(acknowledged, 0, delivery, delivery) })
        {
            Span = TimeSpan.FromSeconds(seconds),
            Received = received,
            Duplicates = received / 10,
        };
}
