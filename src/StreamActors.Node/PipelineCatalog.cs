using Microsoft.Extensions.DependencyInjection;
using StreamActors.Configuration;
using StreamActors.Hosting;
using StreamActors.Kafka;
using StreamActors.Pipelines.RideShare;
using StreamActors.Redis;
using StreamActors.Sources;

namespace StreamActors.Node;

/// <summary>The built-in pipelines by name.</summary>
internal static class PipelineCatalog
{
    /// <summary>The names.</summary>
    public static IReadOnlyList<string> Names { get; } = [RideSharePipeline.Name];

    /// <summary>Reads the settings of pipelines; mistakes are the reader's.</summary>
    /// <exception cref="UserErrorException">A name is not known.</exception>
    public static IReadOnlyList<PipelineEntry> Read(IReadOnlyList<string> names, SettingsReader reader) =>
        [.. names.Distinct().Select(name => Read(name, reader))];

    private static PipelineEntry Read(string name, SettingsReader reader)
    {
        if (name != RideSharePipeline.Name)
        {
            throw new UserErrorException(
                $"There is no pipeline {name}.{Nearest.Hint(name, Names)} Known: {string.Join(", ", Names)}.");
        }

        return RideShare(RideShareSettings.Read(reader));
    }

    /// <summary>The ride-share pipeline with these settings.</summary>
    public static PipelineEntry RideShare(RideShareSettings settings) => new(
        RideSharePipeline.Name,
        (node, services) =>
        {
            node.AddRideShare(settings);
            services.AddSingleton<RideShareMetrics>();
            services.AddSingleton<IMetricPage>(static all => all.GetRequiredService<RideShareMetrics>());
            services.AddSingleton<IMetricSource>(static all => all.GetRequiredService<RideShareMetrics>());
        },
        new PipelinePeers(settings.Kafka, settings.Redis)
        {
            Topics = [.. TopicsOf(settings)],
            Reads = [.. settings.Topics.Select(static topic => topic.Name)],
            PlatformTopics = PlatformTopics(settings.NewTopics.Replication),
            Channels = [.. settings.Topics.SelectMany(static topic => topic.Channels).Distinct()],
        });

    /// <summary>All topics of the ride-share platform, with the partitions that it gives them.</summary>
    public static IReadOnlyList<TopicSpec> PlatformTopics(short replication) => [.. RideShareTopics.All.Select(
        topic => new TopicSpec(topic.Name, topic.PlatformPartitions, replication))];

    private static IEnumerable<TopicSpec> TopicsOf(RideShareSettings settings)
    {
        var (partitions, replication) = settings.NewTopics;
        foreach (var topic in settings.Topics)
        {
            yield return new TopicSpec(topic.Name, partitions, replication);
        }

        if (settings.DeadLetterTopic is { } deadLetters)
        {
            yield return new TopicSpec(deadLetters, partitions, replication);
        }
    }
}

/// <summary>A pipeline that a node can run.</summary>
/// <param name="Name">Its name.</param>
/// <param name="AddTo">Adds it, with its pages, to a node.</param>
/// <param name="Peers">What it needs to be there.</param>
internal sealed record PipelineEntry(
    string Name, Action<StreamActorsBuilder, IServiceCollection> AddTo, PipelinePeers Peers);

/// <summary>What a pipeline needs to be there.</summary>
/// <param name="Kafka">Where it reads.</param>
/// <param name="Redis">Where it publishes.</param>
internal sealed record PipelinePeers(KafkaOptions Kafka, RedisOptions Redis)
{
    /// <summary>The topics that it reads and writes, as it would create them.</summary>
    public required IReadOnlyList<TopicSpec> Topics { get; init; }

    /// <summary>Of these, the ones that it reads.</summary>
    public required IReadOnlyList<string> Reads { get; init; }

    /// <summary>The topics of the real platform, with its numbers of partitions.</summary>
    public required IReadOnlyList<TopicSpec> PlatformTopics { get; init; }

    /// <summary>The Redis channels that it publishes to.</summary>
    public required IReadOnlyList<string> Channels { get; init; }
}
