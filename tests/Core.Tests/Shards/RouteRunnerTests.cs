using StreamActors.Core.Tests.Doubles;
using StreamActors.Limits;
using StreamActors.Metrics;
using StreamActors.Offsets;
using StreamActors.Records;
using StreamActors.Shards;
using StreamActors.Sinks;

namespace StreamActors.Core.Tests.Shards;

public sealed class RouteRunnerTests
{
    private static readonly PartitionId Input = new("t", 0);

    [Fact]
    public void Ids_that_dedup_forgets_for_want_of_memory_are_counted()
    {
        var (runner, counters) = MakeRunner(new PipelineLimits { DedupBytes = 1, OutboxRecords = 20_000 });
        Send(runner, Enumerable.Range(0, 10_000));
        counters.ForgottenIds.ShouldBeInRange(8_000, 9_999);
        Send(runner, [9_999]);
        counters.Duplicates.ShouldBe(1, "the youngest are remembered");
        Send(runner, [0]);
        counters.Duplicates.ShouldBe(1, "the oldest are not");
    }

    [Fact]
    public void A_defect_of_the_engine_is_not_taken_for_one_of_the_record()
    {
        var (runner, counters) = MakeRunner(new PipelineLimits());
        Should.Throw<EngineDefectException>(() => Send(runner, [1], offset: 7), "the ledger never received it");
        runner.Publish();
        counters.Failed.ShouldBe(0);
    }

    private static (IRouteRunner Runner, RouteCounters Counters) MakeRunner(PipelineLimits limits)
    {
        var builder = new PipelineBuilder("p") { Limits = limits };
        builder.From("t", new Numbers()).DedupById(static number => (UInt128)number, TimeSpan.FromMinutes(1))
            .To(new Target<int>("sink", static _ => "out", new Numbers()));
        var events = new RecordedEvents();
        var services = new EngineServices(TimeProvider.System, new Random(1), new NoThreads(), events);
        var metrics = new PipelineMetrics(["t"], ["sink"]);
        var gate = new SinkGate("p", "sink", events, new Random(1));
        var open = new OpenSink("sink", new ManualSink(), gate, metrics.Sinks[0].Counters);
        var host = new ShardHost(builder.Build(), [open], metrics, services);
        var ledger = new OffsetLedger(0, 1_000_000);
        var context = host.MakeContext(new Epoch(), [Input], [ledger], phase: 0, static () => { });
        return (host.MakeRunners([Input], context)[0], metrics.Routes[0].Counters);
    }

    private static void Send(IRouteRunner runner, IEnumerable<int> numbers, long offset = Origin.NoOffset)
    {
        using var batch = new RecordBatch();
        foreach (var number in numbers)
        {
            batch.Reset(Input);
            batch.Add(number, 0, "k"u8, BitConverter.GetBytes(number), default);
            var record = batch[0];
            runner.Handle(in record, new Origin(0, offset, 0));
        }

        runner.Publish();
    }
}
