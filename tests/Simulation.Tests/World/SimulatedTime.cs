namespace StreamActors.Simulation.Tests.World;

/// <summary>A clock that moves only when it is told to, and fires the timers that it passes, in order.</summary>
internal sealed class SimulatedTime : TimeProvider
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly PriorityQueue<(Timer Timer, long Arming), (long Due, long Order)> due = new();
    private long now;
    private long order;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public TimeSpan Elapsed => TimeSpan.FromTicks(now);

    public override long GetTimestamp() => now;

    public override DateTimeOffset GetUtcNow() => Start.AddTicks(now);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Runs an action once, later.</summary>
    public void After(TimeSpan delay, Action action) =>
        CreateTimer(static run => ((Action)run!)(), action, delay, Timeout.InfiniteTimeSpan);

    public void Advance(TimeSpan by)
    {
        var target = now + by.Ticks;
        while (due.TryPeek(out var next, out var at) && at.Due <= target)
        {
            due.Dequeue();
            now = Math.Max(now, at.Due);
            next.Timer.Fire(next.Arming);
        }

        now = target;
    }

    private sealed class Timer(SimulatedTime time, TimerCallback callback, object? state) : ITimer
    {
        private long arming;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            period.ShouldBe(Timeout.InfiniteTimeSpan, "the engine uses no periodic timers");
            dueTime.TotalMilliseconds.ShouldBeLessThan(uint.MaxValue - 1, "a real timer refuses longer waits");
            arming++;
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                time.due.Enqueue((this, arming), (time.now + dueTime.Ticks, time.order++));
            }

            return true;
        }

        public void Fire(long armed)
        {
            if (armed == arming)
            {
                callback(state);
            }
        }

        public void Dispose() => arming = -1;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
