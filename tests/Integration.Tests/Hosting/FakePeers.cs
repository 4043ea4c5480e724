using Microsoft.Extensions.Configuration;
using StreamActors.Events;
using StreamActors.Hosting;
using NodeHost = StreamActors.Hosting.Node;
using StreamActors.Shards;
using StreamActors.Sinks;
using StreamActors.Sources;

namespace StreamActors.Tests.Hosting;

/// <summary>A source whose topics are never ready, or fails; a deaf one does not hear of a stop.</summary>
internal sealed class FakeSource(bool isDeaf = false, Exception? failure = null) : ISource
{
    public string Name => "kafka";

    public async Task<IReadOnlyDictionary<string, int>> PrepareAsync(
        string pipeline, IReadOnlyList<TopicSpec> topics, IEngineEvents events, CancellationToken stop)
    {
        if (failure is not null)
        {
            throw failure;
        }

        events.Report(new EngineEvent.WaitingForSource(pipeline, "The topic in does not exist."));
        await Task.Delay(Timeout.InfiniteTimeSpan, isDeaf ? CancellationToken.None : stop);
        return new Dictionary<string, int>();
    }

    public IGroupConsumer Open(GroupSpec group, IGroupEvents members, IEngineEvents events) =>
        throw new NotSupportedException();

    public ValueTask<bool> IsReachableAsync(CancellationToken stop) => ValueTask.FromResult(true);
}

/// <summary>A sink that only answers whether it is there.</summary>
internal sealed class FakeSink(string name, Func<bool> isReachable) : ISink
{
    public string Name => name;

    public Task DeliverAsync(OutputBatch batch, CancellationToken stop) => throw new NotSupportedException();

    public ValueTask<bool> IsReachableAsync(CancellationToken stop) => ValueTask.FromResult(isReachable());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>A value of no meaning.</summary>
internal sealed class NoCodec : ICodec<string>
{
    public bool TryRead(ReadOnlySpan<byte> bytes, out string value, out Rejection rejection) =>
        throw new NotSupportedException();

    public void Write(scoped in string value, System.Buffers.IBufferWriter<byte> output) =>
        throw new NotSupportedException();
}

/// <summary>Nodes without peers.</summary>
internal static class FakeNode
{
    /// <summary>A pipeline from the topic <c>in</c>.</summary>
    public static StreamActorsBuilder AddFake(
        this StreamActorsBuilder node, Connectors connectors, string target, string? deadLetters = null,
        string name = "fake") =>
        node.AddPipeline(
            name,
            pipeline =>
            {
                var route = pipeline.From("in", new NoCodec());
                if (deadLetters is not null)
                {
                    route.DeadLetters(deadLetters);
                }

                route.To(new Target<string>(target, static _ => "out", new NoCodec()));
            },
            connectors);

    public static NodeHost Make(StreamActorsBuilder builder)
    {
        var time = TimeProvider.System;
        var services = new EngineServices(time, new Random(0), new ThreadPoolScheduler(time), new NoEvents());
        return new NodeHost(new Composition(builder, new ConfigurationManager(), []), services);
    }

    /// <summary>Peers that read from a source.</summary>
    public static Connectors From(ISource source) =>
        new Connectors().Add(new Connector("kafka", _ => new Peer { Source = (_, _) => source }));

    private sealed class NoEvents : IEngineEvents
    {
        public void Report(EngineEvent happened)
        {
        }
    }
}
