using System.Diagnostics;
using StreamActors.Core.Tests.Doubles;
using StreamActors.Limits;
using StreamActors.Metrics;
using StreamActors.Records;
using StreamActors.Shards;
using StreamActors.Sinks;

namespace StreamActors.Core.Tests.Shards;

/// <summary>
/// What no simulation on one thread can show: turns, acknowledgements and the poll thread really at once.
/// </summary>
public sealed class ShardThreadsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void No_wake_up_is_lost_between_poll_thread_turns_and_acknowledgements()
    {
        const int Batches = 20_000;
        var sink = new EagerSink();
        var shard = MakeShard(sink);
        for (var number = 0; number < Batches; number++)
        {
            SpinWait.SpinUntil(() => shard.HasRoom, Patience).ShouldBeTrue("the shard stands still");
            var batch = new RecordBatch();
            batch.Reset(shard.Inputs[0]);
            batch.Add(number, 0, "k"u8, BitConverter.GetBytes(number), default);
            shard.Post(0, batch);
        }

        SpinWait.SpinUntil(() => shard.Committable(0) == Batches, Patience).ShouldBeTrue("the shard stands still");
        shard.BeginDrain(until: long.MaxValue);
        SpinWait.SpinUntil(() => shard.IsDrained, Patience).ShouldBeTrue("the drain stands still");
        shard.Close();
        sink.Taken.ShouldBe(Enumerable.Range(0, Batches));
    }

    private static Shard MakeShard(ISink sink)
    {
        var events = new RecordedEvents();
        var limits = new PipelineLimits { MailboxRecords = 3, OutboxRecords = 2 };
        var builder = new PipelineBuilder("p") { Limits = limits };
        builder.From("t", new Numbers()).To(new Target<int>("sink", static _ => "out", new Numbers()));
        var scheduler = new ThreadPoolScheduler(TimeProvider.System);
        var services = new EngineServices(TimeProvider.System, new Random(1), scheduler, events);
        var metrics = new PipelineMetrics(["t"], ["sink"]);
        var gate = new SinkGate("p", "sink", events, new Random(1));
        var open = new OpenSink("sink", sink, gate, metrics.Sinks[0].Counters);
        var host = new ShardHost(builder.Build(), [open], metrics, services);
        return new Shard(host, Owners.New(), [new PartitionOffset(new PartitionId("t", 0), 0)], phase: 0);
    }

    /// <summary>Acknowledges on other threads, at once or nearly so.</summary>
    private sealed class EagerSink : ISink
    {
        public List<int> Taken { get; } = [];

        public string Name => "eager";

        public async Task DeliverAsync(OutputBatch batch, CancellationToken stop)
        {
            for (var i = 0; i < batch.Count; i++)
            {
                Taken.Add(BitConverter.ToInt32(batch.Value(batch.Outputs[i])));
            }

            var until = Stopwatch.GetTimestamp() + (Taken.Count % 50 * 100);
            await Task.Yield();
            SpinWait.SpinUntil(() => Stopwatch.GetTimestamp() > until);
        }

        public ValueTask<bool> IsReachableAsync(CancellationToken stop) => ValueTask.FromResult(true);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
