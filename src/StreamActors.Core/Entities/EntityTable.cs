using StreamActors.Snapshots;

namespace StreamActors.Entities;

/// <summary>
/// The active entities of a shard: key to state. An entity is activated by its first record; those that may go stand in
/// line, the longest idle first: all, or, where a store has what goes (<c>evicts</c>), those that are saved and that
/// nothing needs. Owned by the shard: only its turn calls it.
/// </summary>
/// <param name="seed">The seed of the hash.</param>
/// <param name="maxActive">How many entities are kept at most: one more, and the first in line is forgotten.</param>
/// <param name="changes">Notes what the next cut has to say; null where no store keeps it.</param>
/// <param name="removed">Told the state of each entity that goes, whatever the reason.</param>
/// <param name="evicts">Whether an entity that goes stays in the store, so that it must be saved before.</param>
internal sealed class EntityTable<TState>(
    ulong seed, int maxActive, ChangedKeys? changes = null, Action<TState>? removed = null, bool evicts = false)
{
    /// <summary>The index of no entity.</summary>
    public const int None = -1;

    private readonly KeyTable keys = new(seed);
    private Slot[] slots = new Slot[16];
    private List<int> saving = [];    // in the last cut, until its save is current; where evicts
    private int newest = None;
    private int oldest = None;

    /// <summary>Told of each entity that a cut writes: its bytes, and whether it has changed.</summary>
    public Action<ReadOnlyMemory<byte>, int, bool> Written { get; init; } = static (_, _, _) => { };

    /// <summary>How many entities are active.</summary>
    public int Count => keys.Count;

    /// <summary>
    /// The state of an entity, which is activated where it is not: its state is then the default of its type.
    /// </summary>
    /// <param name="key">The entity's key.</param>
    /// <param name="now">The time of this use, in milliseconds.</param>
    /// <param name="isAtCap">Whether the longest idle entity was passivated to make room.</param>
    public ref TState Activate(ReadOnlySpan<byte> key, long now, out bool isAtCap)
    {
        var index = keys.GetOrAdd(key, out var activated);
        if (activated)
        {
            Place(index, now);
            Link(index);
            NoteChange(index);
        }
        else
        {
            Use(index, now);
        }

        isAtCap = keys.Count > maxActive;
        if (isAtCap)
        {
            Forget(oldest);
        }

        return ref slots[index].State;
    }

    /// <summary>Activates an entity that a store had, and that is not active.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="lastUsed">When it was last used, in milliseconds.</param>
    /// <param name="state">Its state.</param>
    /// <param name="mayGo">Whether nothing needs it.</param>
    public void Load(ReadOnlySpan<byte> key, long lastUsed, in TState state, bool mayGo)
    {
        var index = keys.GetOrAdd(key, out _);
        Place(index, lastUsed);
        slots[index].State = state;
        if (mayGo)
        {
            Link(index);
        }
    }

    /// <summary>
    /// The index of an entity, good until one goes; <see cref="None"/> where it is not active. Does not use it.
    /// </summary>
    public int Find(ReadOnlySpan<byte> key) => keys.Find(key);

    /// <summary>The state of the entity at an index; the reference is good until one is activated.</summary>
    public ref TState this[int index] => ref slots[index].State;

    /// <summary>
    /// The index of the entity that goes when one more is activated; <see cref="None"/> while there is room.
    /// </summary>
    public int NextToGo => keys.Count < maxActive ? None : oldest;

    /// <summary>The index of the first in line; <see cref="None"/> where nothing may go.</summary>
    public int Oldest => oldest;

    /// <summary>When the entity at an index was last used, in milliseconds.</summary>
    public long LastUsed(int index) => slots[index].LastUsed;

    /// <summary>The key of the entity at an index; valid until one comes or goes.</summary>
    public ReadOnlyMemory<byte> KeyAt(int index) => keys.KeyAt(index);

    /// <summary>Uses the entity at an index, whose state may change by it.</summary>
    public ref TState Use(int index, long now)
    {
        slots[index].LastUsed = now;
        if (!evicts)
        {
            Unlink(index);
            Link(index);
        }

        NoteChange(index);
        return ref slots[index].State;
    }

    /// <summary>The keys of those in line and when each was last used, the longest idle first.</summary>
    public IEnumerable<(ReadOnlyMemory<byte> Key, long LastUsed)> OldestFirst()
    {
        for (var index = oldest; index != None; index = slots[index].Newer)
        {
            yield return (keys.KeyAt(index), slots[index].LastUsed);
        }
    }

    /// <summary>The entity at an index has changed.</summary>
    public void NoteChange(int index)
    {
        if (changes is not null && !slots[index].IsChanged)
        {
            slots[index].IsChanged = true;
            changes.Add(index);
            if (evicts)
            {
                Unlink(index);
            }
        }
    }

    /// <summary>Says the entities that have changed since the cut before, or all.</summary>
    /// <param name="cut">Takes them.</param>
    /// <param name="write">Writes a state.</param>
    /// <param name="now">The time of the turn, in milliseconds.</param>
    public void Cut(SnapshotCut cut, WriteState<TState> write, long now)
    {
        foreach (var key in changes!.TakeRemoved())
        {
            // One that is active again has its new state below.
            if (keys.Find(key.Span) < 0)
            {
                cut.Keys.Remove(key.Span);
            }
        }

        var changed = changes.TakeChanged();
        changed = cut.IsWhole ? [.. keys.All.Select(static each => each.Index)] : changed;
        changed.ForEach(Write);
        saving = evicts ? changed : saving;

        void Write(int index)
        {
            // The index may be that of an entity that went, or of one that came in its place and is written already.
            ref var slot = ref slots[index];
            if (slot.IsChanged || cut.IsWhole)
            {
                var hasChanged = slot.IsChanged;
                (slot.IsChanged, slot.IsSaving) = (false, true);
                var value = changes.Value;
                value.Clear();
                value.Write(cut.UtcNow - now + slot.LastUsed);
                write(in slot.State, value);
                Written(keys.KeyAt(index), value.Written.Length, hasChanged);
                cut.Keys.Put(keys.KeyAt(index).Span, value.Seal().Span);
            }
        }
    }

    /// <summary>The save of the last cut is current: who was in it and has not changed since is saved.</summary>
    /// <param name="isNeeded">Whether an entity with this state must stay all the same.</param>
    public void Saved(Predicate<TState> isNeeded)
    {
        changes!.Saved();
        foreach (var index in saving)
        {
            ref var slot = ref slots[index];
            if (slot is { IsSaving: true, IsChanged: false, IsLinked: false } && !isNeeded(slot.State))
            {
                Link(index);
            }

            slot.IsSaving = false;
        }

        saving = [];
    }

    /// <summary>Activates the entities that were saved, in a table without any.</summary>
    /// <param name="saved">What was saved.</param>
    /// <param name="read">Reads a state.</param>
    /// <param name="now">The time of the turn, in milliseconds, less that since 1970 (UTC).</param>
    public void Load(RestoredPart saved, ReadState<TState> read, long now)
    {
        // The checksum was looked at to learn the order: it is not computed again.
        var inOrder = saved.Entries.Select(entry => (entry.Key, entry.Value, LastUsed: Open(entry).ReadNumber()))
            .OrderBy(static entry => entry.LastUsed);
        foreach (var (key, bytes, lastUsed) in inOrder)
        {
            var value = new SnapshotReader(bytes.Span[Checksum.Bytes..], (saved.Shard, saved.Name));
            value.ReadNumber();
            Load(key.Span, lastUsed + now, read(key.Span, ref value), mayGo: true);
        }

        while (keys.Count > maxActive)
        {
            Forget(oldest);
        }

        SnapshotReader Open(KeyValuePair<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>> entry) => SnapshotReader.Open(
            entry.Value.Span, saved.Shard, saved.Name, entry.Key.Span);
    }

    /// <summary>Forgets the entity at an index; a store does, too.</summary>
    public void Forget(int index)
    {
        changes?.Remove(keys.KeyAt(index).Span);
        Evict(index);
    }

    /// <summary>Lets the entity at an index go, which a store has as it is.</summary>
    public void Evict(int index)
    {
        Unlink(index);
        removed?.Invoke(slots[index].State);
        slots[index] = default;
        keys.RemoveAt(index);
    }

    /// <summary>Puts the line in order, where entities were loaded in none.</summary>
    public void Sort()
    {
        var line = new List<int>(keys.Count);
        for (var index = oldest; index != None; index = slots[index].Newer)
        {
            line.Add(index);
        }

        line.Sort((one, other) => slots[one].LastUsed.CompareTo(slots[other].LastUsed));
        (oldest, newest) = (None, None);
        foreach (var index in line)
        {
            slots[index].IsLinked = false;
            Link(index);
        }
    }

    /// <summary>Passivates the entities that were last used at that time or before.</summary>
    /// <returns>How many these were.</returns>
    public int PassivateIdle(long lastUsed)
    {
        var before = Count;
        while (oldest != None && slots[oldest].LastUsed <= lastUsed)
        {
            Forget(oldest);
        }

        return before - Count;
    }

    /// <summary>Passivates those entities that may go; the others count as used now.</summary>
    /// <returns>How many were passivated.</returns>
    public int PassivateIdle(long lastUsed, long now, Predicate<TState> isNeeded)
    {
        var before = Count;
        while (oldest != None && slots[oldest].LastUsed <= lastUsed)
        {
            var index = oldest;
            if (isNeeded(slots[index].State))
            {
                Use(index, now);
            }
            else
            {
                Forget(index);
            }
        }

        return before - Count;
    }

    private void Place(int index, long lastUsed)
    {
        if (index >= slots.Length)
        {
            Array.Resize(ref slots, slots.Length * 2);
        }

        slots[index] = new Slot { LastUsed = lastUsed };
    }

    private void Unlink(int index)
    {
        ref var slot = ref slots[index];
        if (!slot.IsLinked)
        {
            return;
        }

        slot.IsLinked = false;
        if (slot.Newer == None)
        {
            newest = slot.Older;
        }
        else
        {
            slots[slot.Newer].Older = slot.Older;
        }

        if (slot.Older == None)
        {
            oldest = slot.Newer;
        }
        else
        {
            slots[slot.Older].Newer = slot.Newer;
        }
    }

    private void Link(int index)
    {
        ref var slot = ref slots[index];
        (slot.IsLinked, slot.Newer, slot.Older) = (true, None, newest);
        if (newest != None)
        {
            slots[newest].Newer = index;
        }

        newest = index;
        oldest = oldest == None ? index : oldest;
    }

    private struct Slot
    {
        public TState State;
        public long LastUsed;
        public int Newer;
        public int Older;
        public bool IsLinked;    // in line
        public bool IsChanged;    // since the last cut
        public bool IsSaving;    // in the last cut, whose save is not current yet
    }
}

/// <summary>Writes a state for a snapshot.</summary>
internal delegate void WriteState<TState>(in TState state, SnapshotWriter value);

/// <summary>Reads the state of an entity from a snapshot.</summary>
internal delegate TState ReadState<out TState>(ReadOnlySpan<byte> key, ref SnapshotReader value);
