using StreamActors.Metrics;
using StreamActors.Shards;
using StreamActors.Sinks;
using StreamActors.Snapshots;

namespace StreamActors.Entities;

/// <summary>
/// The entities of one kind in one shard, with their states and timers. It makes a call to the handler a unit: all of
/// its effects come to be, or none. The routes that feed them share it.
/// </summary>
internal sealed class ActiveEntities<TState, TOut> : IEntityStates<TState>
    where TState : new()
{
    private readonly EntityDefinition<TState, TOut> definition;
    private readonly Emitter<TOut> emitter;
    private readonly DeadLetters deadLetters;
    private readonly ShardContext context;
    private readonly ChangedKeys? changes;
    private readonly EntityTable<Entity> entities;
    private readonly EntityTimers timers;
    private readonly ITimerHandler<TState, TOut> handler;
    private readonly ITimerHandler<TState, TOut> timerHandler;
    private readonly StateGuard<TState> guard;
    private readonly Turn<TOut> turn = new();
    private readonly TimeSpan passivateAfter;
    private Entity newcomer;
    private int called;    // the entity of the call under way, looked up once; None: the newcomer
    private long nextSweep;

    /// <summary>Makes a shard's entities; none is active.</summary>
    public ActiveEntities(
        EntityDefinition<TState, TOut> definition,
        ITimerHandler<TState, TOut> handler,
        DeadLetters deadLetters,
        ShardContext context)
    {
        this.definition = definition;
        this.deadLetters = deadLetters;
        this.context = context;
        this.handler = handler;
        timerHandler = context.Observer?.Around(handler, context) ?? handler;
        emitter = new Emitter<TOut>(definition.Outputs, context);
        guard = new StateGuard<TState>(definition.StateCodec);
        timers = new EntityTimers(context);
        changes = context.HasStore ? new ChangedKeys() : null;
        entities = new EntityTable<Entity>(
            context.HashSeed, context.Limits.EntitiesPerShard, changes, entity => timers.CancelAll(entity.Timers));
        passivateAfter = definition.PassivateAfter ?? context.Timing.PassivateAfter;
        nextSweep = passivateAfter == Timeout.InfiniteTimeSpan ? long.MaxValue : context.Now;
        context.Parts.Add(this);
    }

    /// <inheritdoc/>
    public string Name => definition.Name;

    /// <summary>The handler object of the shard, for records of a type.</summary>
    public IEntity<TIn, TState, TOut> HandlerOf<TIn>()
        where TIn : allows ref struct
    {
        var own = (IEntity<TIn, TState, TOut>)handler;
        return context.Observer?.Around(own, context) ?? own;
    }

    /// <summary>When it wants <see cref="OnTime"/>, in milliseconds.</summary>
    public long NextDue
    {
        get
        {
            var sweep = entities.Count > 0 ? nextSweep : long.MaxValue;
            return context.Outbox.HasRoom ? Math.Min(timers.NextDue, sweep) : sweep;
        }
    }

    /// <summary>The timers that are set, for people who look.</summary>
    public IEnumerable<Kept> Kept => timers.Kept;

    /// <summary>What the call under way asks for.</summary>
    public Turn<TOut> Turn => turn;

    /// <summary>
    /// Starts the call for a record, with the state that it may change; <see cref="End"/> or
    /// <see cref="TakeBack"/> follows.
    /// </summary>
    public ref TState Begin(in Keyed from)
    {
        turn.Begin(from.Record.Key, from.Origin.EventTime, context.EventClock.Now, context.UtcNow);
        called = entities.Find(from.EntityKey);
        if (called == EntityTable<Entity>.None)
        {
            guard.Drop();
            newcomer = new Entity { State = new TState() };
            return ref newcomer.State;
        }

        ref var entity = ref entities[called];
        guard.Keep(in entity.State);
        return ref entity.State;
    }

    /// <summary>
    /// Gives the call its effects. What can throw comes first, and what it has done is taken back: nothing throws once
    /// the outputs are added.
    /// </summary>
    public void End(in Keyed from, ref RouteCounters.Turnover counts)
    {
        var isNew = called == EntityTable<Entity>.None;
        var leaver = isNew ? entities.NextToGo : EntityTable<Entity>.None;
        timers.EnsureRoom(turn.Forgets ? [] : turn.Timers, TimersOf(called), TimersOf(leaver));
        emitter.EmitAll(turn.Outputs.GetEnumerator(), from.Record.Key, from.Record.HasKey, from.Origin);
        counts.WithoutOutput += emitter.Scope.IsEmpty ? 1 : 0;
        if (turn.Forgets)
        {
            if (!isNew)
            {
                entities.Forget(called);
            }

            return;
        }

        if (context.Observer is { } observer && leaver != EntityTable<Entity>.None)
        {
            observer.Passivated(entities.OldestFirst().First().Key.Span, "to make room", context);
        }

        ref var entity = ref isNew ? ref Admit(from.EntityKey, ref counts) : ref entities.Use(called, context.Now);
        timers.Set(ref entity.Timers, turn.Timers, from.EntityKey, from.Record.Key, from.Record.HasKey);
    }

    /// <summary>Takes back what a call that threw has changed.</summary>
    public void TakeBack()
    {
        if (called != EntityTable<Entity>.None)
        {
            guard.Restore(ref entities[called].State);
        }
    }

    /// <summary>Passivates who is idle, and calls what is due, as far as the outbox has room.</summary>
    public void OnTime(ref RouteCounters.Turnover counts)
    {
        if (context.Now >= nextSweep)
        {
            var idle = (long)passivateAfter.TotalMilliseconds;
            TellIdle(context.Now - idle);
            counts.PassivatedIdle += entities.PassivateIdle(context.Now - idle, context.Now, HasTimers);
            nextSweep = context.Now + Math.Max(idle / 10, 1);
        }

        context.EventClock.PassIdle(context.Now, context.UtcNow);
        while (context.Outbox.HasRoom && timers.TryTake(out var timer))
        {
            counts.FiredTimers++;

            // It is active: an entity that goes takes its timers with it.
            called = entities.Find(timer.EntityKey);
            entities[called].Timers!.Remove(timer.Name);
            entities.NoteChange(called);
            try
            {
                Fire(timer);
            }
            catch (Exception error) when (error is not EngineDefectException)
            {
                TakeBack();
                deadLetters.FailTimer(timer.Name, error, ref counts);
            }
        }
    }

    /// <inheritdoc/>
    public bool TryGet(ReadOnlySpan<byte> entityKey, out TState state)
    {
        var index = entities.Find(entityKey);
        var isActive = index != EntityTable<Entity>.None;
        state = isActive ? entities[index].State : default!;
        return isActive;
    }

    /// <inheritdoc/>
    public Holding Holding => new(entities.Count, timers.Count, 0);

    /// <inheritdoc/>
    public bool IsKeyed => true;

    /// <inheritdoc/>
    public bool HasChanges => changes!.Any;

    /// <inheritdoc/>
    public void Cut(SnapshotCut cut)
    {
        cut.Head.Write(definition.Version);
        entities.Cut(cut, WriteEntity, context.Now);
    }

    /// <inheritdoc/>
    public void Load(RestoredPart saved)
    {
        var version = new SnapshotReader(saved.Head.Span).ReadNumber();
        if (version != definition.Version)
        {
            throw new SnapshotException(
                $"The saved state of the entity {Name} has version {version}; this program has {definition.Version}.");
        }

        entities.Load(saved, ReadEntity, context.Now - context.UtcNow);
    }

    private void WriteEntity(in Entity entity, SnapshotWriter value)
    {
        value.Write(in entity.State, definition.StateCodec);
        timers.Save(entity.Timers, value);
    }

    private Entity ReadEntity(ReadOnlySpan<byte> key, ref SnapshotReader value)
    {
        var entity = default(Entity);
        if (!definition.StateCodec.TryRead(value.ReadBytes(), out entity.State, out var rejection))
        {
            throw new SnapshotException($"The saved state of an entity {Name} is refused by its codec: {rejection}.");
        }

        timers.Load(ref entity.Timers, key, ref value);
        return entity;
    }

    /// <summary>
    /// Tells the observer, if there is one, who will be passivated: who was last used then or before.
    /// </summary>
    private void TellIdle(long since)
    {
        if (context.Observer is not { } observer)
        {
            return;
        }

        foreach (var (key, lastUsed) in entities.OldestFirst())
        {
            if (lastUsed > since)
            {
                return;
            }

            if (!HasTimers(entities[entities.Find(key.Span)]))
            {
                observer.Passivated(key.Span, $"after {passivateAfter} idle", context);
            }
        }
    }

    private static bool HasTimers(Entity entity) => entity.Timers is { Count: > 0 };

    private Dictionary<string, EntityTimer>? TimersOf(int index) =>
        index == EntityTable<Entity>.None ? null : entities[index].Timers;

    private ref Entity Admit(ReadOnlySpan<byte> entityKey, ref RouteCounters.Turnover counts)
    {
        ref var entity = ref entities.Activate(entityKey, context.Now, out var isAtCap);
        counts.PassivatedAtCap += isAtCap ? 1 : 0;
        entity = newcomer;
        return ref entity;
    }

    private void Fire(EntityTimer timer)
    {
        ref var entity = ref entities[called];
        turn.Begin(timer.RecordKey, timers.TimeOf(timer), context.EventClock.Now, context.UtcNow);
        guard.Keep(in entity.State);
        timerHandler.OnTimer(timer.Name, ref entity.State, turn);
        var origin = new Origin(0, Origin.NoOffset, timers.TimeOf(timer));
        timers.EnsureRoom(turn.Forgets ? [] : turn.Timers, entity.Timers, freed: null);
        emitter.EmitAll(turn.Outputs.GetEnumerator(), timer.RecordKey, timer.RecordKey is not null, origin);
        if (turn.Forgets)
        {
            entities.Forget(called);
        }
        else
        {
            timers.Set(
                ref entity.Timers, turn.Timers, timer.EntityKey, timer.RecordKey, timer.RecordKey is not null);
        }
    }

    private struct Entity
    {
        public TState State;
        public Dictionary<string, EntityTimer>? Timers;
    }
}
