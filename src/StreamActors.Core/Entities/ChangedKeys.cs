using StreamActors.Snapshots;

namespace StreamActors.Entities;

/// <summary>
/// What has changed in a table since the last cut, and which keys a store may have whose values are of no use any more.
/// Owned by the shard: only its turn calls it.
/// </summary>
/// <param name="seed">The seed of the hash.</param>
internal sealed class ChangedKeys(ulong seed)
{
    private List<int> changed = [];
    private KeyTable removed = new(seed);    // since the last cut
    private KeyTable leaving = new(seed);    // in the last cut, until its save is current

    /// <summary>Whether anything has.</summary>
    public bool Any => changed.Count > 0 || removed.Count > 0;

    /// <summary>Where values are written, one after the other.</summary>
    public SnapshotWriter Value { get; } = SnapshotWriter.Sealed();

    /// <summary>What is at an index has changed; called once between two cuts.</summary>
    public void Add(int index) => changed.Add(index);

    /// <summary>A key has no value any more.</summary>
    public void Remove(ReadOnlySpan<byte> key) => removed.GetOrAdd(key, out _);

    /// <summary>Whether a key has no value, whatever the store says: it has not been told of it yet.</summary>
    public bool IsRemoved(ReadOnlySpan<byte> key) =>
        (removed.Count > 0 && removed.Find(key) >= 0) || (leaving.Count > 0 && leaving.Find(key) >= 0);

    /// <summary>The indexes that were added; nothing has changed any more.</summary>
    public List<int> TakeChanged()
    {
        var taken = changed;
        changed = [];
        return taken;
    }

    /// <summary>The keys that were removed since the last cut.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> TakeRemoved()
    {
        if (removed.Count > 0)
        {
            (leaving, removed) = (removed, new KeyTable(seed));
        }

        return leaving.All.Select(static each => each.Key);
    }

    /// <summary>The save of the last cut is current.</summary>
    public void Saved()
    {
        if (leaving.Count > 0)
        {
            leaving = new KeyTable(seed);
        }
    }
}
