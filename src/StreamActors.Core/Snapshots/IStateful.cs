namespace StreamActors.Snapshots;

/// <summary>
/// A part of a shard that has state: a kind of entity, a dedup set, parked records. Only the shard's turn calls it.
/// </summary>
internal interface IStateful
{
    /// <summary>Its name among the parts of its shard; it stays the same from release to release.</summary>
    string Name { get; }

    /// <summary>What it holds.</summary>
    Holding Holding { get; }

    /// <summary>
    /// Whether it is worth a store by itself; else it is saved with those that are, and read again without them.
    /// </summary>
    bool NeedsStore => true;

    /// <summary>Whether a shard may go on without it where a store has lost it: it saves work, or repeats.</summary>
    bool IsExpendable => false;

    /// <summary>Whether something changed since the last cut that no record's offset tells.</summary>
    bool HasChanges => false;

    /// <summary>
    /// When it will hold nothing that soon leaves by itself, in milliseconds; now or earlier = it holds nothing such.
    /// A cut waits for that moment where it can: what a window holds for 100 ms need not be saved.
    /// </summary>
    long RestsAt => long.MinValue;

    /// <summary>Whether it keeps keys with values, each replaced by itself.</summary>
    bool IsKeyed => false;

    /// <summary>What counts of the log that it keeps; null where it keeps none.</summary>
    LogRange? Log => null;

    /// <summary>
    /// Says what has changed since the cut before, or all that it has. It may be called again for a whole cut at any
    /// time, so nothing but the memory of what changed may be lost by it.
    /// </summary>
    void Cut(SnapshotCut cut);

    /// <summary>Takes what was saved, in a shard that has just been made and has handled nothing.</summary>
    /// <exception cref="SnapshotException">It cannot be used.</exception>
    void Load(RestoredPart saved);
}

/// <summary>The part of a shard that is a kind of entity with states of a type.</summary>
internal interface IEntityStates<TState> : IStateful
{
    /// <summary>The state of an entity.</summary>
    /// <returns>Whether the entity is active.</returns>
    bool TryGet(ReadOnlySpan<byte> entityKey, out TState state);
}

/// <summary>What a store had of a part.</summary>
internal sealed class RestoredPart
{
    /// <summary>The shard's name, for messages.</summary>
    public required string Shard { get; init; }

    /// <summary>The part's name.</summary>
    public required string Name { get; init; }

    /// <summary>The time since it was saved, in milliseconds.</summary>
    public required long Away { get; init; }

    /// <summary>For each input that the shard had, its index now; -1 where it is no input any more.</summary>
    public required IReadOnlyList<int> Inputs { get; init; }

    /// <summary>What it replaces as a whole at each cut.</summary>
    public required ReadOnlyMemory<byte> Head { get; init; }

    /// <summary>Its keys with their values, in no order.</summary>
    public required IReadOnlyList<KeyValuePair<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>> Entries { get; init; }

    /// <summary>The position of the first byte of its log that counts.</summary>
    public required long LogFrom { get; init; }

    /// <summary>The bytes of its log that count.</summary>
    public required ReadOnlyMemory<byte> Log { get; init; }

    /// <summary>Reads its head.</summary>
    public SnapshotReader OpenHead() => new(Head.Span, (Shard, Name));

    /// <summary>The index of an input now.</summary>
    /// <exception cref="SnapshotException">It is no input of the shard any more.</exception>
    public int InputOf(int saved) => Inputs[saved] >= 0 ? Inputs[saved] : throw new SnapshotException(
        $"The snapshot of the shard {Shard} has records that were not done, of a topic that no longer feeds it.");
}
