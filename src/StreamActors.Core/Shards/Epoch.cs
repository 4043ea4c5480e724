namespace StreamActors.Shards;

/// <summary>
/// One ownership of a shard by this process. Everything that leaves the shard does so through <see cref="TryRun"/>:
/// once <see cref="Close"/> has returned, nothing of this epoch begins to leave the process.
/// </summary>
internal sealed class Epoch : IDisposable
{
    private readonly Lock sync = new();
    private readonly CancellationTokenSource closed = new();
    private volatile bool isOpen = true;

    /// <summary>Whether the shard is still owned.</summary>
    public bool IsOpen => isOpen;

    /// <summary>Fires when the epoch ends: the outcome of what is under way matters to nobody any more.</summary>
    public CancellationToken Closed => closed.Token;

    /// <summary>Begins something that leaves the process, unless the epoch has ended.</summary>
    /// <returns>The task of what was begun; null when the epoch has ended.</returns>
    public Task? TryRun(Func<CancellationToken, Task> begin)
    {
        lock (sync)
        {
            return isOpen ? begin(closed.Token) : null;
        }
    }

    /// <summary>Ends the epoch.</summary>
    public void Close()
    {
        lock (sync)
        {
            isOpen = false;
        }

        closed.Cancel();
    }

    /// <inheritdoc/>
    public void Dispose() => closed.Dispose();
}
