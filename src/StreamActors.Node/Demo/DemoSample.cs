using StreamActors.Pipelines.RideShare;

namespace StreamActors.Node.Demo;

/// <summary>The numbers of a demo at one moment, since its start.</summary>
/// <param name="At">The time since the start.</param>
/// <param name="Produced">Records that Kafka has from the simulator.</param>
/// <param name="Published">Outputs that Redis has taken.</param>
/// <param name="DeadLetters">Dead letters that Kafka has taken.</param>
/// <param name="Routes">The counts of the routes, by their topics.</param>
internal sealed record DemoSample(
    TimeSpan At, long Produced, long Published, long DeadLetters, IReadOnlyList<RouteSample> Routes)
{
    /// <summary>Records that the pipeline has handled.</summary>
    public long Handled => Routes.Sum(static route => route.Received);

    /// <summary>Records that the window replaced by later ones.</summary>
    public long Merged => Routes.Sum(static route => route.Merged);

    /// <summary>Records that repeat an earlier one.</summary>
    public long Duplicates => Routes.Sum(static route => route.Duplicates);

    /// <summary>Records that make no sense.</summary>
    public long Invalid => Routes.Sum(static route => route.Invalid);

    /// <summary>Takes the numbers of this moment.</summary>
    public static DemoSample Take(TimeSpan at, long produced, Pipeline pipeline) => new(
        at,
        produced,
        pipeline.Metrics.Published,
        pipeline.Metrics.DeadLetters,
        [.. RideShareTopics.All.Select(topic => RouteSample.Take(topic, pipeline))]);

    /// <summary>The part of valid GPS pings that left a window since an earlier sample; null without any.</summary>
    public double? RatioSince(DemoSample earlier)
    {
        var (now, then) = (Gps(this), Gps(earlier));
        var emitted = now.Emitted - then.Emitted;
        var all = emitted + now.Merged - then.Merged;
        return all == 0 ? null : (double)emitted / all;
    }

    private static RouteSample Gps(DemoSample sample) =>
        sample.Routes.First(static route => route.Topic == RideShareTopics.GpsPings.Name);
}

/// <summary>The counts of a route at one moment.</summary>
internal sealed record RouteSample(
    string Topic, long Received, long Emitted, long Merged, long Duplicates, long Invalid)
{
    /// <summary>Takes the counts of the route that handles a topic.</summary>
    public static RouteSample Take(RideShareTopic topic, Pipeline pipeline)
    {
        var counts = pipeline.Metrics.Routes.First(route => route.Name == topic.Handler).Counters;
        return new RouteSample(
            topic.Name,
            counts.Received,
            counts.Emitted,
            counts.Merged,
            counts.Duplicates,
            counts.Rejected + counts.Failed);
    }
}
