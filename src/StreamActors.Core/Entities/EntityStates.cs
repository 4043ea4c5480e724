using StreamActors.Metrics;
using StreamActors.Shards;
using StreamActors.Snapshots;

namespace StreamActors.Entities;

/// <summary>
/// The states of the entities of one kind in one shard, with their timers: those that are active, and, where a store
/// keeps them, those that are away. Passivation forgets without a store; with one, an entity goes that is saved and has
/// no timer, and comes back for its next record. Owned by the shard: only its turn calls it.
/// </summary>
internal sealed class EntityStates<TState> : IEntityStates<TState>, ILazyState
{
    private readonly ICodec<TState> codec;
    private readonly int version;
    private readonly ShardContext context;
    private readonly ChangedKeys? changes;
    private readonly TimeSpan passivateAfter;
    private readonly Predicate<ReadOnlyMemory<byte>> isActive;
    private readonly Func<StateEntry, bool> tryActivate;
    private long nextSweep;
    private long staysAway = long.MinValue;    // last used then or before, an entity need not be read

    /// <summary>Makes the states of a kind; none is active.</summary>
    public EntityStates(
        string name, int version, ICodec<TState> codec, TimeSpan? passivateAfter, ShardContext context)
    {
        (Name, this.version, this.codec, this.context) = (name, version, codec, context);
        this.passivateAfter = passivateAfter ?? context.Timing.PassivateAfter;
        Timers = new EntityTimers(context);
        changes = context.HasStore ? new ChangedKeys(context.HashSeed) : null;
        Table = new EntityTable<Entity<TState>>(
            context.HashSeed,
            changes is null ? context.Limits.EntitiesPerShard : int.MaxValue,
            changes,
            entity => Timers.CancelAll(entity.Timers),
            evicts: changes is not null);
        nextSweep = this.passivateAfter == Timeout.InfiniteTimeSpan ? long.MaxValue : context.Now;
        isActive = key => Table.Find(key.Span) != EntityTable<Entity<TState>>.None;
        tryActivate = entry => TryActivate(entry, isWanted: false);
        context.Parts.Add(this);
        if (changes is not null)
        {
            Away = new AwayEntities(name, context, changes);
            context.Parts.Add(Away);
        }
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>Those that are active.</summary>
    public EntityTable<Entity<TState>> Table { get; }

    /// <summary>Their timers.</summary>
    public EntityTimers Timers { get; }

    /// <summary>Those that are away; null without a store.</summary>
    public AwayEntities? Away { get; }

    /// <summary>When idle ones are looked for next, in milliseconds.</summary>
    public long NextSweep => Table.Count > 0 ? nextSweep : long.MaxValue;

    /// <inheritdoc/>
    public Holding Holding => new(Table.Count, Timers.Count, 0);

    /// <inheritdoc/>
    public bool IsKeyed => true;

    /// <inheritdoc/>
    public bool HasChanges => changes!.Any;

    /// <inheritdoc/>
    public bool IsWhole => Away is not { IsEmpty: false };

    /// <inheritdoc/>
    public bool IsReading => Away is { IsScanning: true };

    /// <inheritdoc/>
    public ReadProgress Progress => Away?.Progress ?? default;

    /// <inheritdoc/>
    public long NextRead => Away?.NextDue ?? long.MaxValue;

    private long IdleSince => context.Now - (long)passivateAfter.TotalMilliseconds;

    /// <inheritdoc/>
    public bool TryGet(ReadOnlySpan<byte> entityKey, out TState state)
    {
        var index = Table.Find(entityKey);
        var isThere = index != EntityTable<Entity<TState>>.None;
        state = isThere ? Table[index].State : default!;
        return isThere;
    }

    /// <summary>Whether an entity is active, or certainly a new one; else it is read.</summary>
    public bool IsHere(ReadOnlySpan<byte> entityKey)
    {
        if (Away is null || Table.Find(entityKey) != EntityTable<Entity<TState>>.None || !Away.MayHave(entityKey))
        {
            return true;
        }

        Away.Want(entityKey);
        return false;
    }

    /// <summary>Forgets the entity at an index.</summary>
    public void Forget(int index)
    {
        Away?.Forgotten(Table.KeyAt(index).Span);
        Table.Forget(index);
    }

    /// <summary>Passivates who is idle, and, where a store has them, who is too many.</summary>
    public void Passivate(ref RouteCounters.Turnover counts)
    {
        var isSweep = context.Now >= nextSweep;
        nextSweep = isSweep ? context.Now + Math.Max((long)passivateAfter.TotalMilliseconds / 10, 1) : nextSweep;
        if (Away is null)
        {
            if (isSweep)
            {
                TellIdle();
                counts.PassivatedIdle += Table.PassivateIdle(IdleSince, context.Now, HasTimers);
            }

            return;
        }

        // Whose records wait to be handled must stay until they are.
        if (Away is { HasRoom: false } or { IsScanning: true } || !context.MayEvict)
        {
            return;
        }

        while (Table.Count > context.Limits.EntitiesPerShard && TryEvict("to make room"))
        {
            counts.PassivatedAtCap++;
        }

        while (isSweep && IsIdle(Table.Oldest) && TryEvict($"after {passivateAfter} idle"))
        {
            counts.PassivatedIdle++;
        }
    }

    /// <inheritdoc/>
    public bool ReadOn()
    {
        if (Away is null)
        {
            return true;
        }

        if (Away.IsScanning)
        {
            staysAway = context.MayEvict && nextSweep != long.MaxValue ? Math.Max(staysAway, IdleSince) : staysAway;
            var isLast = Away.ReadOn(isActive, tryActivate);
            TrimLoaded(isLast);
        }
        else
        {
            Away.ReadOn(isActive, tryActivate);
        }

        return !Away.IsScanning || (Away.Progress.Read >= context.ReadAtOnce && context.MayEvict);
    }

    /// <summary>Takes over the state of an entity that was waited for.</summary>
    public void Take(Wish wish)
    {
        if (wish.Value is { } value)
        {
            TryActivate(new StateEntry(wish.Key, value), isWanted: true);
        }

        Away!.Take(wish);
    }

    /// <inheritdoc/>
    public void Cut(SnapshotCut cut)
    {
        cut.Head.Write(version);
        Table.Cut(cut, WriteEntity, context.Now);
    }

    /// <inheritdoc/>
    public void Saved() => Table.Saved(HasTimers);

    /// <inheritdoc/>
    public void Load(RestoredPart saved)
    {
        var found = new SnapshotReader(saved.Head.Span).ReadNumber();
        if (found != version)
        {
            throw new SnapshotException(
                $"The saved state of the entity {Name} has version {found}; this program has {version}.");
        }

        Away!.Scan();
    }

    private static bool HasTimers(Entity<TState> entity) => entity.Timers is { Count: > 0 };

    private bool IsIdle(int index) => index != EntityTable<Entity<TState>>.None && Table.LastUsed(index) <= IdleSince;

    private bool TryEvict(string why)
    {
        var index = Table.Oldest;
        if (index == EntityTable<Entity<TState>>.None)
        {
            return false;
        }

        context.Observer?.Passivated(Table.KeyAt(index).Span, why, context);
        Evict(index);
        return true;
    }

    private void Evict(int index)
    {
        Away!.Evicted(Table.KeyAt(index).Span);
        Table.Evict(index);
    }

    /// <summary>
    /// Pages come in no order: those that were used last are known at the end. Until then a quarter more is kept than
    /// may be, so that one pass over the line pays for as many pages.
    /// </summary>
    private void TrimLoaded(bool isLast)
    {
        var limit = context.Limits.EntitiesPerShard;
        if (!isLast && Table.Count <= limit + (limit / 4))
        {
            return;
        }

        Table.Sort();
        while (context.MayEvict && Away!.HasRoom && Table.Count > limit
            && Table.Oldest is not EntityTable<Entity<TState>>.None and var index)
        {
            staysAway = Table.LastUsed(index);
            Evict(index);
        }
    }

    /// <returns>Whether it is active now; what was not used for long, without a timer, may stay away.</returns>
    private bool TryActivate(StateEntry stored, bool isWanted)
    {
        var value = SnapshotReader.Open(stored.Value.Span, context.StoredAs, Name, stored.Key.Span);
        var lastUsed = value.ReadNumber() + context.Now - context.UtcNow;
        var bytes = value.ReadBytes();
        if (!isWanted && lastUsed <= staysAway && !EntityTimers.HasAny(value))
        {
            return false;
        }

        var entity = default(Entity<TState>);
        if (!codec.TryRead(bytes, out entity.State, out var rejection))
        {
            throw new SnapshotException(
                $"The saved state of the entity {Name} {Convert.ToHexString(stored.Key.Span)} in the shard "
                + $"{context.StoredAs} is refused by its codec: {rejection}.");
        }

        Timers.Load(ref entity.Timers, stored.Key.Span, ref value);
        Table.Load(stored.Key.Span, lastUsed, in entity, mayGo: !HasTimers(entity));
        return true;
    }

    private void WriteEntity(in Entity<TState> entity, SnapshotWriter value)
    {
        value.Write(in entity.State, codec);
        Timers.Save(entity.Timers, value);
    }

    /// <summary>Tells the observer, if there is one, who will be forgotten, having been idle for long.</summary>
    private void TellIdle()
    {
        if (context.Observer is not { } observer)
        {
            return;
        }

        foreach (var (key, lastUsed) in Table.OldestFirst())
        {
            if (lastUsed > IdleSince)
            {
                return;
            }

            if (!HasTimers(Table[Table.Find(key.Span)]))
            {
                observer.Passivated(key.Span, $"after {passivateAfter} idle", context);
            }
        }
    }
}

/// <summary>What is kept for an active entity.</summary>
internal struct Entity<TState>
{
    /// <summary>Its state, which is the user's.</summary>
    public TState State;

    /// <summary>Its timers by their names; null where it never had one.</summary>
    public Dictionary<string, EntityTimer>? Timers;
}
