using StreamActors.Shards;

namespace StreamActors.Testing;

/// <summary>
/// All threads of a pipeline under test, on the one that calls the kit: turns and calls wait in one list, and chance,
/// from a seed, decides which is next. Any thread may add; one runs.
/// <para>
/// No synchronization context stands here, so that an await goes on at once, on this thread, when what it waits for
/// completes on it, such as a delay of virtual time, whether it asks for a context or not. With one, those that ask for
/// none, as all of HttpClient's do, would go on in the thread pool.
/// </para>
/// </summary>
internal sealed class TurnQueue(VirtualTime time, Random random) : ITurnScheduler
{
    private readonly object sync = new();
    private readonly List<IThreadPoolWorkItem> waiting = [];
    private bool isClosed;

    /// <summary>How many items were run.</summary>
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
    public void Schedule(IThreadPoolWorkItem turn)
    {
        lock (sync)
        {
            if (!isClosed)
            {
                waiting.Add(turn);
                Monitor.PulseAll(sync);
            }
        }
    }

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

    /// <summary>Runs one of the items that wait; false when none does.</summary>
    public bool RunOne()
    {
        if (TryTake() is not { } item)
        {
            return false;
        }

        Ran++;
        item.Execute();
        return true;
    }

    /// <summary>Waits, in real time, until another thread adds something; at once where something waits.</summary>
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

    private IThreadPoolWorkItem? TryTake()
    {
        lock (sync)
        {
            if (waiting.Count == 0)
            {
                return null;
            }

            var index = waiting.Count == 1 ? 0 : random.Next(waiting.Count);
            var item = waiting[index];
            waiting.RemoveAt(index);
            return item;
        }
    }
}
