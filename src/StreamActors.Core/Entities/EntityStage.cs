using StreamActors.Metrics;
using StreamActors.Records;
using StreamActors.Shards;
using StreamActors.Sinks;

namespace StreamActors.Entities;

/// <summary>The entities of a route in one shard, and their timers.</summary>
internal sealed class EntityStage<TIn, TState, TOut>(
    IEntity<TIn, TState, TOut> handler, Emitter<TOut> emitter, DeadLetters deadLetters, ShardContext context)
    : IStage<TIn>
    where TIn : allows ref struct
    where TState : class, new()
{
    private readonly EntityTable<Entity> entities = new(context.HashSeed, context.Limits.EntitiesPerShard);
    private readonly PriorityQueue<TimerEntry, long> timers = new();
    private readonly Turn<TOut> turn = new();
    private readonly long passivateAfter = (long)context.Timing.PassivateAfter.TotalMilliseconds;
    private long nextSweep = context.Now;
    private long nextGeneration;

    /// <inheritdoc/>
    public long NextDue
    {
        get
        {
            var sweep = entities.Count > 0 ? nextSweep : long.MaxValue;
            return timers.TryPeek(out _, out var due) && context.Outbox.HasRoom ? Math.Min(due, sweep) : sweep;
        }
    }

    /// <summary>
    /// Entries in the queue of timers; one for each timer, but for those that were moved to an earlier time.
    /// </summary>
    public int QueuedTimers => timers.Count;

    /// <inheritdoc/>
    public bool HasRoom => true;

    /// <inheritdoc/>
    public void Handle(scoped in TIn value, in Keyed from, ref RouteCounters.Turnover counts)
    {
        ref var entity = ref entities.Activate(from.EntityKey, context.Now, out _);
        entity.State ??= new TState();
        turn.Begin(from.Record.Key, from.Record.Timestamp, context.UtcNow);
        handler.On(in value, entity.State, turn);
        Emit(from.Record.Key, from.Record.HasKey, from.Origin);
        SetTimers(ref entity, from.EntityKey, from.Record);
        ForgetIfAsked(from.EntityKey);
        counts.Ignored += turn.Outputs.Count == 0 ? 1 : 0;
    }

    /// <inheritdoc/>
    public void OnTime(ref RouteCounters.Turnover counts)
    {
        if (context.Now >= nextSweep)
        {
            entities.PassivateIdle(context.Now - passivateAfter, context.Now, HasTimers);
            nextSweep = context.Now + Math.Max(passivateAfter / 10, 1);
        }

        while (timers.TryPeek(out var entry, out var due) && due <= context.Now && context.Outbox.HasRoom)
        {
            timers.Dequeue();
            try
            {
                Fire(entry, due);
            }
            catch (Exception error)
            {
                deadLetters.FailTimer(entry.Name, error);
            }
        }
    }

    /// <inheritdoc/>
    public bool Flush(ref RouteCounters.Turnover counts) => true;

    private void Fire(TimerEntry entry, long due)
    {
        ref var entity = ref entities.Peek(entry.Key);
        var isActive = !System.Runtime.CompilerServices.Unsafe.IsNullRef(ref entity);
        if (!isActive || entity.Timers is null || !entity.Timers.TryGetValue(entry.Name, out var timer)
            || timer.Generation != entry.Generation)
        {
            return;
        }

        if (timer.Due > due)
        {
            entity.Timers[entry.Name] = timer with { QueuedFor = timer.Due };
            timers.Enqueue(entry, timer.Due);
            return;
        }

        entity.Timers.Remove(entry.Name);
        turn.Begin(entry.RecordKey, context.UtcNow - context.Now + due, context.UtcNow);
        handler.OnTimer(entry.Name, entity.State!, turn);
        Emit(entry.RecordKey, entry.HasRecordKey, new Origin(0, Origin.NoOffset, context.UtcNow));
        foreach (var (name, next) in turn.Timers)
        {
            SetTimer(ref entity, entry with { Name = name }, DueOf(next));
        }

        ForgetIfAsked(entry.Key);
    }

    private static bool HasTimers(Entity entity) => entity.Timers is { Count: > 0 };

    /// <summary>Emits what a call emitted: all of it, or nothing when rendering an output throws.</summary>
    private void Emit(ReadOnlySpan<byte> recordKey, bool hasRecordKey, Origin origin)
    {
        emitter.Scope.Begin(origin);
        try
        {
            foreach (var output in turn.Outputs)
            {
                emitter.Emit(in output, recordKey, hasRecordKey, origin);
            }
        }
        catch
        {
            emitter.Scope.Undo();
            throw;
        }

    }

    private void SetTimers(ref Entity entity, ReadOnlySpan<byte> key, scoped in Record record)
    {
        foreach (var (name, next) in turn.Timers)
        {
            var due = DueOf(next);
            if (!IsMovedLater(ref entity, name, due))
            {
                var entry = new TimerEntry(key.ToArray(), record.Key.ToArray(), record.HasKey, name, 0);
                SetTimer(ref entity, entry, due);
            }
        }
    }

    /// <summary>
    /// Moves a timer that is set to a later time. Its entry stays where it is in the queue, and moves when it comes
    /// up: a timer that every record moves costs one entry, not one a record.
    /// </summary>
    private static bool IsMovedLater(ref Entity entity, string name, long due)
    {
        if (entity.Timers is null || !entity.Timers.TryGetValue(name, out var timer) || timer.QueuedFor > due)
        {
            return false;
        }

        entity.Timers[name] = timer with { Due = due };
        return true;
    }

    private void SetTimer(ref Entity entity, TimerEntry entry, long due)
    {
        if (!IsMovedLater(ref entity, entry.Name, due))
        {
            entity.Timers ??= new Dictionary<string, Timer>(StringComparer.Ordinal);
            entity.Timers[entry.Name] = new Timer(due, due, ++nextGeneration);
            timers.Enqueue(entry with { Generation = nextGeneration }, due);
        }
    }

    private long DueOf(DateTimeOffset time) => time.ToUnixTimeMilliseconds() - context.UtcNow + context.Now;

    private void ForgetIfAsked(ReadOnlySpan<byte> key)
    {
        if (turn.Forgets)
        {
            entities.Forget(key);
        }
    }

    private struct Entity
    {
        public TState? State;
        public Dictionary<string, Timer>? Timers;
    }

    /// <summary>
    /// A timer that is set: when it is due, and the place of its entry in the queue, which may be earlier.
    /// </summary>
    private readonly record struct Timer(long Due, long QueuedFor, long Generation);

    private readonly record struct TimerEntry(
        byte[] Key, byte[] RecordKey, bool HasRecordKey, string Name, long Generation);
}
