using StreamActors.Shards;

namespace StreamActors.Testing;

/// <summary>
/// All threads of a pipeline under test, on the one that calls the kit: turns, calls and the continuations of user
/// code's awaits wait in one list, and chance, from a seed, decides which is next. Any thread may add; one runs.
/// <para>
/// User code runs with this as its synchronization context, so that what it awaits comes back here. Timers fire without
/// one, so that an await that wants none (<c>ConfigureAwait(false)</c>) goes on at once, and not on the thread pool.
/// </para>
/// </summary>
internal sealed class TurnQueue(VirtualTime time, Random random) : SynchronizationContext, ITurnScheduler
{
    private readonly object sync = new();
    private readonly List<Entry> waiting = [];
    private bool isClosed;

    /// <summary>How many entries were run.</summary>
    public long Ran { get; private set; }

    /// <summary>Whether nothing waits.</summary>
    public bool IsEmpty
    {
        get
        {
            lock (sync)
            {
                return waiting.Count == 0;
            }
        }
    }

    /// <inheritdoc/>
    public void Schedule(IThreadPoolWorkItem turn) => Add(new Entry(turn, null, null));

    /// <inheritdoc/>
    public override void Post(SendOrPostCallback d, object? state) => Add(new Entry(null, d, state));

    /// <inheritdoc/>
    public override void Send(SendOrPostCallback d, object? state) => d(state);

    /// <inheritdoc/>
    public override SynchronizationContext CreateCopy() => this;

    /// <inheritdoc/>
    public void Signal()
    {
    }

    /// <summary>
    /// Waits in virtual time: what can run runs; when nothing can, the clock goes on to its next timer.
    /// </summary>
    public bool WaitUntil(Func<bool> condition, TimeSpan limit)
    {
        var end = time.Elapsed + limit;
        while (!condition())
        {
            if (RunOne())
            {
                continue;
            }

            if (time.Elapsed >= end)
            {
                return false;
            }

            time.AdvanceTo(time.NextDue is { } next && next < end ? next : end);
        }

        return true;
    }

    /// <summary>Runs one of the entries that wait; false when none does.</summary>
    public bool RunOne()
    {
        if (!TryTake(out var entry))
        {
            return false;
        }

        Ran++;
        SetSynchronizationContext(this);
        try
        {
            entry.Turn?.Execute();
            entry.Continuation?.Invoke(entry.State);
        }
        finally
        {
            SetSynchronizationContext(null);
        }

        return true;
    }

    /// <summary>Waits, in real time, until another thread adds something.</summary>
    public void WaitForOthers(TimeSpan limit)
    {
        lock (sync)
        {
            if (waiting.Count == 0)
            {
                Monitor.Wait(sync, limit);
            }
        }
    }

    /// <summary>Drops what waits, and what is still to come: the process is dead.</summary>
    public void Close()
    {
        lock (sync)
        {
            isClosed = true;
            waiting.Clear();
        }
    }

    private void Add(Entry entry)
    {
        lock (sync)
        {
            if (!isClosed)
            {
                waiting.Add(entry);
                Monitor.PulseAll(sync);
            }
        }
    }

    private bool TryTake(out Entry entry)
    {
        lock (sync)
        {
            if (waiting.Count == 0)
            {
                entry = default;
                return false;
            }

            var index = waiting.Count == 1 ? 0 : random.Next(waiting.Count);
            entry = waiting[index];
            waiting.RemoveAt(index);
            return true;
        }
    }

    private readonly record struct Entry(IThreadPoolWorkItem? Turn, SendOrPostCallback? Continuation, object? State);
}
