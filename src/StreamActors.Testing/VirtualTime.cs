namespace StreamActors.Testing;

/// <summary>
/// A clock that moves only when it is told to, and fires the timers that it passes, in the order of their times. Give
/// it to fakes that wait: <c>Task.Delay(time, virtualTime)</c> ends inside <see cref="PipelineTest.Advance"/>. Any
/// thread may read it and set timers; one at a time advances it.
/// </summary>
/// <param name="start">What it shows before it is advanced.</param>
public sealed class VirtualTime(DateTimeOffset start) : TimeProvider
{
    private readonly Lock sync = new();
    private readonly PriorityQueue<(Timer Timer, long Arming), (long Due, long Order)> due = new();
    private long now;
    private long order;

    /// <summary>Makes a clock that shows the first of January 2026, 00:00 (UTC).</summary>
    public VirtualTime()
        : this(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero))
    {
    }

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>How far it was advanced.</summary>
    public TimeSpan Elapsed => TimeSpan.FromTicks(Volatile.Read(ref now));

    /// <summary>When the next timer fires, as <see cref="Elapsed"/> will show it; null while none is set.</summary>
    internal TimeSpan? NextDue
    {
        get
        {
            lock (sync)
            {
                return TryPeek(out var at) ? TimeSpan.FromTicks(at) : null;
            }
        }
    }

    /// <inheritdoc/>
    public override long GetTimestamp() => Volatile.Read(ref now);

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => start + Elapsed;

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Runs an action once, later.</summary>
    public void After(TimeSpan delay, Action action) =>
        CreateTimer(static run => ((Action)run!)(), action, delay, Timeout.InfiniteTimeSpan);

    /// <summary>
    /// Lets time pass, and fires what falls due on the way, each timer at its time. A pipeline under test is advanced
    /// by <see cref="PipelineTest.Advance"/>, which lets it work in between.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative.</exception>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        var end = Elapsed + by;
        while (NextDue is { } next && next <= end)
        {
            AdvanceTo(next);
        }

        AdvanceTo(end);
    }

    /// <summary>
    /// Moves to a time, if that is not over, and fires what is due then. Of what was due before, each timer fires once,
    /// in order, but sees the new time.
    /// </summary>
    internal void AdvanceTo(TimeSpan time)
    {
        Volatile.Write(ref now, Math.Max(now, time.Ticks));
        while (TryTake(out var timer, out var arming))
        {
            timer.Fire(arming);
        }
    }

    private bool TryTake(out Timer timer, out long arming)
    {
        lock (sync)
        {
            var isDue = TryPeek(out var at) && at <= now;
            (timer, arming) = isDue ? due.Dequeue() : default;
            return isDue;
        }
    }

    private bool TryPeek(out long at)
    {
        while (due.TryPeek(out var next, out var place))
        {
            if (next.Timer.IsArmed(next.Arming))
            {
                at = place.Due;
                return true;
            }

            due.Dequeue();
        }

        at = 0;
        return false;
    }

    private sealed class Timer(VirtualTime time, TimerCallback callback, object? state) : ITimer
    {
        // Counts the changes: an entry of an earlier one is dead. Negative when disposed. Guarded by the clock's lock.
        private long armings;
        private long every;

        public bool IsArmed(long arming) => armings == arming;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Check(dueTime);
            Check(period);
            lock (time.sync)
            {
                if (armings < 0)
                {
                    return false;
                }

                armings++;
                every = period > TimeSpan.Zero ? period.Ticks : 0;
                if (dueTime >= TimeSpan.Zero)
                {
                    time.due.Enqueue((this, armings), (time.now + dueTime.Ticks, time.order++));
                }

                return true;
            }
        }

        public void Fire(long arming)
        {
            lock (time.sync)
            {
                if (!IsArmed(arming))
                {
                    return;
                }

                if (every > 0)
                {
                    time.due.Enqueue((this, armings), (time.now + every, time.order++));
                }
            }

            callback(state);
        }

        public void Dispose()
        {
            lock (time.sync)
            {
                armings = -1;
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        /// <summary>As a real timer does, so that what works here works there.</summary>
        private static void Check(TimeSpan time)
        {
            const long Longest = uint.MaxValue - 1;
            var isTime = time == Timeout.InfiniteTimeSpan
                || (time >= TimeSpan.Zero && time.TotalMilliseconds <= Longest);
            if (!isTime)
            {
                throw new ArgumentOutOfRangeException(nameof(time), time, $"A timer waits for 0 to {Longest} ms.");
            }
        }
    }
}
