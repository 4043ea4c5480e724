using StreamActors.Core.Tests.Doubles;
using StreamActors.Events;
using StreamActors.Metrics;
using StreamActors.Records;
using StreamActors.Shards;
using StreamActors.Sinks;

namespace StreamActors.Core.Tests.Shards;

public sealed class ShardTests
{
    [Fact]
    public void Outputs_that_a_sink_refuses_are_counted_and_reported_at_a_bounded_rate()
    {
        const int Records = 300;
        var events = new RecordedEvents();
        var builder = new PipelineBuilder("p");
        builder.From("t", new Numbers()).To(new Target<int>("sink", static _ => "out", new Numbers()));
        var services = new EngineServices(TimeProvider.System, new Random(1), new NoThreads(), events);
        var metrics = new PipelineMetrics(["t"], ["sink"]);
        var gate = new SinkGate("p", "sink", events, new Random(1));
        var open = new OpenSink("sink", new RefusingSink(), gate, metrics.Sinks[0].Counters);
        var host = new ShardHost(builder.Build(), [open], metrics, services);
        var start = new PartitionOffset(new PartitionId("t", 0), 0);
        var shard = new Shard(host, new Ownership(new Epoch()), [start], phase: 0);
        using var batch = new RecordBatch();
        batch.Reset(shard.Inputs[0]);
        for (var number = 0; number < Records; number++)
        {
            batch.Add(number, 0, "k"u8, BitConverter.GetBytes(number), default);
        }

        shard.Post(0, batch);
        shard.Execute();
        shard.Committable(0).ShouldBe(Records);
        metrics.Sinks[0].Counters.Refused.ShouldBe(Records);
        events.All.ShouldBe(
            [new EngineEvent.OutputRefused("p", "refusing", 1, new PartitionOffset(shard.Inputs[0], 0), "too large")]);
    }

    [Fact]
    public void Records_from_the_future_are_handled_and_counted_and_the_log_says_so_once()
    {
        const int Records = 300;
        var events = new RecordedEvents();
        var builder = new PipelineBuilder("p");
        builder.From("t", new Numbers()).To(new Target<int>("sink", static _ => "out", new Numbers()));
        var services = new EngineServices(TimeProvider.System, new Random(1), new NoThreads(), events);
        var metrics = new PipelineMetrics(["t"], ["sink"]);
        var gate = new SinkGate("p", "sink", events, new Random(1));
        var open = new OpenSink("sink", new ManualSink(), gate, metrics.Sinks[0].Counters);
        var host = new ShardHost(builder.Build(), [open], metrics, services);
        foreach (var partition in new[] { 0, 1 })
        {
            var shard = new Shard(
                host, new Ownership(new Epoch()), [new PartitionOffset(new PartitionId("t", partition), 0)], phase: 0);
            using var batch = new RecordBatch();
            batch.Reset(shard.Inputs[0]);
            for (var number = 0; number < Records; number++)
            {
                batch.Add(number, long.MaxValue - number, "k"u8, BitConverter.GetBytes(number), default);
            }

            shard.Post(0, batch);
            shard.Execute();
            shard.Next(0).ShouldBe(Records);
        }

        metrics.Routes[0].Counters.Ahead.ShouldBe(2 * Records);
        var told = events.All.ShouldHaveSingleItem().ShouldBeOfType<EngineEvent.RecordAhead>();
        told.Place.ShouldBe(new PartitionOffset(new PartitionId("t", 0), 0));
        told.Time.Year.ShouldBe(9999, "no date can say the record's own time");
        told.MaxLead.ShouldBe(TimeSpan.FromHours(1));
    }

    private sealed class RefusingSink : ISink
    {
        public string Name => "refusing";

        public Task DeliverAsync(OutputBatch batch, CancellationToken stop)
        {
            for (var index = 0; index < batch.Count; index++)
            {
                batch.Refuse(index, "too large");
            }

            return Task.CompletedTask;
        }

        public ValueTask<bool> IsReachableAsync(CancellationToken stop) => ValueTask.FromResult(true);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
