using StreamActors.Kafka.Native;

namespace StreamActors.Kafka;

/// <summary>
/// What the poll thread waits on. Records wake it at most once an interval, because at 50,000 records a second waking
/// costs more than the work; everything else (a rebalance, a call from another thread) wakes it at once. After a quiet
/// time longer than the interval, the first record wakes it at once too.
/// </summary>
internal sealed class PollSignal(TimeSpan interval, TimeProvider clock) : IQueueListener
{
    private readonly object sleep = new();
    private readonly long intervalTicks = (long)(interval.TotalSeconds * clock.TimestampFrequency);
    private long lastWoken = clock.GetTimestamp();
    private bool lingering;
    private bool records;
    private bool urgent;

    /// <summary>Ends the wait at once, or the next one. Any thread.</summary>
    public void Wake()
    {
        lock (sleep)
        {
            urgent = true;
            Monitor.Pulse(sleep);
        }
    }

    /// <summary>Ends the wait as soon as the interval since the last wake-up has passed. Any thread.</summary>
    public void WakeForRecords()
    {
        lock (sleep)
        {
            records = true;
            if (!lingering)
            {
                Monitor.Pulse(sleep);
            }
        }
    }

    /// <summary>The queue of rebalances and errors has something.</summary>
    public void Filled() => Wake();

    /// <summary>Waits until it is woken, or for <paramref name="wait"/>. The poll thread only.</summary>
    public void Wait(TimeSpan wait)
    {
        lock (sleep)
        {
            var deadline = clock.GetTimestamp() + (long)(wait.TotalSeconds * clock.TimestampFrequency);
            lingering = true;
            while (!urgent && Sleep(Math.Min(deadline, lastWoken + intervalTicks)))
            {
            }

            lingering = false;
            while (!urgent && !records && Sleep(deadline))
            {
            }

            lastWoken = clock.GetTimestamp();
            urgent = records = false;
        }
    }

    private bool Sleep(long until)
    {
        var left = clock.GetElapsedTime(clock.GetTimestamp(), until);
        return left > TimeSpan.Zero && (Monitor.Wait(sleep, (int)Math.Ceiling(left.TotalMilliseconds)) || true);
    }
}
