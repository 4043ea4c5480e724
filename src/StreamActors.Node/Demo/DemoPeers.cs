using StreamActors.Configuration;
using StreamActors.Hosting;
using StreamActors.Kafka;
using StreamActors.Node.Cli;
using StreamActors.Pipelines.RideShare;
using StreamActors.Redis;
using StreamActors.Sources;

namespace StreamActors.Node.Demo;

/// <summary>The Kafka and the Redis of a demo: its own, which end with it, or those that it was given.</summary>
internal sealed class DemoPeers : IAsyncDisposable
{
    /// <summary>Where the demo's invalid events go.</summary>
    public const string DeadLetterTopic = "ride-share-demo-dead-letters";

    private readonly EmbeddedBroker? broker;
    private readonly OwnRedis? redis;
    private readonly string servers;
    private readonly HostPort redisAt;

    private DemoPeers(EmbeddedBroker? broker, string? kafka, OwnRedis? redis, HostPort? redisAt)
    {
        this.broker = broker;
        this.redis = redis;
        servers = kafka ?? broker!.BootstrapServers;
        this.redisAt = redisAt ?? new HostPort("127.0.0.1", redis!.Port);
    }

    /// <summary>What the demo reads from, in a word or two.</summary>
    public string Kafka => broker is null ? $"Kafka {servers}" : $"Kafka {servers} (embedded)";

    /// <summary>What it publishes to, in a word or two.</summary>
    public string Redis => $"Redis {redisAt.Host}:{redisAt.Port}" + (redis is null ? "" : " (its own)");

    /// <summary>How to look at what is published.</summary>
    public string Watch => $"redis-cli -h {redisAt.Host} -p {redisAt.Port} SUBSCRIBE driver-updates trip-updates";

    /// <summary>Starts what was not given.</summary>
    /// <param name="kafka">Brokers that run already; null starts the embedded one.</param>
    /// <param name="redisAt">A server that runs already; null starts one.</param>
    /// <param name="stop">Gives up.</param>
    public static async Task<DemoPeers> StartAsync(string? kafka, HostPort? redisAt, CancellationToken stop)
    {
        var ownRedis = redisAt is null ? await OwnRedis.StartAsync(stop) : null;
        return new DemoPeers(kafka is null ? StartBroker() : null, kafka, ownRedis, redisAt);
    }

    /// <summary>
    /// The settings of the demo's pipeline: the environment's, on these peers (with its log-ins only where the peers
    /// are given), all seven topics, in a group of this demo alone.
    /// </summary>
    public SettingsReader Settings()
    {
        var own = EnvironmentSettings.Variables()
            .Where(variable => broker is null || !variable.Key.StartsWith("KAFKA_", StringComparison.OrdinalIgnoreCase))
            .Where(variable => redis is null || !variable.Key.StartsWith("REDIS_", StringComparison.OrdinalIgnoreCase))
            .Where(static variable => !variable.Key.EndsWith("_ENABLED", StringComparison.OrdinalIgnoreCase))
            .ToDictionary(StringComparer.OrdinalIgnoreCase);
        var settings = Peers.With(
            own,
            ("KAFKA_BOOTSTRAP_SERVERS", servers),
            ("KAFKA_GROUP_ID", $"streamactors-demo-{Guid.NewGuid().ToString("N")[..8]}"),
            ("KAFKA_AUTO_OFFSET_RESET", "latest"),
            ("KAFKA_DLQ_TOPIC", DeadLetterTopic),
            ("REDIS_HOST", redisAt.Host),
            ("REDIS_PORT", $"{redisAt.Port}"),
            ("PROCESSOR_TOPICS", string.Join(',', RideShareTopics.All.Select(static topic => topic.Name))));

        // The embedded broker lets a fetch wait its whole time, whatever arrives meanwhile.
        return EnvironmentSettings.Reader(
            broker is null ? settings : Peers.With(settings, ("KAFKA_FETCH_MAX_WAIT_MS", "5")));
    }

    /// <summary>Why a Redis cannot be published to, and what to do; null where it can.</summary>
    public static async Task<string?> RedisTroubleAsync(RedisOptions redis, CancellationToken stop)
    {
        var findings = await RedisCheck.RunAsync(redis, [], TimeProvider.System, stop);
        return findings.FirstOrDefault(static finding => !finding.Ok) is { } wrong
            ? $"The demo cannot publish: {wrong.Sentence}. {wrong.Remedy}"
            : null;
    }

    /// <summary>The topics of the demo: the platform's, and the one for dead letters.</summary>
    public static IReadOnlyList<TopicSpec> Topics(short replication) =>
        [.. PipelineCatalog.PlatformTopics(replication), new TopicSpec(DeadLetterTopic, 1, replication)];

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        broker?.Dispose();
        if (redis is not null)
        {
            await redis.DisposeAsync();
        }
    }

    private static EmbeddedBroker StartBroker()
    {
        var started = new EmbeddedBroker();
        foreach (var topic in Topics(replication: 1))
        {
            started.CreateTopic(topic.Name, topic.Partitions);
        }

        return started;
    }
}
