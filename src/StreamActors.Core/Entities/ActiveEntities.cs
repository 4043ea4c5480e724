using System.Diagnostics.CodeAnalysis;
using StreamActors.Metrics;
using StreamActors.Parked;
using StreamActors.Shards;
using StreamActors.Sinks;
using StreamActors.Snapshots;
using StreamActors.Stalls;

namespace StreamActors.Entities;

/// <summary>
/// The entities of one kind in one shard, as their handler sees them. It makes a call to the handler a unit: all of its
/// effects come to be, or none. The routes that feed them share it.
/// </summary>
internal sealed class ActiveEntities<TState, TOut>
    where TState : new()
{
    private readonly Emitter<TOut> emitter;
    private readonly DeadLetters deadLetters;
    private readonly ShardContext context;
    private readonly EntityStates<TState> states;
    private readonly EntityTable<Entity<TState>> entities;
    private readonly EntityTimers timers;
    private readonly AwayEntities? away;
    private readonly ITimerHandler<TState, TOut> handler;
    private readonly ITimerHandler<TState, TOut> timerHandler;
    private readonly StateGuard<TState> guard;
    private readonly Turn<TOut> turn = new();
    private Entity<TState> newcomer;
    private int called;    // the entity of the call under way, looked up once; None: the newcomer

    /// <summary>Makes a shard's entities; none is active.</summary>
    public ActiveEntities(
        EntityDefinition<TState, TOut> definition,
        ITimerHandler<TState, TOut> handler,
        DeadLetters deadLetters,
        ShardContext context)
    {
        this.deadLetters = deadLetters;
        this.context = context;
        this.handler = handler;
        timerHandler = context.Observer?.Around(handler, context) ?? handler;
        emitter = new Emitter<TOut>(definition.Outputs, context);
        var form = new StateForm<TState>(definition.Name, definition.Version, definition.StateCodec, handler);
        guard = new StateGuard<TState>(form);
        states = new EntityStates<TState>(form, definition.PassivateAfter, context);
        (entities, timers, away) = (states.Table, states.Timers, states.Away);
    }

    /// <summary>How many there are, and timers.</summary>
    public Holding Holding => states.Holding;

    /// <summary>How many are in the store alone.</summary>
    public long Away => away?.Count ?? 0;

    /// <summary>Whether a record can be taken: there is room to park it, and none that was parked goes first.</summary>
    public bool HasRoom => away?.HasRoom ?? true;

    /// <summary>Counts the entities whose state has come that was waited for.</summary>
    public long Came => away?.Came ?? 0;

    /// <summary>How many records wait for the states of their entities. Any thread.</summary>
    public int Parked => away?.Parked ?? 0;

    /// <summary>Whether nothing goes on, since a state is of no use: what is parked then stays so.</summary>
    public bool StandsStill => context.Unusable is not null;

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
            var due = Math.Min(states.NextSweep, states.NextRead);
            return context.Outbox.HasRoom ? Math.Min(timers.NextDue, due) : due;
        }
    }

    /// <summary>The timers that are set and the records that are parked, for people who look.</summary>
    public IEnumerable<Kept> Kept => timers.Kept.Concat(away?.Kept ?? []);

    /// <summary>What a record waits for whose entity is away; null where it is none.</summary>
    public Obstacle? Find(Origin origin) => away?.Find(origin);

    /// <summary>Why no record can be taken; null where one can.</summary>
    public Obstacle? Full => away?.Full;

    /// <summary>What the call under way asks for.</summary>
    public Turn<TOut> Turn => turn;

    /// <summary>
    /// Whether an entity is active or a new one, so that a record of it is handled at once; else its state is read.
    /// </summary>
    public bool IsHere(ReadOnlySpan<byte> entityKey) => states.IsHere(entityKey);

    /// <summary>Finds the entity of a record; where it may be away, the record is parked.</summary>
    /// <returns>Whether it is found, or a new one: <see cref="Begin"/> follows.</returns>
    public bool TryFind(in Keyed from, ref RouteCounters.Turnover counts)
    {
        called = entities.Find(from.EntityKey);
        return called != EntityTable<Entity<TState>>.None || away is null || !away.TryPark(in from, ref counts);
    }

    /// <summary>
    /// Starts the call for a record whose entity was found, with the state that it may change; <see cref="End"/> or
    /// <see cref="TakeBack"/> follows.
    /// </summary>
    public ref TState Begin(in Keyed from)
    {
        turn.Begin(from.Record.Key, from.Origin.EventTime, timers.EventNow, context.UtcNow);
        if (called == EntityTable<Entity<TState>>.None)
        {
            guard.Drop();
            newcomer = new Entity<TState> { State = new TState() };
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
        var isNew = called == EntityTable<Entity<TState>>.None;
        var leaver = isNew ? entities.NextToGo : EntityTable<Entity<TState>>.None;
        timers.EnsureRoom(turn.Forgets ? [] : turn.Timers, TimersOf(called), TimersOf(leaver));
        EnsureFits(from.EntityKey, isNew ? ref newcomer : ref entities[called], from.Record.Key);
        emitter.EmitAll(turn.Outputs.GetEnumerator(), from.Record.Key, from.Record.HasKey, from.Origin);
        counts.WithoutOutput += emitter.Scope.IsEmpty ? 1 : 0;
        if (turn.Forgets)
        {
            if (!isNew)
            {
                states.Forget(called);
            }

            return;
        }

        if (context.Observer is { } observer && leaver != EntityTable<Entity<TState>>.None)
        {
            observer.Passivated(entities.OldestFirst().First().Key.Span, "to make room", context);
        }

        ref var entity = ref isNew ? ref Admit(from.EntityKey, ref counts) : ref entities.Use(called, context.Now);
        timers.Set(ref entity.Timers, turn.Timers, from.EntityKey, from.Record.Key, from.Record.HasKey);
    }

    /// <summary>Takes back what a call that threw has changed.</summary>
    public void TakeBack()
    {
        if (called != EntityTable<Entity<TState>>.None)
        {
            guard.Restore(ref entities[called].State);
        }
    }

    /// <summary>
    /// Passivates who is idle, handles what was parked for those whose state has come, and calls what is due, as far as
    /// the outbox has room.
    /// </summary>
    public void OnTime(ref RouteCounters.Turnover counts)
    {
        states.Passivate(ref counts);
        states.ReadOn();
        context.EventClock.PassIdle(context.Now, context.UtcNow);
        if (!HandleParked(ref counts))
        {
            return;
        }

        while (context.Outbox.HasRoom && timers.TryTake(out var timer))
        {
            Call(timer, ref counts);
        }
    }

    /// <summary>
    /// Handles the records whose entities have come. In front of each goes what is due by the clock, and what was due
    /// by event time when it was parked: records that were read since have not moved that for it.
    /// </summary>
    /// <returns>Whether none is left: the outbox may be full, or the state of one be of no use.</returns>
    public bool HandleParked(ref RouteCounters.Turnover counts)
    {
        while (away?.Ready is { } wish)
        {
            if (!wish.IsTaken)
            {
                if (!states.TryTake(wish))
                {
                    return false;
                }

                counts.LoadedEntities += wish.Value is null ? 0 : 1;
            }

            while (wish.Next is { } parked)
            {
                timers.AsOf = parked.Watermark;
                while (context.Outbox.HasRoom && TryTakeDue(parked, out var timer))
                {
                    Call(timer, ref counts);
                }

                var hasRoom = context.Outbox.HasRoom;
                if (hasRoom)
                {
                    away.Handle(wish, parked);
                }

                timers.AsOf = null;
                if (!hasRoom)
                {
                    return false;
                }
            }

            away.Finish(wish);
        }

        return true;
    }

    private bool TryTakeDue(ParkedRecord before, [NotNullWhen(true)] out EntityTimer? timer) => timers.TryTakeOf(
        TimersOf(entities.Find(before.EntityKey)), before.Watermark, out timer);

    private void Call(EntityTimer timer, ref RouteCounters.Turnover counts)
    {
        counts.FiredTimers++;

        // It is active: an entity that goes has no timer, or takes it along.
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

    /// <summary>The shard is closed.</summary>
    public void Close() => away?.Close();

    private void EnsureFits(ReadOnlySpan<byte> entityKey, in Entity<TState> entity, ReadOnlySpan<byte> recordKey)
    {
        if (states.Measures && !turn.Forgets)
        {
            states.EnsureFits(entityKey, in entity, EntityTimers.MostBytes(turn.Timers, recordKey.Length));
        }
    }

    private Dictionary<string, EntityTimer>? TimersOf(int index) =>
        index == EntityTable<Entity<TState>>.None ? null : entities[index].Timers;

    private ref Entity<TState> Admit(ReadOnlySpan<byte> entityKey, ref RouteCounters.Turnover counts)
    {
        ref var entity = ref entities.Activate(entityKey, context.Now, out var isAtCap);
        counts.PassivatedAtCap += isAtCap ? 1 : 0;
        entity = newcomer;
        return ref entity;
    }

    private void Fire(EntityTimer timer)
    {
        ref var entity = ref entities[called];
        turn.Begin(timer.RecordKey, timers.TimeOf(timer), timers.EventNow, context.UtcNow);
        guard.Keep(in entity.State);
        timerHandler.OnTimer(timer.Name, ref entity.State, turn);
        var origin = new Origin(0, Origin.NoOffset, timers.TimeOf(timer));
        timers.EnsureRoom(turn.Forgets ? [] : turn.Timers, entity.Timers, freed: null);
        EnsureFits(timer.EntityKey, in entity, timer.RecordKey);
        emitter.EmitAll(turn.Outputs.GetEnumerator(), timer.RecordKey, timer.RecordKey is not null, origin);
        if (turn.Forgets)
        {
            states.Forget(called);
        }
        else
        {
            timers.Set(
                ref entity.Timers, turn.Timers, timer.EntityKey, timer.RecordKey, timer.RecordKey is not null);
        }
    }
}
