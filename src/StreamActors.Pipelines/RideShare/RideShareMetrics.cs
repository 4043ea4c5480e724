using System.Text.Json;
using StreamActors.Hosting;
using StreamActors.Metrics;

namespace StreamActors.Pipelines.RideShare;

/// <summary>The numbers of the ride-share pipeline under the names of the service that it replaces.</summary>
public sealed class RideShareMetrics(NodeMetrics node, TimeProvider time) : IMetricPage, IMetricSource
{
    private const string Prefix = "stream_processor_";
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly PipelineMetrics pipeline = node.Pipeline(RideSharePipeline.Name);

    /// <inheritdoc/>
    public string Pipeline => RideSharePipeline.Name;

    private RouteCounters? Gps =>
        pipeline.Routes
            .FirstOrDefault(static route => route.Name == RideShareTopics.GpsPings.Handler)?.Counters;

    private SinkCounters ToRedis =>
        pipeline.Sinks.First(static sink => sink.Name == Redis.Redis.Connector).Counters;

    private long Consumed =>
        pipeline.Routes.Sum(static each => each.Counters.Received - each.Counters.Duplicates);

    private double GpsRatio => Gps is { Emitted: > 0 } gps ? (double)gps.Emitted / Valid(gps) : 0;

    /// <inheritdoc/>
    public void Write(Utf8JsonWriter json)
    {
        ArgumentNullException.ThrowIfNull(json);
        var recent = node.Recent(Pipeline, Window);
        var seconds = Math.Max(recent.Span.TotalSeconds, 0.001);
        var published = recent.Sink(Redis.Redis.Connector);
        var latency = published.Delivery;
        json.WriteNumber("messages_consumed_total", Consumed);
        json.WriteNumber("messages_published_total", ToRedis.Acknowledged);
        json.WriteNumber("messages_consumed_per_sec", Round((recent.Received - recent.Duplicates) / seconds));
        json.WriteNumber("messages_published_per_sec", Round(published.Acknowledged / seconds));
        json.WriteNumber("gps_aggregation_ratio", Math.Round(GpsRatio, 4));
        json.WriteStartObject("redis_publish_latency");
        json.WriteNumber("avg_ms", Round(latency.Mean.TotalMilliseconds));
        json.WriteNumber("p95_ms", Round(latency.Percentile(0.95).TotalMilliseconds));
        json.WriteNumber("count", latency.Count);
        json.WriteEndObject();
        json.WriteNumber("publish_errors", ToRedis.Failures);
        json.WriteNumber("publish_errors_per_sec", Round(published.Failures / seconds));
        json.WriteBoolean("kafka_connected", node.IsConnected(Kafka.Kafka.Connector));
        json.WriteBoolean("redis_connected", node.IsConnected(Redis.Redis.Connector));
        json.WriteNumber("uptime_seconds", Math.Round(node.Uptime.TotalSeconds, 1));
        json.WriteNumber("timestamp", time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0);
    }

    /// <inheritdoc/>
    public IEnumerable<MetricFamily> Collect()
    {
        var gps = Gps;
        yield return Counter("messages_consumed_total", "Messages read, without duplicates.", Consumed);
        yield return Counter("messages_published_total", "Messages that Redis has taken.", ToRedis.Acknowledged);
        yield return Counter("gps_received_total", "Valid GPS pings.", Valid(gps));
        yield return Counter("gps_emitted_total", "GPS pings that left a window.", gps?.Emitted ?? 0);
        yield return Counter("publish_errors_total", "Deliveries that failed and were repeated.", ToRedis.Failures);
        yield return new(
            $"{Prefix}validation_errors_total", "Invalid messages.", MetricKind.Counter,
            [.. pipeline.Routes.Select(static route =>
                new MetricSample([("handler_type", route.Name)], route.Counters.Rejected))]);
        yield return Gauge("gps_aggregation_ratio", "Published by consumed GPS pings.", GpsRatio);
        yield return Gauge("kafka_connected", "1 while Kafka answers.", Is(Kafka.Kafka.Connector));
        yield return Gauge("redis_connected", "1 while Redis answers.", Is(Redis.Redis.Connector));
        yield return Gauge("uptime_seconds", "Time since the start.", node.Uptime.TotalSeconds);
        yield return Durations("redis_publish_latency_seconds", "From a publish to its answer.", ToRedis.Delivery);
        yield return Durations(
            "pipeline_latency_seconds", "From a message's time to its publish's answer.", ToRedis.EndToEnd);
    }

    private static long Valid(RouteCounters? route) =>
        route is null ? 0 : route.Received - route.Duplicates - route.Rejected - route.Failed;

    private static double Round(double value) => Math.Round(value, 2);

    private static MetricFamily Counter(string name, string help, double value) =>
        MetricFamily.Of(Prefix + name, help, MetricKind.Counter, value);

    private static MetricFamily Gauge(string name, string help, double value) =>
        MetricFamily.Of(Prefix + name, help, MetricKind.Gauge, value);

    private static MetricFamily Durations(string name, string help, LatencySnapshot durations) =>
        new(Prefix + name, help, MetricKind.Histogram, [MetricSample.Of(durations)]);

    private double Is(string peer) => node.IsConnected(peer) ? 1 : 0;
}
