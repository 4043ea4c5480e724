using StreamActors.Events;
using StreamActors.Sinks;

namespace StreamActors.Benchmarks;

/// <summary>A sink that takes everything at once.</summary>
internal sealed class NoSink : ISink
{
    public string Name => "none";

    public Task DeliverAsync(OutputBatch batch, CancellationToken stop) => Task.CompletedTask;

    public ValueTask<bool> IsReachableAsync(CancellationToken stop) => ValueTask.FromResult(true);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>Nobody listens.</summary>
internal sealed class NoEvents : IEngineEvents
{
    public void Report(EngineEvent happened)
    {
    }
}
