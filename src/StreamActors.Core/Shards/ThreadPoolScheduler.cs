namespace StreamActors.Shards;

/// <summary>Turns on the thread pool: as many at once as it has threads, each shard on one at a time.</summary>
/// <param name="time">The clock for limits.</param>
internal sealed class ThreadPoolScheduler(TimeProvider time) : ITurnScheduler
{
    private static readonly TimeSpan CheckEvery = TimeSpan.FromMilliseconds(5);

    private readonly object changed = new();

    /// <inheritdoc/>
    public void Schedule(IThreadPoolWorkItem turn) => ThreadPool.UnsafeQueueUserWorkItem(turn, preferLocal: false);

    /// <inheritdoc/>
    public bool WaitUntil(Func<bool> condition, TimeSpan limit)
    {
        var start = time.GetTimestamp();
        lock (changed)
        {
            while (!condition())
            {
                if (time.GetElapsedTime(start) >= limit)
                {
                    return false;
                }

                Monitor.Wait(changed, CheckEvery);
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public void Signal()
    {
        lock (changed)
        {
            Monitor.PulseAll(changed);
        }
    }
}
