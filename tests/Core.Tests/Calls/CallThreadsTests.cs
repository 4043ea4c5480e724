using System.Buffers;
using System.Collections.Concurrent;
using System.Text;
using StreamActors.Core.Tests.Doubles;
using StreamActors.Limits;
using StreamActors.Metrics;
using StreamActors.Records;
using StreamActors.Shards;
using StreamActors.Sinks;

namespace StreamActors.Core.Tests.Calls;

/// <summary>
/// What no simulation on one thread can show: calls, their time-outs, turns and the end of shards really at once.
/// </summary>
public sealed class CallThreadsTests
{
    private const int Keys = 7;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Hasty hasty = new();
    private readonly ListSink sink = new();

    [Fact]
    public void No_wake_up_and_no_slot_is_lost_between_calls_time_outs_and_turns_of_several_shards()
    {
        const int Shards = 3;
        const int Batches = 2_000;
        var host = MakeHost();
        Shard[] shards = [.. Enumerable.Range(0, Shards).Select(number => Start(host, number))];
        for (var offset = 0; offset < Batches; offset++)
        {
            foreach (var shard in shards)
            {
                SpinWait.SpinUntil(() => shard.HasRoom, Patience).ShouldBeTrue("the shard stands still");
                Post(shard, offset);
            }
        }

        foreach (var shard in shards)
        {
            SpinWait.SpinUntil(() => shard.Committable(0) == Batches, Patience).ShouldBeTrue("the shard stands still");
            shard.Close();
        }

        hasty.MostAtOnce.ShouldBeLessThanOrEqualTo(Hasty.MaxInFlight);
        sink.Taken.Count.ShouldBe(Shards * Batches);
        foreach (var key in sink.Taken.GroupBy(static taken => taken.Key))
        {
            key.Select(static taken => taken.Number).ShouldBeInOrder();
        }
    }

    [Fact]
    public void No_slot_is_lost_when_shards_are_let_go_at_any_moment()
    {
        var host = MakeHost();
        var random = new Random(1);
        for (var round = 0; round < 300; round++)
        {
            Shard[] shards = [Start(host, 0), Start(host, 1)];
            for (var offset = 0; offset < 20; offset++)
            {
                Post(shards[offset % 2], offset / 2);
            }

            Thread.SpinWait(random.Next(20_000));
            Array.ForEach(shards, static shard => shard.Close());
        }

        SpinWait.SpinUntil(() => hasty.AtOnce == 0, Patience).ShouldBeTrue("a call does not end");
        var last = Start(host, 0);
        Post(last, 0);
        SpinWait.SpinUntil(() => last.Committable(0) == 1, Patience).ShouldBeTrue("there is no slot left");
        last.Close();
    }

    private ShardHost MakeHost()
    {
        var builder = new PipelineBuilder("p")
        {
            Limits = new PipelineLimits { MailboxRecords = 20, OutboxRecords = 5, Parking = new() { Records = 15 } },
        };
        builder.From("t", new Numbers()).MapAsync<Hasty.Map, int?>(Hasty.Options)
            .To(new Target<int?>("sink", static _ => "out", new Texts()));
        var definition = builder.Build();
        var events = new RecordedEvents();
        var threads = new ThreadPoolScheduler(TimeProvider.System);
        var services = new EngineServices(TimeProvider.System, new Random(1), threads, events) { Scopes = hasty };
        var metrics = new PipelineMetrics(["t"], ["sink"]);
        var open = new OpenSink(
            "sink", sink, new SinkGate("p", "sink", events, new Random(1)), metrics.Sinks[0].Counters);
        return new ShardHost(definition, [open], metrics, services);
    }

    private static Shard Start(ShardHost host, int number) =>
        new(host, Owners.New(), [new PartitionOffset(new PartitionId("t", number), 0)], phase: 0);

    private static void Post(Shard shard, int offset)
    {
        var batch = new RecordBatch();
        batch.Reset(shard.Inputs[0]);
        var key = Encoding.UTF8.GetBytes($"{shard.Inputs[0].Number}-{offset % Keys}");
        batch.Add(offset, 0, key, BitConverter.GetBytes(offset), default);
        shard.Post(0, batch);
    }

    /// <summary>Calls that end at once, or soon on another thread, or fail, or run out of their time.</summary>
    private sealed class Hasty : IScopes, IScope
    {
        public const int MaxInFlight = 4;

        private int atOnce;
        private int calls;

        public static MapAsyncOptions Options { get; } = new()
        {
            MaxInFlight = MaxInFlight,
            Timeout = TimeSpan.FromMilliseconds(20),
            Retry = Retry.On<IOException>(attempts: 1_000, first: TimeSpan.FromMilliseconds(1)),
        };

        public int MostAtOnce { get; private set; }

        public int AtOnce => Volatile.Read(ref atOnce);

        public IScope Open() => this;

        public T Make<T>()
            where T : class => (T)(object)new Map(this);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        internal sealed class Map(Hasty all) : IAsyncMap<int, int?>
        {
            public async ValueTask<int?> MapAsync(int value, Call call, CancellationToken stop)
            {
                all.MostAtOnce = Math.Max(all.MostAtOnce, Interlocked.Increment(ref all.atOnce));
                try
                {
                    await EndAsync(Interlocked.Increment(ref all.calls) % 100, stop);
                    return value;
                }
                finally
                {
                    Interlocked.Decrement(ref all.atOnce);
                }
            }

            private static async Task EndAsync(int number, CancellationToken stop)
            {
                switch (number)
                {
                    case 0:
                        await Task.Delay(TimeSpan.FromSeconds(60), TimeProvider.System, stop);
                        break;
                    case < 5:
                        throw new IOException();
                    case < 50:
                        await Task.Yield();
                        break;
                    default:
                        break;
                }
            }
        }
    }

    private sealed class Texts : ICodec<int?>
    {
        public bool TryRead(ReadOnlySpan<byte> bytes, out int? value, out Rejection rejection) =>
            throw new NotSupportedException();

        public void Write(scoped in int? value, IBufferWriter<byte> output) =>
            output.Write(BitConverter.GetBytes(value!.Value));
    }

    private sealed class ListSink : ISink
    {
        public ConcurrentQueue<(string Key, int Number)> Taken { get; } = [];

        public string Name => "list";

        public Task DeliverAsync(OutputBatch batch, CancellationToken stop)
        {
            foreach (ref readonly var output in batch.Outputs)
            {
                Taken.Enqueue((Encoding.UTF8.GetString(batch.Key(in output)),
                    BitConverter.ToInt32(batch.Value(in output))));
            }

            return Task.CompletedTask;
        }

        public ValueTask<bool> IsReachableAsync(CancellationToken stop) => ValueTask.FromResult(true);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
