using System.Text;
using BenchmarkDotNet.Attributes;
using StreamActors.Metrics;
using StreamActors.Offsets;
using StreamActors.Records;
using StreamActors.Shards;
using StreamActors.Sinks;
using StreamActors.Sources;

namespace StreamActors.Benchmarks;

/// <summary>
/// A record of 60 bytes of JSON, read into a class, for one of 1,000 entities that count it: by the kind of their
/// state, that is, by how it is kept aside for the length of a call.
/// </summary>
[MemoryDiagnoser]
public class EntityBenchmarks
{
    private const int Records = 10_000;

    private readonly RecordBatch batch = new();
    private readonly OffsetLedger ledger = new(0, maxSpan: 1024 * 1024);
    private IRouteRunner byCopy = null!;
    private IRouteRunner byCodec = null!;
    private long offset;

    /// <summary>Fills what the benchmarks read.</summary>
    [GlobalSetup]
    public void Fill()
    {
        batch.Reset(new PartitionId("t", 0));
        for (var i = 0; i < Records; i++)
        {
            batch.Add(
                i, 0, Encoding.UTF8.GetBytes($"user-{i % 1_000}"),
                Encoding.UTF8.GetBytes($$"""{"url":"/products/{{i}}","referrer":"search","ms":{{i}}}"""), []);
        }

        (byCopy, byCodec) = (Runner<Copied>(), Runner<Changed>());
    }

    /// <summary>A struct: a copy.</summary>
    [Benchmark(Baseline = true, OperationsPerInvoke = Records)]
    public void Struct() => Handle(byCopy);

    /// <summary>A class with four properties: written as JSON before each call.</summary>
    [Benchmark(OperationsPerInvoke = Records)]
    public void Class() => Handle(byCodec);

    private void Handle(IRouteRunner runner)
    {
        for (var i = 0; i < Records; i++, offset++)
        {
            var record = batch[i];
            ledger.Receive(offset);
            runner.Handle(in record, new Origin(0, offset, 0));
            ledger.Complete(offset);
        }

        runner.Publish();
    }

    private IRouteRunner Runner<TState>()
        where TState : ICounted, new()
    {
        var builder = new PipelineBuilder("entities");
        builder.From("t", Json.Of<View>()).Entity<Counting<TState>, TState, View>()
            .To(new Target<View>("sink", static _ => "out", Json.Of<View>()));
        var metrics = new PipelineMetrics(["t"], ["sink"]);
        var services = new EngineServices(
            TimeProvider.System, new Random(1), new ThreadPoolScheduler(TimeProvider.System), new NoEvents());
        var gate = new SinkGate("entities", "sink", services.Events, new Random(1));
        var host = new ShardHost(
            builder.Build(), [new OpenSink("sink", new NoSink(), gate, metrics.Sinks[0].Counters)], metrics, services);
        PartitionId[] inputs = [new("t", 0)];
        var ownership = new Ownership(new Epoch(new Membership(), static () => 0));
        var context = host.MakeContext(ownership, inputs, [ledger], 0, static () => { });
        return host.MakeRunners(inputs, context)[0];
    }

    internal interface ICounted
    {
        void Count(View view);
    }

    internal sealed record View(string Url, string Referrer, int Ms);

    [StateVersion(1)]
    internal struct Copied : ICounted
    {
        public int Views { get; set; }

        public long Ms { get; set; }

        public string? First { get; set; }

        public string? Last { get; set; }

        public void Count(View view) =>
            (Views, Ms, First, Last) = (Views + 1, Ms + view.Ms, First ?? view.Url, view.Url);
    }

    [StateVersion(1)]
    internal sealed class Changed : ICounted
    {
        public int Views { get; set; }

        public long Ms { get; set; }

        public string? First { get; set; }

        public string? Last { get; set; }

        public void Count(View view) =>
            (Views, Ms, First, Last) = (Views + 1, Ms + view.Ms, First ?? view.Url, view.Url);
    }

    private sealed class Counting<TState> : IEntity<View, TState, View>
        where TState : ICounted, new()
    {
        public void On(View view, ref TState state, Turn<View> turn) => state.Count(view);
    }
}
