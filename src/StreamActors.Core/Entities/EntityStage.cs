using StreamActors.Metrics;
using StreamActors.Shards;
using StreamActors.Sinks;

namespace StreamActors.Entities;

/// <summary>The entities of a route in one shard, and their timers.</summary>
internal sealed class EntityStage<TIn, TState, TOut> : IStage<TIn>
    where TIn : allows ref struct
    where TState : class, new()
{
    private readonly IEntity<TIn, TState, TOut> handler;
    private readonly Emitter<TOut> emitter;
    private readonly DeadLetters deadLetters;
    private readonly ShardContext context;
    private readonly EntityTable<Entity> entities;
    private readonly TimerQueue timers;
    private readonly Turn<TOut> turn = new();
    private readonly long passivateAfter;
    private long nextSweep;

    /// <summary>Makes a stage without entities.</summary>
    public EntityStage(
        IEntity<TIn, TState, TOut> handler, Emitter<TOut> emitter, DeadLetters deadLetters, ShardContext context)
    {
        this.handler = handler;
        this.emitter = emitter;
        this.deadLetters = deadLetters;
        this.context = context;
        entities = new EntityTable<Entity>(context.HashSeed, context.Limits.EntitiesPerShard, CancelTimers);
        timers = new TimerQueue(context.Limits.TimersPerShard);
        passivateAfter = (long)context.Timing.PassivateAfter.TotalMilliseconds;
        nextSweep = context.Now;
    }

    /// <inheritdoc/>
    public long NextDue
    {
        get
        {
            var sweep = entities.Count > 0 ? nextSweep : long.MaxValue;
            return context.Outbox.HasRoom ? Math.Min(timers.NextDue, sweep) : sweep;
        }
    }

    /// <inheritdoc/>
    public bool HasRoom => true;

    /// <summary>Entries in the queue of timers, which may be more than timers are set.</summary>
    public int QueuedTimers => timers.Entries;

    /// <inheritdoc/>
    public void Handle(scoped in TIn value, in Keyed from, ref RouteCounters.Turnover counts)
    {
        ref var entity = ref entities.Activate(from.EntityKey, context.Now, out var isAtCap);
        counts.PassivatedAtCap += isAtCap ? 1 : 0;
        entity.State ??= new TState();
        turn.Begin(from.Record.Key, from.Record.Timestamp, context.UtcNow);
        handler.On(in value, entity.State, turn);
        Apply(ref entity, new Call
        {
            EntityKey = from.EntityKey,
            RecordKey = from.Record.Key,
            HasRecordKey = from.Record.HasKey,
            Origin = from.Origin,
        });
        counts.Ignored += turn.Outputs.Count == 0 ? 1 : 0;
    }

    /// <inheritdoc/>
    public void OnTime(ref RouteCounters.Turnover counts)
    {
        if (context.Now >= nextSweep)
        {
            counts.PassivatedIdle += entities.PassivateIdle(context.Now - passivateAfter, context.Now, HasTimers);
            nextSweep = context.Now + Math.Max(passivateAfter / 10, 1);
        }

        while (context.Outbox.HasRoom && timers.TryTake(context.Now, out var timer))
        {
            // It is active: an entity that goes takes its timers with it.
            ref var entity = ref entities.Peek(timer.EntityKey);
            entity.Timers!.Remove(timer.Name);
            try
            {
                Fire(ref entity, timer);
            }
            catch (Exception error) when (error is not EngineDefectException)
            {
                deadLetters.FailTimer(timer.Name, error, ref counts);
            }
        }
    }

    /// <inheritdoc/>
    public bool Flush(ref RouteCounters.Turnover counts) => true;

    private static bool HasTimers(Entity entity) => entity.Timers is { Count: > 0 };

    private void CancelTimers(Entity entity)
    {
        if (entity.Timers is not { } set)
        {
            return;
        }

        foreach (var timer in set.Values)
        {
            timers.Cancel(timer);
        }
    }

    private void Fire(ref Entity entity, EntityTimer timer)
    {
        turn.Begin(timer.RecordKey, context.UtcNow - context.Now + timer.Due, context.UtcNow);
        handler.OnTimer(timer.Name, entity.State!, turn);
        Apply(ref entity, new Call
        {
            EntityKey = timer.EntityKey,
            RecordKey = timer.RecordKey,
            HasRecordKey = timer.RecordKey is not null,
            Origin = new Origin(0, Origin.NoOffset, context.UtcNow),
        });
    }

    /// <summary>
    /// Does what a call asked for. What can throw comes first, and what it has done is taken back: nothing throws once
    /// the outputs are added, so a call has all its effects or none of them.
    /// </summary>
    private void Apply(ref Entity entity, scoped in Call call)
    {
        if (!turn.Forgets && turn.Timers.Count > 0)
        {
            timers.EnsureRoom(NewTimers(entity.Timers));
        }

        Emit(in call);
        if (turn.Forgets)
        {
            entities.Forget(call.EntityKey);
            return;
        }

        foreach (var (name, due) in turn.Timers)
        {
            SetTimer(ref entity, name, due, in call);
        }
    }

    private int NewTimers(Dictionary<string, EntityTimer>? set)
    {
        if (turn.Timers.Count <= timers.Room)
        {
            return turn.Timers.Count;
        }

        return turn.Timers.Select(static timer => timer.Name).Distinct(StringComparer.Ordinal)
            .Count(name => set is null || !set.ContainsKey(name));
    }

    /// <summary>Emits what a call emitted: all of it, or nothing when rendering an output throws.</summary>
    private void Emit(scoped in Call call)
    {
        emitter.Scope.Begin(call.Origin);
        try
        {
            foreach (var output in turn.Outputs)
            {
                emitter.Emit(in output, call.RecordKey, call.HasRecordKey, call.Origin);
            }
        }
        catch
        {
            emitter.Scope.Undo();
            throw;
        }
    }

    private void SetTimer(ref Entity entity, string name, DateTimeOffset time, scoped in Call call)
    {
        // Not now: a timer that sets itself again at once would never let the turn end.
        var due = Math.Max(time.ToUnixTimeMilliseconds() - context.UtcNow + context.Now, context.Now + 1);
        entity.Timers ??= new Dictionary<string, EntityTimer>(StringComparer.Ordinal);
        if (entity.Timers.TryGetValue(name, out var set))
        {
            if (TimerQueue.TryMove(set, due))
            {
                return;
            }

            timers.Cancel(set);
        }

        var recordKey = call.HasRecordKey ? call.RecordKey.ToArray() : null;
        var timer = new EntityTimer(name, call.EntityKey.ToArray(), recordKey, due);
        entity.Timers[name] = timer;
        timers.Add(timer);
    }

    private struct Entity
    {
        public TState? State;
        public Dictionary<string, EntityTimer>? Timers;
    }

    /// <summary>What a call was made for.</summary>
    private readonly ref struct Call
    {
        public required ReadOnlySpan<byte> EntityKey { get; init; }

        public required ReadOnlySpan<byte> RecordKey { get; init; }

        public required bool HasRecordKey { get; init; }

        public required Origin Origin { get; init; }
    }
}
