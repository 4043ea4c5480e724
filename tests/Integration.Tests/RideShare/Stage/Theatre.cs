using Confluent.Kafka;
using StreamActors.Kafka;
using StreamActors.Pipelines.RideShare;
using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.RideShare;

/// <summary>Everything around the nodes of one test: a Kafka, a Redis, a feed, a frontend, a group.</summary>
internal sealed class Theatre : IAsyncDisposable
{
    private readonly List<RunningNode> nodes = [];
    private readonly string servers;

    private Theatre(string servers, RealRedis redis, Frontend frontend)
    {
        this.servers = servers;
        Redis = redis;
        Frontend = frontend;
        Wire = new Relay(redis.Port);
        Feed = new Feed(new ClientConfig { BootstrapServers = servers });
    }

    /// <summary>The broker of this process, where the test does not use Kafka itself.</summary>
    public EmbeddedBroker Broker { get; private init; } = null!;

    public RealRedis Redis { get; }

    /// <summary>What the nodes reach Redis by; the frontend does not.</summary>
    public Relay Wire { get; }

    public Feed Feed { get; }

    public Frontend Frontend { get; set; }

    public string Group { get; } = RealKafka.Name("ride-share");

    /// <summary>The embedded broker, with all topics.</summary>
    public static async Task<Theatre> EmbeddedAsync(int partitions = 2)
    {
        var broker = new EmbeddedBroker();
        foreach (var topic in RideShareTopics.All)
        {
            broker.CreateTopic(topic.Name, partitions);
        }

        var redis = await RealRedis.StartAsync();
        return new Theatre(broker.BootstrapServers, redis, await Frontend.SubscribeAsync(redis)) { Broker = broker };
    }

    /// <summary>A real Kafka, which outlives the theatre.</summary>
    public static async Task<Theatre> OnAsync(RealKafka kafka)
    {
        var redis = await RealRedis.StartAsync();
        return new Theatre(kafka.Bootstrap, redis, await Frontend.SubscribeAsync(redis));
    }

    /// <summary>The settings that a node has from here.</summary>
    public IEnumerable<(string Name, string Value)> Settings =>
    [
        ("KAFKA_BOOTSTRAP_SERVERS", servers),
        ("KAFKA_GROUP_ID", Group),
        ("REDIS_HOST", "127.0.0.1"),
        ("REDIS_PORT", $"{Wire.Port}"),
        ("PROCESSOR_TOPICS", string.Join(',', RideShareTopics.All.Select(static topic => topic.Name))),
    ];

    /// <summary>Starts a node here.</summary>
    public RunningNode Start(params IEnumerable<(string Name, string Value)> settings)
    {
        var node = RunningNode.Start([.. Settings, .. settings]);
        nodes.Add(node);
        return node;
    }

    /// <summary>Starts a node here, and waits until it takes records.</summary>
    public async Task<RunningNode> StartReadyAsync(params IEnumerable<(string Name, string Value)> settings)
    {
        var node = Start(settings);
        await node.ReadyAsync();
        return node;
    }

    /// <summary>Waits until the frontend has been shown what it should be.</summary>
    public Task ShownAsync(string what, Func<IReadOnlyList<Shown>, bool> isSo, double seconds = 20) =>
        nodes.First(static node => !node.HasExited).UntilAsync(
            what, TimeSpan.FromSeconds(seconds), () => Task.FromResult(isSo(Frontend.All)));

    /// <summary>Waits until all these trips (see <see cref="Rides.TripKey"/>) were shown.</summary>
    public Task TripsShownAsync(IReadOnlyCollection<string> trips, double seconds = 30)
    {
        var missing = new HashSet<string>(trips);
        return nodes.First(static node => !node.HasExited).UntilAsync(
            $"{trips.Count} trips are shown", TimeSpan.FromSeconds(seconds), () =>
            {
                // All of it each time: what an earlier frontend still reads comes before what the new one has.
                missing.ExceptWith(Frontend.All.Select(Rides.TripKey));
                return Task.FromResult(missing.Count == 0);
            });
    }

    /// <summary>
    /// Sends a hundred pings of ten drivers, ten trips, one of them again, and an invalid one; returns once what is to
    /// be published is.
    /// </summary>
    public async Task RunSomeAsync(RunningNode node)
    {
        for (var ping = 0; ping < 100; ping++)
        {
            Feed.Enqueue("gps_pings", $"d{ping % 10}", Rides.Ping($"d{ping % 10}", ping));
        }

        for (var trip = 0; trip < 10; trip++)
        {
            var id = $"00000000-0000-4000-8000-00000000000{trip}";
            Feed.Enqueue("trips", $"t{trip}", Rides.Trip($"t{trip}", id: id));
        }

        Feed.Enqueue("trips", "t9", Rides.Trip("t9", id: "00000000-0000-4000-8000-000000000009"));
        Feed.Send("trips", "t9", "[1]");
        await TripsShownAsync([.. Enumerable.Range(0, 10).Select(static trip => $"t{trip}/0")]);
        await node.UntilAsync("all was read and published", TimeSpan.FromSeconds(10), async () =>
        {
            var page = await node.PrometheusAsync();
            return page["stream_processor_messages_consumed_total"] == 111
                && page["streamactors_records_merged_total{pipeline=\"ride-share\",route=\"gps\"}"]
                    + page["stream_processor_messages_published_total"] == 110
                && page["stream_processor_messages_published_total"] == Frontend.Count
                && page["stream_processor_kafka_connected"] + page["stream_processor_redis_connected"] == 2;
        });
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in nodes)
        {
            await node.DisposeAsync();
        }

        Frontend.Dispose();
        Wire.Dispose();
        Feed.Dispose();
        await Redis.DisposeAsync();
        Broker?.Dispose();
    }
}
