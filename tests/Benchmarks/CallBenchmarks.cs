using System.Buffers;
using BenchmarkDotNet.Attributes;
using StreamActors.Limits;
using StreamActors.Metrics;
using StreamActors.Records;
using StreamActors.Shards;
using StreamActors.Sinks;
using StreamActors.Sources;

namespace StreamActors.Benchmarks;

/// <summary>
/// <c>MapAsync</c> with calls that await 20 ms, 256 in flight, from 4 partitions, on the thread pool: nanoseconds and
/// bytes allocated a record. 256 in 20 ms are 78,125 ns a record (12,800 a second); 100,000 ns are 10,000 a second.
/// </summary>
[MemoryDiagnoser]
[SimpleJob(launchCount: 1, warmupCount: 1, iterationCount: 5, invocationCount: 1)]
public class CallBenchmarks
{
    private const int Partitions = 4;
    private const int Records = 10_000;
    private const int Batch = 100;
    private const int Keys = 1_000;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly ThreadPoolScheduler scheduler = new(TimeProvider.System);
    private Shard[] shards = [];
    private int offset;

    /// <summary>Starts the shards.</summary>
    [GlobalSetup]
    public void Start()
    {
        var builder = new PipelineBuilder("calls") { Limits = new PipelineLimits { UncommittedRecords = 1_000_000 } };
        builder.From("t", new Numbers()).MapAsync<Service, object>(new() { MaxInFlight = 256 })
            .To(new Target<object>("sink", static _ => "out", new Nothing()));
        var metrics = new PipelineMetrics(["t"], ["sink"]);
        var services = new EngineServices(TimeProvider.System, new Random(1), scheduler, new NoEvents());
        var gate = new SinkGate("calls", "sink", services.Events, new Random(1));
        var host = new ShardHost(
            builder.Build(), [new OpenSink("sink", new NoSink(), gate, metrics.Sinks[0].Counters)], metrics, services);
        shards = [.. Enumerable.Range(0, Partitions).Select(number => new Shard(
            host,
            new Ownership(new Epoch(new Membership(), static () => 0)),
            [new PartitionOffset(new PartitionId("t", number), 0)],
            phase: 0))];
    }

    /// <summary>Records of 1,000 keys a partition, all called for.</summary>
    [Benchmark(OperationsPerInvoke = Partitions * Records)]
    public void Calls()
    {
        for (var end = offset + Records; offset < end; offset += Batch)
        {
            foreach (var shard in shards)
            {
                Wait(() => shard.HasRoom);
                shard.Post(0, MakeBatch(shard));
            }
        }

        Wait(() => Array.TrueForAll(shards, shard => shard.Committable(0) == offset));
    }

    private RecordBatch MakeBatch(Shard shard)
    {
        var batch = new RecordBatch();
        batch.Reset(shard.Inputs[0]);
        for (var i = offset; i < offset + Batch; i++)
        {
            batch.Add(i, 0, BitConverter.GetBytes(i % Keys), BitConverter.GetBytes(i), default);
        }

        return batch;
    }

    private void Wait(Func<bool> condition)
    {
        if (!scheduler.WaitUntil(condition, Patience))
        {
            throw new TimeoutException("The shards stand still.");
        }
    }

    /// <summary>A service that answers after 20 ms.</summary>
    public sealed class Service : IAsyncMap<int, object>
    {
        private static readonly TimeSpan Answers = TimeSpan.FromMilliseconds(20);

        /// <inheritdoc/>
        public async ValueTask<object?> MapAsync(int value, Call call, CancellationToken stop)
        {
            await Task.Delay(Answers, TimeProvider.System, stop);
            return this;
        }
    }

    private sealed class Numbers : ICodec<int>
    {
        public bool TryRead(ReadOnlySpan<byte> bytes, out int value, out Rejection rejection)
        {
            (value, rejection) = (BitConverter.ToInt32(bytes), default);
            return true;
        }

        public void Write(scoped in int value, IBufferWriter<byte> output) => throw new NotSupportedException();
    }

    private sealed class Nothing : ICodec<object>
    {
        public bool TryRead(ReadOnlySpan<byte> bytes, out object value, out Rejection rejection) =>
            throw new NotSupportedException();

        public void Write(scoped in object value, IBufferWriter<byte> output) => output.Write("{}"u8);
    }

}