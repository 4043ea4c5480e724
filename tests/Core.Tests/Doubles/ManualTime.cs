using StreamActors.Shards;

namespace StreamActors.Core.Tests.Doubles;

/// <summary>
/// Time that passes when the test says so, with the timers that it passes; and turns that run when somebody waits.
/// </summary>
internal sealed class ManualTime : TimeProvider, ITurnScheduler
{
    private readonly Queue<IThreadPoolWorkItem> turns = [];
    private readonly List<ManualTimer> timers = [];
    private TimeSpan elapsed;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => elapsed.Ticks;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + elapsed;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    public void Advance(TimeSpan time)
    {
        elapsed += time;
        while (timers.Where(timer => timer.Due <= elapsed).MinBy(static timer => timer.Due) is { } due)
        {
            timers.Remove(due);
            due.Fire();
        }
    }

    public void Schedule(IThreadPoolWorkItem turn) => turns.Enqueue(turn);

    public void RunTurns()
    {
        while (turns.TryDequeue(out var turn))
        {
            turn.Execute();
        }
    }

    public bool WaitUntil(Func<bool> condition, TimeSpan limit)
    {
        RunTurns();
        if (!condition())
        {
            Advance(limit);
        }

        return condition();
    }

    public void Signal()
    {
    }

    private sealed class ManualTimer(ManualTime time, Action fire) : ITimer
    {
        public TimeSpan Due { get; private set; }

        public void Fire() => fire();

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            time.timers.Remove(this);
            Due = time.elapsed + dueTime;
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                time.timers.Add(this);
            }

            return true;
        }

        public void Dispose() => time.timers.Remove(this);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
