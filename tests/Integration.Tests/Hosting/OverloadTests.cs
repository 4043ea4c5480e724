using System.Globalization;
using System.Text;
using Confluent.Kafka;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using StreamActors.Hosting;
using StreamActors.Kafka;
using StreamActors.Limits;
using StreamActors.Metrics;
using StreamActors.Sinks;
using StreamActors.Tests.Fixtures;
using NodeHost = StreamActors.Hosting.Node;

namespace StreamActors.Tests.Hosting;

/// <summary>Runs alone: what others allocate would be taken for the engine's.</summary>
[CollectionDefinition(nameof(Overload), DisableParallelization = true)]
public sealed class Overload;

/// <summary>
/// More than the pipeline can do: its memory stays under the sum of its limits, what is too much stays in Kafka, and
/// all of it is done once there is room, each record once.
/// </summary>
[Collection(nameof(Overload))]
public sealed class OverloadTests
{
    private const int Partitions = 4;
    private const int ValueBytes = 1_000;
    private const int Records = 100_000;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    [KafkaFact]
    public Task What_a_sink_does_not_take_stays_in_Kafka_and_is_done_later() => OverloadAsync("sink", hasHotKey: false);

    [KafkaFact]
    public Task So_it_does_where_half_is_of_one_key() => OverloadAsync("sink", hasHotKey: true);

    [KafkaFact]
    public Task What_a_service_does_not_answer_stays_in_Kafka_and_is_done_later() =>
        OverloadAsync("service", hasHotKey: false);

    [KafkaFact]
    public Task So_it_does_where_half_of_the_calls_are_of_one_key() => OverloadAsync("service", hasHotKey: true);

    private static async Task OverloadAsync(string stuck, bool hasHotKey)
    {
        // The embedded broker forgets what is too much.
        var kafka = await RealKafka.SharedAsync();
        var topic = RealKafka.Name("overload");
        await kafka.CliAsync("topics", "--create", "--topic", topic, "--partitions", $"{Partitions}");
        var (service, sink) = (new Valve(), new CountingSink());
        using var host = Start(kafka, topic, service, sink);
        var pipeline = host.Services.GetRequiredService<NodeHost>().Pipelines.ShouldHaveSingleItem().Pipeline;
        await Machine.UntilAsync("it has its partitions", Limit, () => Task.FromResult(pipeline.IsReady));

        // A trickle that it bears, then twenty times as much at once, while nothing gets through.
        Fill(kafka, topic, 0, Records / 20, hasHotKey);
        await Machine.UntilAsync("the trickle is done", Limit, () => Task.FromResult(sink.Count == Records / 20));
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var valve = stuck == "sink" ? sink.Valve : service;
        valve.Close();
        Fill(kafka, topic, Records / 20, Records, hasHotKey);
        await Machine.UntilAsync(
            "every partition is held",
            Limit,
            () => Task.FromResult(pipeline.Metrics.Partitions.All(static each => each.State == PartitionState.Held)));
        var grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        var route = pipeline.Definition.Routes[0];
        var limits = pipeline.Definition.Limits;
        var sum = (Partitions * MemoryBounds.OfPartition(route, limits, hasStore: false).Sum(static each => each.Bytes))
            + MemoryBounds.OfPipeline([route], limits, hasStore: false).Sum(static each => each.Bytes);
        grown.ShouldBeLessThan(sum);
        sum.ShouldBeLessThan(Records * ValueBytes / 4, "else the test would prove nothing");
        pipeline.Metrics.Partitions.ShouldAllBe(static each => each.Lag > 0);
        pipeline.Metrics.Routes[0].Counters.Received.ShouldBeLessThan(Records / 2, "the rest is in Kafka");

        valve.Open();
        await Machine.UntilAsync("all is done", Limit, () => Task.FromResult(sink.Count >= Records));
        sink.Count.ShouldBe(Records);
        sink.Distinct.ShouldBe(Records);
        await Machine.UntilAsync(
            "no partition is held or behind",
            Limit,
            () => Task.FromResult(pipeline.Metrics.Partitions.All(
                static each => each.State == PartitionState.Running && each.Lag == 0)));
        await host.StopAsync();
    }

