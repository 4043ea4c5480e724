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
    private readonly StateForm<TState> form;
    private readonly ShardContext context;
    private readonly ChangedKeys? changes;
    private readonly TimeSpan passivateAfter;
    private readonly Predicate<ReadOnlyMemory<byte>> isActive;
    private readonly Func<StateEntry, bool> tryActivate;
    private readonly KeyTable? suspects;    // entities that were too large, and are measured
    private readonly SnapshotWriter scale = SnapshotWriter.Sealed();
    private long unmarked;    // the version of stored states that carry none
    private long nextSweep;
    private long staysAway = long.MinValue;    // last used then or before, an entity need not be read

    /// <summary>Makes the states of a kind; none is active.</summary>
    public EntityStates(StateForm<TState> form, TimeSpan? passivateAfter, ShardContext context)
    {
        (this.form, this.context, unmarked) = (form, context, form.Version);
        this.passivateAfter = passivateAfter ?? context.Timing.PassivateAfter;
        Timers = new EntityTimers(context);
        changes = context.HasStore ? new ChangedKeys(context.HashSeed) : null;
        Table = new EntityTable<Entity<TState>>(
            context.HashSeed,
            changes is null ? context.Limits.EntitiesPerShard : int.MaxValue,
            changes,
            entity => Timers.CancelAll(entity.Timers),
            evicts: changes is not null)
        {
            Written = Measure,
        };
        nextSweep = this.passivateAfter == Timeout.InfiniteTimeSpan ? long.MaxValue : context.Now;
        isActive = key => Table.Find(key.Span) != EntityTable<Entity<TState>>.None;
        tryActivate = TryActivateOfPage;
        context.Parts.Add(this);
        if (context.TooLarge.Count > 0)
        {
            suspects = new KeyTable(context.HashSeed);
            context.TooLarge.ForEach(key => suspects.GetOrAdd(key, out _));
        }

        if (changes is not null)
        {
            Away = new AwayEntities(form.Kind, context, changes);
            context.Parts.Add(Away);
        }
    }

    /// <inheritdoc/>
    public string Name => form.Kind;

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

    /// <summary>Whether there are entities that each call measures.</summary>
    public bool Measures => suspects is not null;

    /// <summary>
    /// Sees whether an entity that was too large before has room for what a call has made of it. The others are not
    /// measured by each call, but by the cuts.
    /// </summary>
    /// <param name="key">Its key.</param>
    /// <param name="entity">What it is by the call, with the timers that it had.</param>
    /// <param name="asked">The most bytes of the timers that the call asks for.</param>
    /// <exception cref="EntityTooLargeException">It has not.</exception>
    public void EnsureFits(ReadOnlySpan<byte> key, in Entity<TState> entity, int asked)
    {
        if (suspects!.Find(key) < 0)
        {
            return;
        }

        scale.Clear();
        scale.Write(0L);
        WriteEntity(in entity, scale);
        EnsureFits(key, scale.Written.Length + asked);
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
    /// <returns>Whether it can be used; else the shard stands still: <see cref="ShardContext.Unusable"/>.</returns>
    public bool TryTake(Wish wish)
    {
        if (context.Unusable is not null)
        {
            return false;
        }

        try
        {
            if (wish.Value is { } value)
            {
                TryActivate(new StateEntry(wish.Key, value), isWanted: true);
            }
        }
        catch (SnapshotException error)
        {
            context.Unusable = error;
            return false;
        }

        Away!.Take(wish);
        return true;
    }

    /// <inheritdoc/>
    public void Cut(SnapshotCut cut)
    {
        // A release without marks reads the first number alone, and refuses the part where that is not its own.
        cut.Head.Write(form.Version);
        cut.Head.Write(unmarked);
        Table.Cut(cut, WriteEntity, context.Now);
    }

    /// <inheritdoc/>
    public void Saved() => Table.Saved(HasTimers);

    /// <inheritdoc/>
    public void Load(RestoredPart saved)
    {
        var head = saved.OpenHead();
        var highest = head.ReadNumber();
        unmarked = head.IsAtEnd ? highest : head.ReadNumber();
        form.Accept(highest, saved.Shard);
        Away!.Scan();
    }

    // One that was saved when more was allowed stays as it is, until it changes.
    private void Measure(ReadOnlyMemory<byte> key, int bytes, bool hasChanged)
    {
        context.Store!.Counters.AddEntity(bytes);
        if (hasChanged)
        {
            EnsureFits(key.Span, bytes);
        }
    }

    private void EnsureFits(ReadOnlySpan<byte> key, long value)
    {
        // Each has its length in front.
        var bytes = value + key.Length + (2 * sizeof(int));
        if (bytes > context.Limits.EntityBytes)
        {
            throw new EntityTooLargeException(Name, key, bytes, context.Limits.EntityBytes);
        }
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

    /// <summary>
    /// One that cannot be used is asked for by itself, and then stands in the way until somebody has decided: its
    /// timers may be due, and a record of it may come.
    /// </summary>
    private bool TryActivateOfPage(StateEntry stored)
    {
        try
        {
            return TryActivate(stored, isWanted: false);
        }
        catch (SnapshotException)
        {
            Away!.Want(stored.Key.Span);
            return false;
        }
    }

    /// <returns>Whether it is active now; what was not used for long, without a timer, may stay away.</returns>
    private bool TryActivate(StateEntry stored, bool isWanted)
    {
        var value = SnapshotReader.Open(stored.Value.Span, context.StoredAs, Name, stored.Key.Span);
        var lastUsed = value.ReadNumber() + context.Now - context.UtcNow;
        var bytes = value.ReadBytes();
        var behind = value;
        var hasTimers = EntityTimers.Skip(ref behind) > 0;
        if (!isWanted && lastUsed <= staysAway && !hasTimers)
        {
            return false;
        }

        var from = behind.IsAtEnd ? unmarked : behind.ReadNumber();
        var entity = new Entity<TState> { State = form.Read(bytes, from, stored.Key.Span, context.StoredAs) };
        if (from < form.Version)
        {
            context.Store!.Counters.AddUpgraded();
        }

        Timers.Load(ref entity.Timers, stored.Key.Span, ref value);
        Table.Load(stored.Key.Span, lastUsed, in entity, mayGo: !hasTimers);
        return true;
    }

    private void WriteEntity(in Entity<TState> entity, SnapshotWriter value)
    {
        value.Write(in entity.State, form.Codec);
        Timers.Save(entity.Timers, value);
        value.Write(form.Version);
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
