using StreamActors.Snapshots;

namespace StreamActors.Entities;

/// <summary>What has changed in a table since the last cut. Owned by the shard: only its turn calls it.</summary>
internal sealed class ChangedKeys
{
    private List<int> changed = [];
    private List<byte[]> removed = [];

    /// <summary>Whether anything has.</summary>
    public bool Any => changed.Count > 0 || removed.Count > 0;

    /// <summary>Where values are written, one after the other.</summary>
    public SnapshotWriter Value { get; } = SnapshotWriter.Sealed();

    /// <summary>What is at an index has changed; called once between two cuts.</summary>
    public void Add(int index) => changed.Add(index);

    /// <summary>A key is removed.</summary>
    public void Remove(ReadOnlySpan<byte> key) => removed.Add(key.ToArray());

    /// <summary>The indexes that were added; nothing has changed any more.</summary>
    public List<int> TakeChanged()
    {
        var taken = changed;
        changed = [];
        return taken;
    }

    /// <summary>The keys that were removed; a key may be there more than once.</summary>
    public IEnumerable<byte[]> TakeRemoved()
    {
        var taken = removed;
        removed = [];
        return taken;
    }
}
