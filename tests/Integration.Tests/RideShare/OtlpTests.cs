using System.Diagnostics;
using System.Globalization;
using StreamActors.Metrics;
using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.RideShare;

/// <summary>What a receiver of OTLP is sent, and what becomes of a node whose receiver is ill.</summary>
public sealed class OtlpTests
{
    private const string Lag = "streamactors_partition_lag";

    // They differ from one moment to the next.
    private static readonly string[] OfTheMoment =
    [
        "stream_processor_uptime_seconds", "streamactors_uptime_seconds", "streamactors_memory_bytes",
        "streamactors_allocated_bytes_total",
    ];

    [RedisTheory]
    [InlineData("grpc")]
    [InlineData("http/protobuf")]
    public async Task Every_metric_leaves_with_the_name_kind_unit_and_numbers_of_the_Prometheus_page(string protocol)
    {
        await using var theatre = await Theatre.EmbeddedAsync();
        await using var receiver = new OtlpReceiver(protocol);
        await receiver.BecomeAsync(Manner.Takes);
        var node = await theatre.StartReadyAsync(
        [
            .. receiver.Settings, ("DEPLOYMENT_ENV", "eu"), ("OTEL_RESOURCE_ATTRIBUTES", "team=map%20view"),
        ]);
        await theatre.RunSomeAsync(node);
        var before = receiver.Taken.Count;
        await node.UntilAsync("it is sent twice more", () => receiver.Taken.Count >= before + 2);
        var page = await node.PrometheusAsync();
        var sent = receiver.Taken[^1];
        await node.StopAsync();

        sent.Resource.Where(static each => each.Key != "service.instance.id").ShouldBe(
            new Dictionary<string, string>
            {
                ["service.name"] = "stream-processor",
                ["service.version"] = "0.1.0",
                ["deployment.environment"] = "eu",
                ["team"] = "map view",
            },
            ignoreOrder: true);
        sent.Resource["service.instance.id"].ShouldNotBeEmpty();
        // A family without a sample is not sent: the lag, until the client knows it.
        sent.Metrics.Where(static each => each.Key != Lag)
            .ToDictionary(static each => each.Key, static each => each.Value.Kind)
            .ShouldBe(page.Families.Where(static each => each.Key != Lag), ignoreOrder: true);
        foreach (var (name, type) in MetricsTests.Exported)
        {
            sent.Metrics["stream_processor_" + name].Kind.ShouldBe(type, name);
        }

        foreach (var metric in sent.Metrics.Values)
        {
            Check(metric, page);
        }

        sent["stream_processor_messages_consumed_total"].ShouldBe(111);
        sent.Metrics["stream_processor_pipeline_latency_seconds"].Points[0].Count
            .ShouldBe((ulong)theatre.Frontend.Count);
        node.Log.ShouldNotContain("canary-of-otlp");
        node.Output.ShouldAllBe(static line => !line.Contains("Metrics"));
    }

    [RedisTheory]
    [InlineData("grpc", Manner.IsAway, "Connection refused")]
    [InlineData("http/protobuf", Manner.IsAway, "Connection refused")]
    [InlineData("grpc", Manner.Stalls, "no answer within 300 ms")]
    [InlineData("http/protobuf", Manner.Stalls, "no answer within 300 ms")]
    [InlineData("grpc", Manner.Fails, "it answered 500 (InternalServerError)")]
    [InlineData("http/protobuf", Manner.Fails, "it answered 500 (InternalServerError)")]
    [InlineData("grpc", Manner.Rejects, "it rejected 300 data points")]
    [InlineData("http/protobuf", Manner.Rejects, "it rejected 300 data points")]
    [InlineData("grpc", Manner.RepeatsTheSecret, "it answered gRPC status 16 (Unauthenticated)")]
    [InlineData("http/protobuf", Manner.RepeatsTheSecret, "it answered 401 (Unauthorized)")]
    public async Task An_ill_receiver_is_told_of_once_and_holds_up_nothing(string protocol, Manner manner, string why)
    {
        await using var theatre = await Theatre.EmbeddedAsync(partitions: 1);
        await using var receiver = new OtlpReceiver(protocol);
        await receiver.BecomeAsync(manner);
        var patience = manner == Manner.Stalls ? "300" : "10000";
        var node = await theatre.StartReadyAsync([.. receiver.Settings, ("OTEL_EXPORTER_OTLP_TIMEOUT", patience)]);
        await node.UntilAsync("the log says so", () => Lines("Metrics do not reach").Count > 0);
        theatre.Feed.Send("trips", "t", Rides.Trip("t"));
        await theatre.TripsShownAsync(["t/0"], seconds: 2);
        (await node.GetAsync("/health")).Took.ShouldBeLessThan(TimeSpan.FromMilliseconds(800));
        var asked = receiver.Asked;
        await (manner == Manner.IsAway
            ? Task.Delay(1500)
            : node.UntilAsync("it was tried again", () => receiver.Asked >= asked + 3));

        await receiver.BecomeAsync(Manner.Takes);

        await node.UntilAsync("all that was missed is told", () =>
            receiver.Taken is [.., var last] && last["stream_processor_messages_published_total"] == 1);
        await node.UntilAsync("the log says so", () => Lines("again after").Count > 0);
        Lines("Metrics do not reach").ShouldHaveSingleItem().ShouldEndWith(why);
        Lines("Metrics reach").ShouldHaveSingleItem();
        await receiver.BecomeAsync(manner);
        var clock = Stopwatch.StartNew();
        await node.StopAsync();
        clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(5));
        node.Log.ShouldNotContain("canary-of-otlp");
        node.Log.ShouldNotContain("   at ");

