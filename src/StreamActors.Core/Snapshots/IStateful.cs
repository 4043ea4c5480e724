namespace StreamActors.Snapshots;

/// <summary>A part of a shard that has state: a kind of entity, a dedup set. Only the shard's turn calls it.</summary>
internal interface IStateful
{
    /// <summary>Its name among the parts of its shard; it stays the same from release to release.</summary>
    string Name { get; }

    /// <summary>What it holds.</summary>
    Holding Holding { get; }

    /// <summary>Appends its state.</summary>
    void Save(SnapshotWriter output);

    /// <summary>Takes the state that <see cref="Save"/> wrote, in a shard that has just been made.</summary>
    /// <param name="input">What was written.</param>
    /// <param name="away">The time since then, in milliseconds.</param>
    void Load(ref SnapshotReader input, long away);
}

/// <summary>The part of a shard that is a kind of entity with states of a type.</summary>
internal interface IEntityStates<TState> : IStateful
{
    /// <summary>The state of an entity.</summary>
    /// <returns>Whether the entity is active.</returns>
    bool TryGet(ReadOnlySpan<byte> entityKey, out TState state);
}

/// <summary>Keeps what shards save when they are drained, for the shard that is made next in their place.</summary>
internal interface ISnapshots
{
    /// <summary>What the shard saved last; null where there is nothing.</summary>
    ReadOnlyMemory<byte>? Load(string shard);

    /// <summary>Keeps what a shard saves.</summary>
    void Save(string shard, ReadOnlyMemory<byte> bytes);
}
