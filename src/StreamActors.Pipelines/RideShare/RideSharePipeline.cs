using StreamActors.Configuration;
using StreamActors.Hosting;
using StreamActors.Kafka;
using StreamActors.Redis;

namespace StreamActors.Pipelines.RideShare;

/// <summary>
/// The bridge from Kafka to the map in the browser: GPS pings by window, everything else as it comes, each event once.
/// </summary>
public static class RideSharePipeline
{
    /// <summary>The pipeline's name, for <c>streamactors run</c>.</summary>
    public const string Name = "ride-share";

    /// <summary>Adds the pipeline to a node, with its documented settings; their mistakes are the host's.</summary>
    /// <param name="node">The node.</param>
    /// <param name="reader">Reads the settings, such as <see cref="EnvironmentSettings.Reader()"/>.</param>
    public static StreamActorsBuilder AddRideShare(this StreamActorsBuilder node, SettingsReader reader) =>
        node.AddRideShare(RideShareSettings.Read(reader), reader);

    /// <summary>Adds the pipeline to a node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="settings">Its settings.</param>
    /// <param name="reader">What they were read with, where the host is to show them; null = nothing.</param>
    public static StreamActorsBuilder AddRideShare(
        this StreamActorsBuilder node, RideShareSettings settings, SettingsReader? reader = null)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(settings);
        return node.AddPipeline(
            Name,
            pipeline => Define(pipeline, settings),
            new Connectors().AddKafka(settings.Kafka).AddRedis(settings.Redis),
            reader ?? new SettingsReader());
    }

    /// <summary>Composes the pipeline.</summary>
    public static void Define(PipelineBuilder pipeline, RideShareSettings settings)
    {
        ArgumentNullException.ThrowIfNull(pipeline);
        ArgumentNullException.ThrowIfNull(settings);
        pipeline.GroupId = settings.GroupId;
        pipeline.StartAt = settings.StartAt;
        pipeline.Timing = settings.Timing;
        foreach (var topic in settings.Topics)
        {
            var codec = topic.Codec(Guid.NewGuid);
            var toRedis = Redis.Redis.Publish(static e => e.Channel, codec);
            var route = pipeline.From(topic.Name, codec)
                .Named(topic.Handler)
                .CreateTopic(settings.NewTopics.Partitions, settings.NewTopics.Replication)
                .DedupById(static e => e.EventId, settings.DedupWindow);
            if (settings.DeadLetterTopic is { } deadLetters)
            {
                route.DeadLetters(deadLetters);
            }

            if (topic == RideShareTopics.GpsPings)
            {
                Window(route, settings).To(toRedis);
            }
            else
            {
                route.To(toRedis);
            }
        }
    }

    private static WindowEnd<RideEvent> Window(RouteBuilder<RideEvent> route, RideShareSettings settings)
    {
        var held = route.SubKey(static e => e.EntityType).SubKey(static e => e.EntityId).Every(settings.Window);
        return settings.SampleRate is { } rate ? held.Sample(rate) : held.Latest();
    }
}