    private static IHost Start(RealKafka kafka, string topic, Valve service, CountingSink sink)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(
        [
            KeyValuePair.Create("StreamActors:Kafka:BootstrapServers", (string?)kafka.Bootstrap),
            KeyValuePair.Create("StreamActors:Pipelines:load:GroupId", (string?)topic),
            KeyValuePair.Create("StreamActors:Kafka:Consumer:QueuedBytesPerPartition", (string?)"262144"),
            KeyValuePair.Create("StreamActors:Kafka:Consumer:MaxPartitionFetchBytes", (string?)"131072"),
        ]);
        builder.Services.AddSingleton(service);
        builder.AddStreamActors().AddKafka().AddSink("counting", _ => sink).AddPipeline("load", pipeline =>
        {
            pipeline.Limits = new()
            {
                MailboxRecords = 300,
                MailboxBytes = 256 * 1024,
                BatchRecords = 100,
                BatchBytes = 128 * 1024,
                OutboxRecords = 100,
                OutboxBytes = 128 * 1024,
                UncommittedRecords = 64 * 1024,
                Parking = new ParkingLimits { Records = 500, Bytes = 512 * 1024 },
            };
            pipeline.From(topic, new Bytes()).MapAsync<Passing, string>(new() { Timeout = TimeSpan.FromHours(1) })
                .To(new Target<string>("counting", "out", new Bytes()));
        });
        var host = builder.Build();
        host.Start();
        return host;
    }

    private static void Fill(RealKafka kafka, string topic, int from, int until, bool hasHotKey)
    {
        using var producer = new ProducerBuilder<string, string>(new ProducerConfig
        {
            BootstrapServers = kafka.Bootstrap,
            LingerMs = 20,
            QueueBufferingMaxMessages = 1_000_000,
            EnableDeliveryReports = false,
        }).SetLogHandler(static (_, _) => { }).Build();
        var padding = new string('x', ValueBytes - 8);
        for (var number = from; number < until; number++)
        {
            var entity = number / 2 % 1_000;
            var isHot = hasHotKey && number % 2 == 0;
            var key = isHot ? "hot" : $"key-{entity}";
            var partition = isHot ? 0 : entity % Partitions;
            producer.Produce(
                new TopicPartition(topic, partition),
                new Message<string, string> { Key = key, Value = $"{number:D8}{padding}" });
        }

        producer.Flush(Limit).ShouldBe(0);
    }

    /// <summary>Lets through, or holds back until it is opened.</summary>
    private sealed class Valve
    {
        private volatile TaskCompletionSource open = Opened();

        public Task Passed => open.Task;

        public void Close() => open = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Open() => open.TrySetResult();

        private static TaskCompletionSource Opened()
        {
            var opened = new TaskCompletionSource();
            opened.SetResult();
            return opened;
        }
    }

    private sealed class Passing(Valve valve) : IAsyncMap<string, string>
    {
        public async ValueTask<string?> MapAsync(string value, Call call, CancellationToken stop)
        {
            await valve.Passed.WaitAsync(stop);
            return value;
        }
    }

    private sealed class CountingSink : ISink
    {
        private readonly System.Collections.BitArray seen = new(Records);
        private readonly Lock sync = new();

        public Valve Valve { get; } = new();

        public string Name => "counting";

        public int Count { get; private set; }

        public int Distinct { get; private set; }

        public async Task DeliverAsync(OutputBatch batch, CancellationToken stop)
        {
            await Valve.Passed.WaitAsync(stop);
            lock (sync)
            {
                foreach (ref readonly var output in batch.Outputs)
                {
                    var number = int.Parse(batch.Value(in output)[..8], CultureInfo.InvariantCulture);
                    Count++;
                    Distinct += seen[number] ? 0 : 1;
                    seen[number] = true;
                }
            }
        }

        public ValueTask<bool> IsReachableAsync(CancellationToken stop) => ValueTask.FromResult(true);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class Bytes : ICodec<string>
    {
        public bool TryRead(ReadOnlySpan<byte> bytes, out string value, out Rejection rejection)
        {
            (value, rejection) = (Encoding.UTF8.GetString(bytes), default);
            return true;
        }

        public void Write(scoped in string value, System.Buffers.IBufferWriter<byte> output) =>
            Encoding.UTF8.GetBytes(value, output);
    }
}
