using System.Text;
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
        var shard = new Shard(host, Owners.New(), [start], phase: 0);
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
            [
                new EngineEvent.OutputRefused(
                    "p", "refusing", 1, new("out", "k", new PartitionOffset(shard.Inputs[0], 0)), "too large"),
            ]);
        events.All[0].ToString().ShouldContain("to out with the key \"k\", of the record at t/0@0");
    }

    [Fact]
    public void A_refused_output_is_a_dead_letter_of_its_route_and_its_record_waits_for_it()
    {
        var builder = new PipelineBuilder("p");
        builder.From("t", new Numbers()).DeadLetters("dead")
            .To(new Target<int>("sink", static _ => "out", new Numbers()).Header(
                "number", static value => $"{value}"));
        var dead = new ReadingSink();
        var (shard, metrics, _) = Open(builder, ("sink", new RefusingSink()), ("dead-letters", dead));
        using var batch = new RecordBatch();
        batch.Reset(shard.Inputs[0]);
        batch.Add(0, 11, "a"u8, BitConverter.GetBytes(5), default);
        batch.Add(1, 12, "b"u8, BitConverter.GetBytes(6), default);

        shard.Post(0, batch);
        shard.Execute();
        shard.Execute();

        shard.Committable(0).ShouldBe(0, "a dead letter that is not written would be lost");
        dead.Taken.ShouldBe(
        [
            "dead a=5 number=5 source_topic=t source_partition=0 source_offset=0 source_timestamp=11 "
            + "error_type=refused_output error_message=too large attempts=1 pipeline=p sink=refusing destination=out",
            "dead b=6 number=6 source_topic=t source_partition=0 source_offset=1 source_timestamp=12 "
            + "error_type=refused_output error_message=too large attempts=1 pipeline=p sink=refusing destination=out",
        ]);
        dead.Done.SetResult();
        shard.Execute();
        shard.Committable(0).ShouldBe(2);
        var counters = metrics.Routes[0].Counters;
        (counters.Received, counters.Emitted, counters.DeadLettered).ShouldBe((2, 2, 2));
    }

    [Fact]
    public void A_dead_letter_that_is_refused_has_nowhere_left_to_go()
    {
        var builder = new PipelineBuilder("p");
        builder.From("t", new Numbers()).DeadLetters("dead")
            .To(new Target<int>("sink", static _ => "out", new Numbers()));
        var (shard, metrics, events) = Open(
            builder, ("sink", new RefusingSink()), ("dead-letters", new RefusingSink()));
        using var batch = new RecordBatch();
        batch.Reset(shard.Inputs[0]);
        batch.Add(0, 0, "a"u8, BitConverter.GetBytes(5), default);

        shard.Post(0, batch);
        shard.Execute();
        shard.Execute();

        shard.Committable(0).ShouldBe(1);
        metrics.Sinks.Sum(static sink => sink.Counters.Refused).ShouldBe(2);
        events.All.OfType<EngineEvent.OutputRefused>().Select(static each => each.Last.Destination)
            .ShouldBe(["out", "dead"]);
    }

    [Fact]
    public void A_drain_waits_for_the_dead_letters_of_what_is_refused_in_it()
    {
        var builder = new PipelineBuilder("p");
        builder.From("t", new Numbers()).DeadLetters("dead")
            .To(new Target<int>("sink", static _ => "out", new Numbers()));
        var refusing = new RefusingSink { Waits = new TaskCompletionSource() };
        var dead = new ReadingSink();
        var (shard, _, _) = Open(builder, ("sink", refusing), ("dead-letters", dead));
        using var batch = new RecordBatch();
        batch.Reset(shard.Inputs[0]);
        batch.Add(0, 0, "a"u8, BitConverter.GetBytes(5), default);
        shard.Post(0, batch);
        shard.Execute();
        shard.BeginDrain(long.MaxValue);
        shard.Execute();

        refusing.Waits.SetResult();
        shard.Execute();
        shard.IsDrained.ShouldBeFalse();
        dead.Taken.Count.ShouldBe(1);
        dead.Done.SetResult();
        shard.Execute();
        shard.IsDrained.ShouldBeTrue();
        shard.Committable(0).ShouldBe(1);
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
                host, Owners.New(), [new PartitionOffset(new PartitionId("t", partition), 0)], phase: 0);
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

    private static (Shard Shard, PipelineMetrics Metrics, RecordedEvents Events) Open(
        PipelineBuilder builder, params (string Lane, ISink Sink)[] sinks)
    {
        var events = new RecordedEvents();
        var services = new EngineServices(TimeProvider.System, new Random(1), new NoThreads(), events);
        var metrics = new PipelineMetrics(["t"], sinks.Select(static each => each.Lane));
        var open = sinks.Select((each, index) => new OpenSink(
            each.Lane, each.Sink, new SinkGate("p", each.Lane, events, new Random(1)), metrics.Sinks[index].Counters));
        var host = new ShardHost(builder.Build(), [.. open], metrics, services);
        var start = new PartitionOffset(new PartitionId("t", 0), 0);
        return (new Shard(host, Owners.New(), [start], phase: 0), metrics, events);
    }

    private sealed class ReadingSink : ISink
    {
        public List<string> Taken { get; } = [];

        public TaskCompletionSource Done { get; } = new();

        public string Name => "reading";

        public Task DeliverAsync(OutputBatch batch, CancellationToken stop)
        {
            foreach (ref readonly var output in batch.Outputs)
            {
                var text = $"{output.Destination} {Encoding.UTF8.GetString(batch.Key(in output))}="
                    + $"{BitConverter.ToInt32(batch.Value(in output))}";
                foreach (var header in RecordHeaders.Read(batch.Headers(in output)))
                {
                    var name = Encoding.UTF8.GetString(header.Name);
                    text += name == "dead_lettered_at" ? "" : $" {name}={Encoding.UTF8.GetString(header.Value)}";
                }

                Taken.Add(text);
            }

            return Done.Task;
        }

        public ValueTask<bool> IsReachableAsync(CancellationToken stop) => ValueTask.FromResult(true);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class RefusingSink : ISink
    {
        public TaskCompletionSource? Waits { get; init; }

        public string Name => "refusing";

        public async Task DeliverAsync(OutputBatch batch, CancellationToken stop)
        {
            if (Waits is not null)
            {
                await Waits.Task;
            }

            for (var index = 0; index < batch.Count; index++)
            {
                batch.Refuse(index, "too large");
            }
        }

        public ValueTask<bool> IsReachableAsync(CancellationToken stop) => ValueTask.FromResult(true);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
