using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Confluent.Kafka;
using StreamActors.Events;
using StreamActors.Kafka;
using StreamActors.Metrics;
using StreamActors.Shards;
using StreamActors.Sinks;
using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.Kafka;

/// <summary>Two topics that feed the same entities, on Kafka: whole pipelines, as two nodes have them.</summary>
public sealed class CoPartitionTests
{
    private const int Partitions = 4;
    private const int Keys = 20;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly string left = RealKafka.Name("left");
    private readonly string right = RealKafka.Name("right");
    private readonly string group = RealKafka.Name("group");
    private readonly ConcurrentQueue<string> outputs = new();

    [KafkaTheory]
    [InlineData(KafkaGroupProtocol.Consumer)]
    [InlineData(KafkaGroupProtocol.Classic)]
    public async Task An_entity_sees_both_its_topics_in_order_and_nothing_is_lost_while_nodes_join_and_leave(
        KafkaGroupProtocol protocol)
    {
        var kafka = await RealKafka.SharedAsync();
        await Topics.CreateAsync(kafka.Bootstrap, left, Partitions);
        await Topics.CreateAsync(kafka.Bootstrap, right, Partitions);
        var options = Topics.Options(kafka.Bootstrap) with { Consumer = new() { GroupProtocol = protocol } };
        using var feed = new Feed(kafka.Bootstrap, left, right);

        await using var first = await StartAsync(options);
        await Machine.UntilAsync("all partitions", Limit, () => Task.FromResult(OwnsInStep(first, Partitions)));
        await using var second = await StartAsync(options);
        await Machine.UntilAsync("half each", Limit, () => Task.FromResult(
            OwnsInStep(first, Partitions / 2) && OwnsInStep(second, Partitions / 2)));
        await Task.Delay(500);
        await first.DisposeAsync();
        await Machine.UntilAsync("the hand-over", Limit, () => Task.FromResult(OwnsInStep(second, Partitions)));
        await Task.Delay(500);
        var sent = await feed.StopAsync();

        await Machine.UntilAsync("all records", Limit, () => Task.FromResult(Seen().Count >= 2 * sent));
        Seen().Count.ShouldBe(2 * sent);
        foreach (var side in Seen().GroupBy(static each => (each.Key, each.Side)))
        {
            side.Select(static each => each.Number).ShouldBeInOrder(SortDirection.Ascending, $"of {side.Key}");
        }

        foreach (var key in Seen().GroupBy(static each => each.Key))
        {
            key.Last().Both.ShouldBeTrue($"the entity of {key.Key} has seen both topics");
        }
    }

    [KafkaFact]
    public async Task Topics_with_different_counts_stop_their_pipeline_before_it_joins()
    {
        var kafka = await RealKafka.SharedAsync();
        await Topics.CreateAsync(kafka.Bootstrap, left, 2);
        await Topics.CreateAsync(kafka.Bootstrap, right, 3);
        await using var node = await StartAsync(Topics.Options(kafka.Bootstrap));
        await node.Ended.WaitAsync(Limit);
        node.Pipeline.Fatal.ShouldNotBeNull().ShouldContain($"{left} (2 partitions) and {right} (3 partitions)");
        node.Events.OfType<EngineEvent.Joining>().ShouldBeEmpty();
    }

    private static bool OwnsInStep(RunningPipeline node, int numbers)
    {
        var owned = node.Pipeline.Metrics.Partitions;
        return owned.Count == 2 * numbers
            && owned.All(static each => each.State == PartitionState.Running)
            && owned.GroupBy(static each => each.Partition.Number).All(static same => same.Count() == 2);
    }

    /// <summary>What came out, each record once, in the order in which it came first.</summary>
    private List<Output> Seen() => [.. outputs.Distinct().Select(Output.Parse).DistinctBy(static each => each.Value)];

    private async Task<RunningPipeline> StartAsync(KafkaOptions options)
    {
        var builder = new PipelineBuilder(group);
        builder.From(left, Codec.Text).Entity<Pair, Sides, string>()
            .To(new Target<string>("memory", static _ => "out", Codec.Text));
        builder.From(right, Codec.Text).Entity<Pair, Sides, string>();
        var node = new RunningPipeline(builder, options, new MemorySink(outputs));
        await node.Pipeline.PrepareAsync(CancellationToken.None);
        return node.Start();
    }

