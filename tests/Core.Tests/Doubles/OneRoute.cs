using System.Text;
using StreamActors.Limits;
using StreamActors.Metrics;
using StreamActors.Offsets;
using StreamActors.Records;
using StreamActors.Shards;
using StreamActors.Sinks;
using StreamActors.Snapshots;

namespace StreamActors.Core.Tests.Doubles;

/// <summary>
/// The first route of a pipeline in one shard, with real lanes, a real ledger and a clock that the test moves. Outputs
/// stay in their lanes unless the test pumps them, so that it can look at them, or there is a store, which waits for
/// them.
/// </summary>
internal sealed class OneRoute
{
    private const string Topic = "t";

    private readonly OffsetLedger ledger = new(0, 1_000_000);
    private readonly ShardContext context;
    private readonly IRouteRunner runner;
    private readonly SnapshotCycle? cycle;

    public OneRoute(Action<PipelineBuilder> define, PipelineLimits? limits = null, IStateStore? store = null)
    {
        var builder = new PipelineBuilder("p") { Limits = limits ?? new PipelineLimits() };
        define(builder);
        var definition = builder.Build();
        var metrics = new PipelineMetrics([definition.Routes[0].Name], definition.Routes[0].Connectors);
        var services = new EngineServices(TimeProvider.System, new Random(1), new NoThreads(), Events)
        {
            Store = store,
        };
        var host = new ShardHost(definition, [.. metrics.Sinks.Select(Open)], metrics, services);
        context = host.MakeContext(Owners.New(), [Input], [ledger], phase: 0, static () => { });
        context.Now = context.UtcNow = 0;
        runner = host.MakeRunners([Input], context)[0];
        cycle = host.MakeCycle(context, new Ownership(context.Epoch));
        cycle?.GoOn();
        Counters = metrics.Routes[0].Counters;
    }

    public static PartitionId Input { get; } = new(Topic, 0);

    public RecordedEvents Events { get; } = new();

    public RouteCounters Counters { get; }

    public ShardContext Context => context;

    public long Now => context.Now;

    public long Committable => ledger.Committable;

    public long NextDue => runner.NextDue;

    /// <summary>Takes a turn at that time, without a record.</summary>
    public void Advance(TimeSpan to)
    {
        context.Now = context.UtcNow = (long)to.TotalMilliseconds;
        runner.OnTime();
        if (cycle is not null)
        {
            cycle.GoOn();
            context.Outbox.Pump(context.Now, Acknowledge);
            cycle.GoOn();
        }

        runner.Publish();
    }

    public void Send(string key, int value) => Send(Encoding.UTF8.GetBytes(key), BitConverter.GetBytes(value));

    /// <summary>Handles a record; a null reference as its key or value means none, or a tombstone.</summary>
    public void Send(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ReadOnlySpan<byte> headers = default)
    {
        var offset = ledger.Next;
        ledger.Receive(offset);
        Handle(offset, key, value, headers);
        ledger.Complete(offset);
        runner.Publish();
    }

    /// <summary>Handles a record, whatever the ledger knows of its offset.</summary>
    public void Handle(
        long offset, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ReadOnlySpan<byte> headers = default)
    {
        using var batch = new RecordBatch();
        batch.Reset(Input);
        batch.Add(offset, context.UtcNow, key, value, headers);
        var record = batch[0];
        runner.Handle(in record, new Origin(0, offset, context.UtcNow));
    }

    /// <summary>The shard ends.</summary>
    public void End() => runner.Dispose();

    /// <summary>The outputs that wait in a lane, as text.</summary>
    public IReadOnlyList<string> Texts(string lane) =>
        Outputs(lane, static (batch, output) => Encoding.UTF8.GetString(batch.Value(in output)));

    /// <summary>What waits in a lane.</summary>
    public IReadOnlyList<T> Outputs<T>(string lane, Func<OutputBatch, Output, T> read)
    {
        var batch = context.Outbox.Lane(lane).Filling;
        return [.. batch.Outputs.ToArray().Select(output => read(batch, output))];
    }

    private void Acknowledge(SinkLane lane, OutputBatch batch, long took)
    {
        foreach (ref readonly var output in batch.Outputs)
        {
            context.Complete(output.Origin);
        }
    }

    private OpenSink Open(SinkMetrics sink) => new(
        sink.Name,
        new ManualSink { SucceedsAtOnce = true },
        new SinkGate("p", sink.Name, Events, new Random(1)),
        sink.Counters);
}
