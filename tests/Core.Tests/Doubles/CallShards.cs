using System.Text;
using StreamActors.Calls;
using StreamActors.Limits;
using StreamActors.Metrics;
using StreamActors.Pipelines;
using StreamActors.Records;
using StreamActors.Shards;
using StreamActors.Sinks;

namespace StreamActors.Core.Tests.Doubles;

/// <summary>
/// A route with <c>MapAsync</c> in as many shards as the test wants, with real turns, and a clock and calls that the
/// test moves.
/// </summary>
internal sealed class CallShards
{
    private readonly ShardHost host;
    private readonly Dictionary<int, long> offsets = [];

    public CallShards(
        MapAsyncOptions? options = null,
        ParkingLimits? parking = null,
        Action<RouteBuilder<int>>? more = null,
        Action<PipelineBuilder, MapAsyncOptions>? define = null,
        int shards = 1)
    {
        // What a call awaits goes on where the test ends it, not where xunit would have it.
        SynchronizationContext.SetSynchronizationContext(null);
        var builder = new PipelineBuilder("p")
        {
            Limits = new PipelineLimits { OutboxRecords = 2, Parking = parking ?? new() },
        };
        define ??= (builder, options) =>
        {
            var route = builder.From("t", new Numbers()).DeadLetters("dlq");
            more?.Invoke(route);
            route.MapAsync<ManualMap, string>(options).To(Target());
        };
        define(builder, options ?? new());
        var definition = builder.Build();
        var metrics = new PipelineMetrics(["t"], ["sink", RouteDefinition.DeadLetterLane]);
        var services = new EngineServices(Time, new Random(1), Time, Events) { Scopes = Calls };
        OpenSink[] sinks = [Open(metrics.Sinks[0], Sink), Open(metrics.Sinks[1], Dead)];
        host = new ShardHost(definition, sinks, metrics, services);
        Counters = metrics.Routes[0].Counters;
        Map = definition.Maps[0];
        All = [.. Enumerable.Range(0, shards).Select(number =>
            new Shard(
                host, Owners.New(), [new PartitionOffset(new PartitionId("t", number), 0)], phase: 0))];
    }

    public ManualTime Time { get; } = new();

    public ManualCalls Calls { get; } = new();

    public RecordedEvents Events { get; } = new();

    public TextSink Sink { get; } = new();

    public TextSink Dead { get; } = new();

    public RouteCounters Counters { get; }

    public MapDefinition Map { get; }

    public CallCounters CallCounters => Map.Counters;

    public CallOutage? Outage => Map.Watch.Outage(host.Now());

    public Shard[] All { get; }

    public Shard One => All[0];

    public static Target<string> Target() => new("sink", static _ => "out", new Text());

    /// <summary>Sends a record and lets the turns run.</summary>
    public void Send(string? key, int value, int shard = 0)
    {
        var batch = host.Batches.Rent(All[shard].Inputs[0]);
        var offset = offsets.GetValueOrDefault(shard);
        var bytes = key is null ? default : Encoding.UTF8.GetBytes(key).AsSpan();
        batch.Add(offset, Time.GetUtcNow().ToUnixTimeMilliseconds(), bytes, BitConverter.GetBytes(value), default);
        offsets[shard] = offset + 1;
        All[shard].Post(0, batch);
        Time.RunTurns();
    }

    public void Succeed(int value, string? result)
    {
        Calls[value].Done.SetResult(result);
        Time.RunTurns();
    }

    public void Fail(int value, Exception error)
    {
        Calls[value].Done.SetException(error);
        Time.RunTurns();
    }

    public void Advance(TimeSpan time)
    {
        Time.Advance(time);
        Time.RunTurns();
    }

    public void Drain(TimeSpan? limit = null)
    {
        One.BeginDrain(host.Now() + (long)(limit ?? TimeSpan.FromSeconds(10)).TotalMilliseconds);
        Time.RunTurns();
    }

    public void Close()
    {
        One.Close();
        Time.RunTurns();
    }

    private OpenSink Open(SinkMetrics sink, ISink peer) =>
        new(sink.Name, peer, new SinkGate("p", sink.Name, Events, new Random(1)), sink.Counters);
}

/// <summary>Takes everything, or nothing while it is away; remembers keys, values and headers as text.</summary>
internal sealed class TextSink : ISink
{
    private TaskCompletionSource? back;

    public string Name => "texts";

    public List<(string Key, string Value, IReadOnlyDictionary<string, string> Headers)> Taken { get; } = [];

    public IEnumerable<string> Values => Taken.Select(static each => each.Value);

    /// <summary>From here on it answers only when it is back.</summary>
    public void GoAway() => back = new TaskCompletionSource();

    public void ComeBack() => back!.SetResult();

    public Task DeliverAsync(OutputBatch batch, CancellationToken stop)
    {
        foreach (ref readonly var output in batch.Outputs)
        {
            var headers = new Dictionary<string, string>();
            foreach (var header in RecordHeaders.Read(batch.Headers(in output)))
            {
                headers[Encoding.UTF8.GetString(header.Name)] = Encoding.UTF8.GetString(header.Value);
            }

            Taken.Add((Encoding.UTF8.GetString(batch.Key(in output)), Encoding.UTF8.GetString(batch.Value(in output)),
                headers));
        }

        return back?.Task ?? Task.CompletedTask;
    }

    public ValueTask<bool> IsReachableAsync(CancellationToken stop) => ValueTask.FromResult(true);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>A text as its UTF-8; the text "refuse" is refused when it is written.</summary>
internal sealed class Text : ICodec<string>
{
    public bool TryRead(ReadOnlySpan<byte> bytes, out string value, out Rejection rejection)
    {
        (value, rejection) = (Encoding.UTF8.GetString(bytes), default);
        return true;
    }

    public void Write(scoped in string value, System.Buffers.IBufferWriter<byte> output)
    {
        if (value == "refuse")
        {
            throw new FormatException("The text is refused.");
        }

        Encoding.UTF8.GetBytes(value, output);
    }
}
