using StreamActors.Kafka;
using StreamActors.Redis;
using StreamActors.Windows;

namespace StreamActors.Pipelines.RideShare;

/// <summary>
/// The bridge from Kafka to the map in the browser: GPS pings by window, everything else as it comes, each event once.
/// </summary>
public static class RideSharePipeline
{
    /// <summary>The pipeline's name, for <c>streamactors run</c>.</summary>
    public const string Name = "ride-share";

    /// <summary>Adds the pipeline to a node.</summary>
    public static StreamActorsBuilder AddRideShare(
        this StreamActorsBuilder node, RideShareSettings settings)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(settings);
        return node.AddPipeline(new PipelineRegistration(Name, pipeline => Define(pipeline, settings))
        {
            Connectors = new Connectors().AddKafka(settings.Kafka).AddRedis(settings.Redis),
            HasOwnSettings = true,
        });
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
                Window(route, settings.Window).To(toRedis);
            }
            else
            {
                route.To(toRedis);
            }
        }
    }

    private static WindowEnd<RideEvent> Window(RouteBuilder<RideEvent> route, WindowSpec window)
    {
        var held = route.SubKey(static e => e.EntityType).SubKey(static e => e.EntityId).Every(window.Every);
        return window.Strategy == WindowStrategy.Latest ? held.Latest() : held.Sample(window.SampleRate);
    }
}
