namespace StreamActors.Node.Chaos;

/// <summary>
/// The node processes of a run. Each has a slot: its place in the network. A fault takes a node for itself while it
/// lasts, so two at once never meet in one process. Faults call it from several threads.
/// </summary>
/// <param name="folder">Where logs go.</param>
/// <param name="slots">How many processes there may be at once.</param>
/// <param name="settingsOf">The configuration of a slot's process.</param>
internal sealed class Fleet(
    string folder, int slots, Func<int, IEnumerable<KeyValuePair<string, string?>>> settingsOf) : IAsyncDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    private readonly Lock gate = new();

    // Guarded by gate.
    private readonly List<ProofNode> free = [];
    private readonly List<ProofNode> taken = [];
    private readonly SortedSet<int> freeSlots = [.. Enumerable.Range(0, slots)];
    private readonly List<string> troubles = [];
    private int started;

    /// <summary>How many processes run now, frozen ones too.</summary>
    public int Count
    {
        get
        {
            lock (gate)
            {
                return free.Count + taken.Count;
            }
        }
    }

    /// <summary>The nodes that no fault has taken.</summary>
    public IReadOnlyList<ProofNode> Free
    {
        get
        {
            lock (gate)
            {
                return [.. free];
            }
        }
    }

    /// <summary>What processes did that they were not told to, or did not do that they were.</summary>
    public IReadOnlyList<string> Troubles
    {
        get
        {
            lock (gate)
            {
                return [.. troubles];
            }
        }
    }

    /// <summary>Starts a process of this build, and returns when it has partitions.</summary>
    public Task AddAsync(CancellationToken stop) => AddAsync(NodeBuild.This, stop);

    /// <summary>Starts a process, and returns when it has partitions.</summary>
    public async Task AddAsync(NodeBuild build, CancellationToken stop)
    {
        NodePlace place;
        lock (gate)
        {
            place = new NodePlace($"{build.Prefix}-{++started}", freeSlots.Min, build);
            freeSlots.Remove(place.Slot);
        }

        var node = await ProofNode.StartAsync(
            place, Path.Combine(folder, $"{place.Name}.log"), settingsOf(place.Slot));
        lock (gate)
        {
            taken.Add(node);
        }

        await node.ReadyAsync(stop);
        Return(node);
    }

    /// <summary>Takes a node that no other fault has; waits until one is left besides.</summary>
    /// <param name="chance">Chooses; null takes the oldest.</param>
    /// <param name="stop">Gives up.</param>
    public Task<ProofNode> TakeAsync(Random? chance, CancellationToken stop) =>
        TakeAsync(free => free[chance?.Next(free.Count) ?? 0], stop);

    /// <summary>Takes the oldest node of a build; waits as above.</summary>
    public Task<ProofNode> TakeAsync(NodeBuild build, CancellationToken stop) =>
        TakeAsync(free => free.Find(node => node.Place.Build == build), stop);

    /// <summary>How many processes of a build run now.</summary>
    public int CountOf(NodeBuild build)
    {
        lock (gate)
        {
            return free.Concat(taken).Count(node => node.Place.Build == build);
        }
    }

    /// <summary>Gives back a node that runs.</summary>
    public void Return(ProofNode node)
    {
        lock (gate)
        {
            taken.Remove(node);
            free.Add(node);
        }
    }

    /// <summary>Kills a node that was taken.</summary>
    public async Task KillAsync(ProofNode node)
    {
        await node.KillAsync();
        await RemoveAsync(node);
    }

    /// <summary>Stops a node that was taken, in order.</summary>
    public async Task StopAsync(ProofNode node)
    {
        if (await node.StopAsync() is { } trouble)
        {
            Note(trouble);
        }

        await RemoveAsync(node);
    }

    /// <summary>Stops all, in order.</summary>
    public async Task StopAllAsync()
    {
        Watch();
        List<ProofNode> all;
        lock (gate)
        {
            all = [.. free.Concat(taken)];
        }

        await Task.WhenAll(all.Select(StopAsync));
    }

    /// <summary>Notes that processes did not do what they promise.</summary>
    public void Note(string trouble)
    {
        lock (gate)
        {
            troubles.Add(trouble);
        }
    }

    /// <summary>Notes processes that ended by themselves.</summary>
    public void Watch()
    {
        lock (gate)
        {
            foreach (var node in free.Where(static node => node.HasEnded).ToList())
            {
                free.Remove(node);
                freeSlots.Add(node.Slot);
                troubles.Add($"{node.Name} ended by itself; see {node.Log}");
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        List<ProofNode> all;
        lock (gate)
        {
            all = [.. free.Concat(taken)];
            free.Clear();
            taken.Clear();
        }

        foreach (var node in all)
        {
            await node.DisposeAsync();
        }
    }

    private async Task<ProofNode> TakeAsync(Func<List<ProofNode>, ProofNode?> choose, CancellationToken stop)
    {
        while (true)
        {
            lock (gate)
            {
                if (free.Count > 1 && choose(free) is { } node)
                {
                    free.Remove(node);
                    taken.Add(node);
                    return node;
                }
            }

            await Task.Delay(Poll, TimeProvider.System, stop);
        }
    }

    private async Task RemoveAsync(ProofNode node)
    {
        await node.DisposeAsync();
        lock (gate)
        {
            free.Remove(node);
            taken.Remove(node);
            freeSlots.Add(node.Slot);
        }
    }
}
