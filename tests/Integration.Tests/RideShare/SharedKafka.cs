using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.RideShare;

/// <summary>
/// The tests that share one real Kafka: the topics have fixed names, so one test runs at a time, each with a group of
/// its own, which starts behind what the others left.
/// </summary>
[CollectionDefinition(Name)]
public sealed class SharedKafka
{
    public const string Name = "ride-share on the shared Kafka";

    internal static async Task<Theatre> TheatreAsync() => await Theatre.OnAsync(await RealKafka.SharedAsync());
}

/// <summary>The tests on a cluster of their own whose brokers, partitions and topics they change.</summary>
[CollectionDefinition(Name)]
public sealed class OwnKafka : ICollectionFixture<OwnKafka>, IAsyncLifetime
{
    public const string Name = "ride-share on a Kafka of its own";

    private RealKafka? kafka;

    /// <summary>The cluster, started by the first test that needs it. It gives a dead member up after 2 s.</summary>
    internal async Task<RealKafka> KafkaAsync() => kafka ??= await RealKafka.StartAsync(new()
    {
        Settings =
        [
            "group.consumer.session.timeout.ms=2000",
            "group.consumer.heartbeat.interval.ms=200",
            "auto.create.topics.enable=false",
        ],
    });

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (kafka is not null)
        {
            await kafka.DisposeAsync();
        }
    }
}
