using StreamActors.Sinks;

namespace StreamActors.Testing;

/// <summary>
/// Stands in for a connector's sink, whatever its name. It takes everything at once, unless the test says that it fails
/// or that its acknowledgements come later.
/// </summary>
internal sealed class MemorySink(string name, Topics topics, TraceLog trace) : ISink
{
    private readonly List<TaskCompletionSource> unacknowledged = [];

    /// <inheritdoc/>
    public string Name => name;

    /// <summary>How many deliveries fail from now on; none of their outputs is taken.</summary>
    public int Failing { get; set; }

    /// <summary>Whether outputs are taken, and their acknowledgements held back.</summary>
    public bool HoldsBack { get; set; }

    /// <summary>What waits for it, as a sentence; null when nothing does.</summary>
    public string? Trouble => Failing > 0
        ? $"{name} fails, because the test said so: HealSink(\"{name}\") ends it."
        : Waiting > 0
            ? $"{name} holds back {Waiting} acknowledgements, because the test said so: "
                + $"ReleaseAcks(\"{name}\") ends it."
            : null;

    private int Waiting => unacknowledged.Count(static acknowledgement => !acknowledgement.Task.IsCompleted);

    /// <inheritdoc/>
    public Task DeliverAsync(OutputBatch batch, CancellationToken stop)
    {
        if (Failing > 0)
        {
            Failing -= Failing == int.MaxValue ? 0 : 1;
            trace.Add($"{name} fails: a delivery of {batch.Count} is repeated later");
            throw new SinkException($"{name} is away, because the test said so.");
        }

        foreach (ref readonly var output in batch.Outputs)
        {
            topics.Write(new Arrival(
                name,
                output.Destination,
                output.HasKey ? batch.Key(in output).ToArray() : null,
                output.IsTombstone ? null : batch.Value(in output).ToArray(),
                batch.Headers(in output).ToArray())
            {
                Partition = output.Partition,
                Timestamp = output.Timestamp,
            });
        }

        if (!HoldsBack)
        {
            return Task.CompletedTask;
        }

        trace.Add($"{name} took {batch.Count} and holds its acknowledgement back");
        var acknowledgement = new TaskCompletionSource();
        unacknowledged.Add(acknowledgement);
        stop.Register(() => acknowledgement.TrySetCanceled(stop));
        return acknowledgement.Task;
    }

    /// <summary>Lets all acknowledgements go that were held back, and holds back none.</summary>
    public void Release()
    {
        HoldsBack = false;
        var all = unacknowledged.ToArray();
        unacknowledged.Clear();
        Array.ForEach(all, static acknowledgement => acknowledgement.TrySetResult());
    }

    /// <inheritdoc/>
    public ValueTask<bool> IsReachableAsync(CancellationToken stop) => ValueTask.FromResult(Failing == 0);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
