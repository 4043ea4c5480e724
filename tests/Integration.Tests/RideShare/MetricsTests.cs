using System.Text.Json;
using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.RideShare;

/// <summary>The numbers, in the two forms in which they are asked for.</summary>
public sealed class MetricsTests
{
    private static readonly (string Name, JsonValueKind Kind)[] Documented =
    [
        ("messages_consumed_total", JsonValueKind.Number), ("messages_published_total", JsonValueKind.Number),
        ("messages_consumed_per_sec", JsonValueKind.Number), ("messages_published_per_sec", JsonValueKind.Number),
        ("gps_aggregation_ratio", JsonValueKind.Number), ("redis_publish_latency", JsonValueKind.Object),
        ("publish_errors", JsonValueKind.Number), ("publish_errors_per_sec", JsonValueKind.Number),
        ("kafka_connected", JsonValueKind.True), ("redis_connected", JsonValueKind.True),
        ("uptime_seconds", JsonValueKind.Number), ("timestamp", JsonValueKind.Number),
    ];

    /// <summary>What the original exports, and what its page shows.</summary>
    internal static readonly (string Name, string Type)[] Exported =
    [
        ("messages_consumed_total", "counter"), ("messages_published_total", "counter"),
        ("gps_received_total", "counter"), ("gps_emitted_total", "counter"), ("publish_errors_total", "counter"),
        ("validation_errors_total", "counter"), ("gps_aggregation_ratio", "gauge"), ("kafka_connected", "gauge"),
        ("redis_connected", "gauge"), ("uptime_seconds", "gauge"), ("redis_publish_latency_seconds", "histogram"),
        ("pipeline_latency_seconds", "histogram"),
    ];

    [RedisFact]
    public async Task Metrics_is_the_documented_JSON_and_its_numbers_are_right()
    {
        await using var theatre = await Theatre.EmbeddedAsync();
        var node = await theatre.StartReadyAsync();
        (await node.MetricsAsync()).GetProperty("gps_aggregation_ratio").GetDouble()
            .ShouldBe(0, "before the first flush");
        await theatre.RunSomeAsync(node);

        var page = await node.GetAsync("/metrics");
        page.ContentType.ShouldBe("application/json");
        page.Json.EnumerateObject().Select(static field => (field.Name, field.Value.ValueKind)).ShouldBe(Documented);
        long Number(string name) => page.Json.GetProperty(name).GetInt64();
        Number("messages_consumed_total").ShouldBe(111);    // without the duplicate, with the invalid one
        Number("messages_published_total").ShouldBe(theatre.Frontend.Count);
        Number("publish_errors").ShouldBe(0);
        page.Json.GetProperty("messages_consumed_per_sec").GetDouble().ShouldBeGreaterThan(0);
        page.Json.GetProperty("gps_aggregation_ratio").GetDouble()
            .ShouldBe((theatre.Frontend.Count - 10) / 100.0, 0.001);
        var latency = page.Json.GetProperty("redis_publish_latency");
        latency.EnumerateObject().Select(static field => field.Name).ShouldBe(["avg_ms", "p95_ms", "count"]);
        latency.GetProperty("avg_ms").GetDouble().ShouldBeInRange(0.001, 1000);
        var clock = page.Json.GetProperty("timestamp").GetDouble();
        DateTimeOffset.FromUnixTimeMilliseconds((long)(clock * 1000))
            .ShouldBeInRange(DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddMinutes(1));
        await node.StopAsync();
    }

    [RedisFact]
    public async Task A_ping_that_its_window_holds_is_received_and_not_emitted()
    {
        await using var theatre = await Theatre.EmbeddedAsync(partitions: 1);
        var node = await theatre.StartReadyAsync(("PROCESSOR_WINDOW_SIZE_MS", "5000"));
        theatre.Wire.Jam();
        theatre.Feed.Send("gps_pings", "d", Rides.Ping("d"));
        await node.UntilAsync("it is read", TimeSpan.FromSeconds(10),
            async () => (await node.PrometheusAsync())["stream_processor_gps_received_total"] == 1);

        (await node.PrometheusAsync())["stream_processor_gps_emitted_total"].ShouldBe(0);
        (await node.MetricsAsync()).GetProperty("gps_aggregation_ratio").GetDouble().ShouldBe(0);

        theatre.Wire.Clear();
        await node.StopAsync();
        Totals.Of(node).ShouldBe(new(1, 1, 0, 0, 0));
    }

    [RedisFact]
    public async Task The_metrics_port_speaks_Prometheus_with_the_documented_names()
    {
        await using var theatre = await Theatre.EmbeddedAsync();
        var node = await theatre.StartReadyAsync();
        await theatre.RunSomeAsync(node);

        var text = (await node.GetAsync("/metrics", port: node.MetricsPort)).Text;
        var page = PrometheusPage.Parse(text);
        foreach (var (name, type) in Exported)
        {
            page.Families["stream_processor_" + name].ShouldBe(type, name);
        }

        page["stream_processor_messages_consumed_total"].ShouldBe(111);
        page["stream_processor_messages_published_total"].ShouldBe(theatre.Frontend.Count);
        page["stream_processor_gps_received_total"].ShouldBe(100);
        page["stream_processor_gps_emitted_total"].ShouldBe(theatre.Frontend.Count - 10);
        foreach (var (_, handler, _) in Rides.OneOfEach("k"))
        {
            page[$"stream_processor_validation_errors_total{{handler_type=\"{handler}\"}}"]
                .ShouldBe(handler == "trip" ? 1 : 0);
        }

        page["stream_processor_kafka_connected"].ShouldBe(1);
        page["stream_processor_redis_connected"].ShouldBe(1);
        page["stream_processor_redis_publish_latency_seconds_count"].ShouldBeGreaterThan(0);
        page["stream_processor_pipeline_latency_seconds_count"].ShouldBe(theatre.Frontend.Count);
        if (Machine.Has("promtool"))
        {
            var file = Path.GetTempFileName();
            await File.WriteAllTextAsync(file, text);
            await using var leash = new Leash();
            await leash.RunAsync("bash", "-c", $"promtool check metrics < {file}");
        }

        await node.StopAsync();
    }

    [RedisFact]
    public async Task The_client_chooses_the_form()
    {
        await using var theatre = await Theatre.EmbeddedAsync();
        var node = await theatre.StartReadyAsync();
        foreach (var (accept, type) in new[]
                 {
                     (null, "application/json"), ("application/json", "application/json"), ("*/*", "application/json"),
                     ("text/plain", "text/plain"), ("text/plain;version=0.0.4;q=0.5", "text/plain"),
                     ("application/openmetrics-text;version=1.0.0", "text/plain"), ("text/html", "application/json"),
                 })
        {
            var page = await node.GetAsync("/metrics", accept);
            page.ContentType.ShouldBe(type, accept);
            if (type == "text/plain")
            {
                PrometheusPage.Parse(page.Text).Families.ShouldContainKey("stream_processor_messages_consumed_total");
            }
        }

        (await node.GetAsync("/metrics", "application/json", node.MetricsPort)).ContentType.ShouldBe("text/plain");
        (await node.StatusAsync("/nothing")).ShouldBe(404);
        await node.StopAsync();
    }
}