    /// <summary>A value is KEY:SIDE:NUMBER, and an output that and whether the entity has seen both sides.</summary>
    private sealed record Output(string Value, string Key, string Side, int Number, bool Both)
    {
        public static Output Parse(string text)
        {
            var parts = text.Split(':');
            return new(
                string.Join(':', parts[..3]),
                parts[0],
                parts[1],
                int.Parse(parts[2], CultureInfo.InvariantCulture),
                bool.Parse(parts[3]));
        }
    }

    [StateVersion(1)]
    private sealed class Sides
    {
        public bool HasLeft { get; set; }

        public bool HasRight { get; set; }
    }

    private sealed class Pair : IEntity<string, Sides, string>
    {
        public void On(string record, ref Sides state, Turn<string> turn)
        {
            state.HasLeft |= record.Contains(":left:", StringComparison.Ordinal);
            state.HasRight |= record.Contains(":right:", StringComparison.Ordinal);
            turn.Emit($"{record}:{state.HasLeft && state.HasRight}");
        }
    }

    /// <summary>Writes to both topics, evenly, until it is stopped; the numbers of a key grow.</summary>
    private sealed class Feed : IDisposable
    {
        private readonly IProducer<string, string> producer;
        private readonly CancellationTokenSource stop = new();
        private readonly Task<int> running;

        public Feed(string servers, string left, string right)
        {
            producer = new ProducerBuilder<string, string>(
                new ProducerConfig { BootstrapServers = servers, LingerMs = 5, EnableIdempotence = true }).Build();
            running = Task.Run(() => RunAsync(left, right));
        }

        /// <returns>How many records each topic got.</returns>
        public async Task<int> StopAsync()
        {
            await stop.CancelAsync();
            return await running;
        }

        public void Dispose()
        {
            stop.Cancel();
            running.Wait();
            producer.Dispose();
            stop.Dispose();
        }

        private async Task<int> RunAsync(string left, string right)
        {
            var sent = 0;
            for (; !stop.IsCancellationRequested; sent++)
            {
                var key = $"k{sent % Keys}";
                producer.Produce(left, new Message<string, string> { Key = key, Value = $"{key}:left:{sent}" });
                producer.Produce(right, new Message<string, string> { Key = key, Value = $"{key}:right:{sent}" });
                if (sent % 5 == 0)
                {
                    await Task.Delay(2);
                }
            }

            producer.Flush(Limit).ShouldBe(0);
            return sent;
        }
    }

    /// <summary>A pipeline on its poll thread, as a node has it.</summary>
    private sealed class RunningPipeline : IEngineEvents, IAsyncDisposable
    {
        private readonly KafkaSource source;
        private readonly CancellationTokenSource stop = new();
        private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private bool isDisposed;

        public RunningPipeline(PipelineBuilder builder, KafkaOptions options, ISink sink)
        {
            source = new KafkaSource(options, TimeProvider.System);
            var scheduler = new ThreadPoolScheduler(TimeProvider.System);
            var services = new EngineServices(TimeProvider.System, new Random(), scheduler, this);
            Pipeline = new Pipeline(builder, source, new Dictionary<string, ISink> { ["memory"] = sink }, services);
        }

        public Pipeline Pipeline { get; }

        public ConcurrentQueue<EngineEvent> Events { get; } = new();

        public Task Ended => ended.Task;

        public void Report(EngineEvent happened) => Events.Enqueue(happened);

        public RunningPipeline Start()
        {
            new Thread(() =>
            {
                Pipeline.Run(stop.Token);
                ended.SetResult();
            })
            { IsBackground = true }.Start();
            return this;
        }

        public async ValueTask DisposeAsync()
        {
            if (!isDisposed)
            {
                isDisposed = true;
                await stop.CancelAsync();
                await ended.Task;
                source.Dispose();
                stop.Dispose();
            }
        }
    }

    private sealed class MemorySink(ConcurrentQueue<string> outputs) : ISink
    {
        public string Name => "memory";

        public Task DeliverAsync(OutputBatch batch, CancellationToken stop)
        {
            foreach (ref readonly var output in batch.Outputs)
            {
                outputs.Enqueue(Encoding.UTF8.GetString(batch.Value(output)));
            }

            return Task.CompletedTask;
        }

        public ValueTask<bool> IsReachableAsync(CancellationToken stop) => ValueTask.FromResult(true);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
