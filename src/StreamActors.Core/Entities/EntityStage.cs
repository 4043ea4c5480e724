using StreamActors.Metrics;
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

    /// <inheritdoc/>
    public bool HasRoom => true;

    /// <inheritdoc/>
    public void Handle(scoped in TIn value, in Keyed from, ref RouteCounters.Turnover counts)
    {
        ref var entity = ref entities.Activate(from.EntityKey, context.Now, out _);
        entity.State ??= new TState();
        turn.Begin(from.Record.Key, from.Record.Timestamp, context.UtcNow);
        handler.On(in value, entity.State, turn);
        Apply(ref entity, from.EntityKey, from.Record.Key, from.Origin);
        if (turn.Outputs.Count > 0)
        {
            counts.Emitting++;
        }
        else
        {
            counts.Ignored++;
        }
    }

    /// <inheritdoc/>
    public void OnTime(ref RouteCounters.Turnover counts)
    {
        if (context.Now >= nextSweep)
        {
            entities.PassivateIdle(context.Now - passivateAfter);
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
        if (!isActive || entity.Timers is null || !entity.Timers.TryGetValue(entry.Name, out var generation)
            || generation != entry.Generation)
        {
            return;
        }

        entity.Timers.Remove(entry.Name);
        turn.Begin(entry.RecordKey, context.UtcNow - context.Now + due, context.UtcNow);
        handler.OnTimer(entry.Name, entity.State!, turn);
        Apply(ref entity, entry.Key, entry.RecordKey, new Origin(0, Origin.NoOffset, context.UtcNow));
    }

    /// <summary>Makes the effects of a call real: all of them, or none when rendering an output throws.</summary>
    private void Apply(ref Entity entity, ReadOnlySpan<byte> key, ReadOnlySpan<byte> recordKey, Origin origin)
    {
        emitter.Scope.Begin(origin);
        try
        {
            foreach (var output in turn.Outputs)
            {
                emitter.Emit(in output, recordKey, hasKey: true, origin);
            }
        }
        catch
        {
            emitter.Scope.Undo();
            throw;
        }

        foreach (var (name, due) in turn.Timers)
        {
            entity.Timers ??= new Dictionary<string, long>(StringComparer.Ordinal);
            entity.Timers[name] = ++nextGeneration;
            var monotonicDue = due.ToUnixTimeMilliseconds() - context.UtcNow + context.Now;
            timers.Enqueue(new TimerEntry(key.ToArray(), recordKey.ToArray(), name, nextGeneration), monotonicDue);
        }

        if (turn.Forgets)
        {
            entities.Forget(key);
        }
    }

    private struct Entity
    {
        public TState? State;
        public Dictionary<string, long>? Timers;
    }

    private readonly record struct TimerEntry(byte[] Key, byte[] RecordKey, string Name, long Generation);
}