        List<string> Lines(string text) => [.. node.Output.Where(line => line.Contains(text))];
    }

    [RedisFact]
    public async Task The_last_export_is_of_the_end_when_all_is_drained()
    {
        await using var theatre = await Theatre.EmbeddedAsync(partitions: 1);
        await using var receiver = new OtlpReceiver("grpc");
        await receiver.BecomeAsync(Manner.Takes);
        var node = await theatre.StartReadyAsync(
            [.. receiver.Settings, ("OTEL_METRIC_EXPORT_INTERVAL", "3600000"), ("PROCESSOR_WINDOW_SIZE_MS", "5000")]);
        theatre.Feed.Send("gps_pings", "d", Rides.Ping("d"));
        await node.UntilAsync("it is read", TimeSpan.FromSeconds(10), async () =>
            (await node.MetricsAsync()).GetProperty("messages_consumed_total").GetInt64() == 1);

        await node.StopAsync();

        receiver.Taken.ShouldHaveSingleItem()["stream_processor_messages_published_total"].ShouldBe(1);
        Totals.Of(node).Published.ShouldBe(1);
    }

    [Fact]
    public async Task The_page_of_settings_does_not_show_the_headers_nor_a_login()
    {
        var (code, page, _) = await RunningNode.RunToEndAsync(
            [
                ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://me:canary@collector"),
                ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=canary"),
            ],
            "run", "ride-share", "--print-config");

        code.ShouldBe(2, "a login in the endpoint is refused");
        page.ShouldMatch(@"(?m)^OTEL_EXPORTER_OTLP_ENDPOINT +\*{8} ");
        page.ShouldMatch(@"(?m)^OTEL_EXPORTER_OTLP_HEADERS +\*{8} ");
        page.ShouldNotContain("canary");
    }

    private static void Check(OtlpMetric metric, PrometheusPage page)
    {
        metric.Description.ShouldNotBeEmpty(metric.Name);
        metric.IsCumulative.ShouldBe(metric.Kind != "gauge", metric.Name);
        metric.Unit.ShouldBe(
            metric.Name.EndsWith("_seconds") ? "s" : metric.Name.Contains("_bytes") ? "By" : "", metric.Name);
        foreach (var point in metric.Points)
        {
            var labels = string.Join(',', point.Attributes.Select(static each => $"{each.Key}=\"{each.Value}\""));
            var series = labels.Length == 0 ? "" : $"{{{labels}}}";
            DateTime.UnixEpoch.AddTicks((long)(point.Nanoseconds / 100))
                .ShouldBe(DateTime.UtcNow, TimeSpan.FromMinutes(1), metric.Name);
            point.StartNanoseconds.ShouldBeInRange(1UL, point.Nanoseconds, metric.Name);
            if (metric.Kind == "histogram")
            {
                point.Bounds.ShouldBe(LatencyHistogram.Bounds.Select(static bound => bound.TotalSeconds));
                point.Buckets.Length.ShouldBe(point.Bounds.Length + 1);
                point.Sum.ShouldBe(page[$"{metric.Name}_sum{series}"], metric.Name);
                ((double)point.Count).ShouldBe(page[$"{metric.Name}_count{series}"], metric.Name);
                var upTo = 0UL;
                foreach (var (bound, count) in point.Bounds.Append(double.PositiveInfinity).Zip(point.Buckets))
                {
                    var edge = double.IsInfinity(bound) ? "+Inf" : bound.ToString(CultureInfo.InvariantCulture);
                    var start = labels.Length == 0 ? "" : labels + ",";
                    ((double)(upTo += count)).ShouldBe(page[$"{metric.Name}_bucket{{{start}le=\"{edge}\"}}"]);
                }
            }
            else if (!OfTheMoment.Contains(metric.Name))
            {
                point.Value.ShouldBe(page[metric.Name + series], metric.Name + series);
            }
        }
    }
}
