using Confluent.Kafka;
using StreamActors.Events;
using StreamActors.Kafka;
using StreamActors.Sinks;
using StreamActors.Testing;
using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.Kafka;

/// <summary>The sink, and a plain consumer that reads back what it wrote.</summary>
public abstract class KafkaContract : SinkContract
{
    protected abstract KafkaOptions Cluster { get; }

    /// <summary>The producer holds what it has until a broker takes it, and reports the outage by itself.</summary>
    protected override SinkContractOptions Options { get; } = new() { WaitsForPeer = true };

    /// <summary>Above what a producer may send (<c>MaxRecordBytes</c>).</summary>
    protected override SinkOutput Undeliverable { get; } = new("key"u8.ToArray(), new byte[2_000_000]);

    protected override bool IsRefused(SinkOutput output) => output.Equals(Undeliverable);

    protected override Task<ISink> OpenAsync() =>
        Task.FromResult<ISink>(new KafkaSink(Cluster, "contract", new Unheard(), TimeProvider.System));

    protected override Task<IReadOnlyList<SinkOutput>> DeliveredAsync(string destination) =>
        Task.Run(() => ReadAll(destination));

    private IReadOnlyList<SinkOutput> ReadAll(string topic)
    {
        var settings = new ConsumerConfig
        {
            BootstrapServers = Cluster.BootstrapServers,
            GroupId = topic,
            EnablePartitionEof = true,
            EnableAutoCommit = false,
            FetchWaitMaxMs = 5,
        };
        using var consumer = new ConsumerBuilder<byte[]?, byte[]?>(settings).SetLogHandler((_, _) => { }).Build();
        consumer.Assign(new TopicPartitionOffset(topic, 0, Offset.Beginning));
        var all = new List<SinkOutput>();
        while (consumer.Consume(TimeSpan.FromSeconds(30)) is { IsPartitionEOF: false } read)
        {
            all.Add(new SinkOutput(read.Message.Key, read.Message.Value)
            {
                Headers = [.. read.Message.Headers.Select(static header => (header.Key, header.GetValueBytes()))],
            });
        }

        consumer.Unassign();
        return all;
    }

    private sealed class Unheard : IEngineEvents
    {
        public void Report(EngineEvent happened)
        {
        }
    }
}

/// <summary>On the embedded broker, which is no claim about Kafka, and comes and goes at once.</summary>
public sealed class KafkaSinkContractTests : KafkaContract, IDisposable
{
    private readonly EmbeddedBroker broker = new();

    protected override KafkaOptions Cluster => broker.Options;

    [Theory]
    [MemberData(nameof(Promises))]
    [MemberData(nameof(OutagePromises))]
    [MemberData(nameof(RefusalPromises))]
    public Task It_keeps(SinkPromise promise) => CheckAsync(promise);

    public void Dispose() => broker.Dispose();

    protected override Task<string> MakeDestinationAsync(string name)
    {
        broker.CreateTopic(name, 1);
        return Task.FromResult(name);
    }

    protected override Task GoAwayAsync()
    {
        broker.TakeDown();
        return Task.CompletedTask;
    }

    protected override Task ComeBackAsync()
    {
        broker.BringUp();
        return Task.CompletedTask;
    }
}

/// <summary>On a real Kafka.</summary>
public sealed class RealKafkaSinkContractTests : KafkaContract, IAsyncLifetime
{
    private RealKafka? kafka;

    protected override KafkaOptions Cluster => Topics.Options(kafka!.Bootstrap);

    [KafkaTheory]
    [MemberData(nameof(Promises))]
    [MemberData(nameof(RefusalPromises))]
    public Task It_keeps(SinkPromise promise) => CheckAsync(promise);

    public async Task InitializeAsync() => kafka = await RealKafka.SharedAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    protected override async Task<string> MakeDestinationAsync(string name)
    {
        await Topics.CreateAsync(kafka!.Bootstrap, name, 1);
        return name;
    }
}

/// <summary>On a real Kafka of its own, whose only broker is killed and started again.</summary>
public sealed class KilledKafkaSinkContractTests(KilledKafkaSinkContractTests.Brokers brokers)
    : KafkaContract, IClassFixture<KilledKafkaSinkContractTests.Brokers>, IAsyncLifetime
{
    private RealKafka? kafka;

    protected override KafkaOptions Cluster => Topics.Options(kafka!.Bootstrap);

    [KafkaTheory(Dedicated = true)]
    [MemberData(nameof(OutagePromises))]
    public Task It_keeps(SinkPromise promise) => CheckAsync(promise);

    public async Task InitializeAsync() => kafka = await brokers.StartedAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    protected override async Task<string> MakeDestinationAsync(string name)
    {
        await Topics.CreateAsync(kafka!.Bootstrap, name, 1);
        return name;
    }

    protected override Task GoAwayAsync() => kafka!.KillAsync(1);

    protected override Task ComeBackAsync() => kafka!.UpAsync(1);

    /// <summary>One cluster for all cases, started by the first that runs.</summary>
    public sealed class Brokers : IAsyncLifetime
    {
        private Task<RealKafka>? started;

        public Task<RealKafka> StartedAsync() => started ??= RealKafka.StartAsync();

        public Task InitializeAsync() => Task.CompletedTask;

        public async Task DisposeAsync()
        {
            if (started is not null)
            {
                await (await started).DisposeAsync();
            }
        }
    }
}
