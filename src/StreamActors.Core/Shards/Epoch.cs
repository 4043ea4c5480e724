using StreamActors.Sources;

namespace StreamActors.Shards;

/// <summary>
/// One ownership of a shard by this process. Everything that leaves the shard does so through <see cref="TryRun"/>:
/// once <see cref="Close"/> has returned, nothing of this epoch begins to leave the process.
/// </summary>
/// <param name="membership">The member's.</param>
/// <param name="clock">The time in milliseconds.</param>
#pragma warning disable CA1001 // The token source has neither timer nor wait handle: there is nothing to dispose of.
internal sealed class Epoch(Membership membership, Func<long> clock)
#pragma warning restore CA1001
{
    private readonly Lock sync = new();
    private readonly CancellationTokenSource closed = new();
    private volatile bool isOpen = true;

    /// <summary>Whether the shard is still owned, as far as this process has heard.</summary>
    public bool IsOpen => isOpen;

    /// <summary>
    /// Whether that is proven now: while it is not, nothing is to leave the shard. A turn's own time will not do: the
    /// process may have been asleep since the turn began.
    /// </summary>
    public bool IsProven => membership.IsProven(clock());

    /// <summary>
    /// Begins something that leaves the process, unless the epoch has ended. The token that it is given fires when the
    /// epoch ends: its outcome matters to nobody any more.
    /// </summary>
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
}

/// <summary>How a shard is owned.</summary>
/// <param name="Epoch">The ownership by this process.</param>
/// <param name="Generation">The group's generation in which its last partition was assigned.</param>
/// <param name="IsProven">
/// Whether a commit has proven since that the group knows this process as a member: what a store has of a later
/// generation is then of a group that is gone.
/// </param>
internal readonly record struct Ownership(Epoch Epoch, long Generation = 0, bool IsProven = false)
{
    /// <summary>Whether a store must have state for where it starts.</summary>
    public bool HasState { get; init; }

    /// <summary>Whether one of its topics was made again: what a store has is of the old one.</summary>
    public bool IsRemade { get; init; }

    /// <summary>Whether it begins empty, whatever a store has.</summary>
    public bool Discards { get; init; }

    /// <summary>The keys of entities that were too large to be saved, before; null = none were.</summary>
    public List<byte[]>? TooLarge { get; init; }
}
