using StreamActors.Entities;
using StreamActors.Metrics;
using StreamActors.Pipelines;
using StreamActors.Shards;
using StreamActors.Records;
using StreamActors.Sinks;
using StreamActors.Snapshots;
using StreamActors.Stalls;

namespace StreamActors.Windows;

/// <summary>
/// A wall-clock window in a shard. Ticks come at fixed times, whatever the traffic, so that a held record leaves within
/// one period; a shard without records has no ticks. While the outbox is full, a flush goes on where it stopped, and
/// new records gather in the other buffer: a slow sink makes <c>latest</c> merge more.
/// </summary>
internal sealed class WindowStage<T> : IStage<T>, IStateful
    where T : allows ref struct
{
    private readonly WindowSpec spec;
    private readonly IReader<T> reader;
    private readonly Emitter<T> emitter;
    private readonly DeadLetters deadLetters;
    private readonly ShardContext context;
    private readonly EntityTable<Counter>? counters;
    private readonly long period;
    private WindowBuffer filling;
    private WindowBuffer flushing;
    private int flushed;
    private long nextTick = long.MaxValue;

    /// <summary>Makes an empty window.</summary>
    public WindowStage(
        WindowSpec spec, IReader<T> reader, Emitter<T> emitter, DeadLetters deadLetters, ShardContext context)
    {
        this.deadLetters = deadLetters;
        this.spec = spec;
        this.reader = reader;
        this.emitter = emitter;
        this.context = context;
        period = (long)spec.Every.TotalMilliseconds;
        filling = new WindowBuffer(context.HashSeed);
        flushing = new WindowBuffer(context.HashSeed);
        counters = spec.Strategy == WindowStrategy.Sample
            ? new EntityTable<Counter>(
                context.HashSeed,
                context.Limits.EntitiesPerShard,
                context.HasStore ? new ChangedKeys(context.HashSeed) : null)
            : null;
        if (context.HasStore)
        {
            context.Parts.Add(this);
        }
    }

    /// <summary>Takes the id of a value out of dedup again, whose record is given up at a flush.</summary>
    public required Release<T> Release { get; init; }

    /// <inheritdoc/>
    public string Name => $"window {deadLetters.Route}";

    /// <inheritdoc/>
    public Holding Holding => default;

    /// <inheritdoc/>
    public bool IsExpendable => true;

    /// <inheritdoc/>
    public bool NeedsStore => counters is not null;

    /// <inheritdoc/>
    public bool IsKeyed => counters is not null;

    /// <inheritdoc/>
    public long RestsAt => flushing.Count > 0 ? context.Now + 1 : filling.Count > 0 ? nextTick : context.Now;

    /// <inheritdoc/>
    public long NextDue => flushed < flushing.Count ? long.MaxValue : nextTick;

    /// <inheritdoc/>
    public bool HasRoom => filling.Bytes < context.Limits.WindowBytes;

    /// <inheritdoc/>
    public IEnumerable<Kept> Kept => KeptIn(flushing, flushed, context.Now).Concat(KeptIn(filling, 0, nextTick));

    /// <inheritdoc/>
    public Obstacle? Find(Origin origin) =>
        FindIn(flushing, flushed, context.Now, origin) ?? FindIn(filling, 0, nextTick, origin);

    /// <inheritdoc/>
    public Obstacle? Full => HasRoom ? null : Describe(context.Now) with { NeedsRoom = true };

    /// <inheritdoc/>
    public void Handle(scoped in T value, in Keyed from, ref RouteCounters.Turnover counts)
    {
        if (counters is not null && !IsSampled(counters, from.EntityKey, ref counts))
        {
            counts.Merged++;
            return;
        }

        context.Retain(from.Origin);
        counts.Merged += Hold(in from) ? 0 : 1;
        if (!HasRoom)
        {
            nextTick = context.Now;
        }
    }

    /// <inheritdoc/>
    public void OnTime(ref RouteCounters.Turnover counts)
    {
        EmitFlushing(ref counts);
        if (context.Now >= nextTick && flushing.Count == 0)
        {
            (filling, flushing) = (flushing, filling);
            nextTick = long.MaxValue;
            EmitFlushing(ref counts);
            counts.PassivatedIdle +=
                counters?.PassivateIdle(context.Now - (long)context.Timing.PassivateAfter.TotalMilliseconds) ?? 0;
        }
    }

    /// <inheritdoc/>
    public bool Flush(ref RouteCounters.Turnover counts)
    {
        nextTick = filling.Count > 0 ? context.Now : long.MaxValue;
        OnTime(ref counts);
        return filling.Count == 0 && flushing.Count == 0;
    }

    /// <inheritdoc/>
    public void Cut(SnapshotCut cut)
    {
        cut.Head.Write(flushing.Count - flushed + filling.Count);
        WriteHeld(cut, flushing, flushed);
        WriteHeld(cut, filling, 0);
        counters?.Cut(cut, static (in counter, value) => value.Write(counter.Seen), context.Now);
    }

    /// <inheritdoc/>
    public void Load(RestoredPart saved)
    {
        var input = saved.OpenHead();
        for (var left = input.ReadNumber(); left > 0; left--)
        {
            var held = RecordImage.Read(ref input, saved, context.Inputs);
            context.Restore(held.Origin);
            Hold(in held);
        }

        counters?.Load(
            saved,
            static (_, ref value) => new Counter { Seen = (int)value.ReadNumber() },
            context.Now - context.UtcNow);
    }

    private void WriteHeld(SnapshotCut cut, WindowBuffer buffer, int from)
    {
        for (var index = from; index < buffer.Count; index++)
        {
            var origin = buffer.OriginAt(index);
            var held = new Keyed
            {
                Record = buffer.RecordAt(index, context.Inputs[origin.Input]),
                EntityKey = counters is null ? buffer.KeyAt(index) : default,
                Origin = origin,
            };
            RecordImage.Write(cut.Head, in held);
            cut.Carry(origin);
        }
    }

    /// <returns>Whether it took the place of no other.</returns>
    private bool Hold(in Keyed from)
    {
        Origin? replaced = null;
        if (counters is not null)
        {
            filling.Append(from.Record, from.Origin);
        }
        else
        {
            replaced = filling.Put(from.EntityKey, from.Record, from.Origin);
        }

        if (replaced is { } merged)
        {
            context.Complete(merged);
        }

        if (nextTick == long.MaxValue)
        {
            nextTick = TickAfter(context.Now);
        }

        return replaced is null;
    }

    private IEnumerable<Kept> KeptIn(WindowBuffer buffer, int from, long due)
    {
        for (var index = from; index < buffer.Count; index++)
        {
            var record = buffer.RecordAt(index, context.Inputs[0]);
            var key = record.HasKey ? record.Key.ToArray() : null;
            yield return new Kept(key, Describe(due).Why, due);
        }
    }

    private Obstacle? FindIn(WindowBuffer buffer, int from, long due, Origin origin)
    {
        for (var index = from; index < buffer.Count; index++)
        {
            if (buffer.OriginAt(index).IsOf(origin))
            {
                var record = buffer.RecordAt(index, context.Inputs[origin.Input]);
                return Describe(due) with { Key = record.HasKey ? KeyText.Of(record.Key) : null };
            }
        }

        return null;
    }

    /// <summary>What is due and held all the same waits for room in the outbox.</summary>
    private Obstacle Describe(long due) =>
        new(StallReason.Window, deadLetters.Route, $"held in a window of {spec.Every}")
        {
            Due = due,
            NeedsRoom = due <= context.Now,
        };

    private bool IsSampled(
        EntityTable<Counter> entities, ReadOnlySpan<byte> key, ref RouteCounters.Turnover counts)
    {
        ref var counter = ref entities.Activate(key, context.Now, out var isAtCap);
        counts.PassivatedAtCap += isAtCap ? 1 : 0;
        counter.Seen++;
        if (counter.Seen < spec.SampleRate)
        {
            return false;
        }

        counter.Seen = 0;
        return true;
    }

    private long TickAfter(long now)
    {
        var phase = (long)(context.Phase * period);
        var sinceTick = (now - phase) % period;
        return now - sinceTick + (sinceTick < 0 ? 0 : period);
    }

    private void EmitFlushing(ref RouteCounters.Turnover counts)
    {
        while (flushed < flushing.Count && context.Outbox.HasRoom)
        {
            var origin = flushing.OriginAt(flushed);
            var record = flushing.RecordAt(flushed, context.Inputs[origin.Input]);
            emitter.Scope.Begin(origin);
            try
            {
                Emit(in record, origin);
                counts.WithoutOutput += emitter.Scope.IsEmpty ? 1 : 0;
            }
            catch (Exception error) when (error is not EngineDefectException)
            {
                emitter.Scope.Undo();
                deadLetters.Fail(in record, origin, error, ref counts);
            }

            context.Complete(origin);
            flushed++;
        }

        // Not on an empty buffer: clearing costs by the size that it once had, and turns are many.
        if (flushed > 0 && flushed == flushing.Count)
        {
            flushing.Clear();
            flushed = 0;
        }
    }

    private void Emit(scoped in Record record, Origin origin)
    {
        var value = reader.ReadAgain(record.Value);
        try
        {
            emitter.Emit(in value, record.Key, record.HasKey, origin);
        }
        catch
        {
            Release(value, record.Key);
            throw;
        }
    }

    private struct Counter
    {
        public int Seen;
    }
}
