using StreamActors.Events;
using StreamActors.Records;

namespace StreamActors.Shards;

/// <summary>
/// Reports what a route gives up, in all its shards of this process together, each kind at a bounded rate: the first at
/// once, then one report in a while with the count of all since. What was kept back is told when the while is over, or
/// a shard of the route ends, so that the counts of a log add up. Any thread; only what fails comes by here.
/// </summary>
/// <param name="events">Where to say it.</param>
/// <param name="pipeline">The pipeline's name.</param>
/// <param name="route">The route's name.</param>
/// <param name="every">The shortest time between two reports of a kind, in milliseconds.</param>
internal sealed class RouteReports(IEngineEvents events, string pipeline, string route, long every)
{
    private readonly Kind<(PartitionOffset At, Rejection Why)> rejections = new(every, (count, last) =>
        events.Report(new EngineEvent.RecordsRejected(pipeline, route, count, last.At, last.Why.ToString())));

    private readonly Kind<(PartitionOffset At, Exception Error)> failures = new(every, (count, last) =>
        events.Report(new EngineEvent.HandlerFailed(pipeline, route, count, last.At, last.Error)));

    private readonly Kind<(string Timer, Exception Error)> timers = new(every, (count, last) =>
        events.Report(new EngineEvent.TimerFailed(pipeline, route, count, last.Timer, last.Error)));

    /// <summary>The route's name.</summary>
    public string Route => route;

    /// <summary>When something that was kept back is to be told; <see cref="long.MaxValue"/> = nothing is.</summary>
    public long NextDue => Math.Min(rejections.Due, Math.Min(failures.Due, timers.Due));

    /// <summary>A record's bytes were refused.</summary>
    public void Rejected(long now, PartitionOffset at, Rejection why) => rejections.Add(now, (at, why));

    /// <summary>User code threw on a record.</summary>
    public void Failed(long now, PartitionOffset at, Exception error) => failures.Add(now, (at, error));

    /// <summary>User code threw in a timer.</summary>
    public void TimerFailed(long now, string timer, Exception error) => timers.Add(now, (timer, error));

    /// <summary>Tells what was kept back, where its time has come.</summary>
    public void OnTime(long now)
    {
        if (NextDue <= now)
        {
            rejections.Tell(now);
            failures.Tell(now);
            timers.Tell(now);
        }
    }

    /// <summary>Tells what was kept back, before its time: a shard ends, and the process may.</summary>
    public void TellAll()
    {
        rejections.Tell(now: null);
        failures.Tell(now: null);
        timers.Tell(now: null);
    }

    /// <summary>The reports of one kind.</summary>
    private sealed class Kind<TCase>(long every, Action<long, TCase> report)
    {
        private readonly Lock access = new();
        private long keptBack;
        private long nextAt;
        private long due = long.MaxValue;
        private TCase last = default!;

        /// <summary>When what was kept back is to be told.</summary>
        public long Due => Volatile.Read(ref due);

        public void Add(long now, TCase what)
        {
            long count;
            lock (access)
            {
                count = ++keptBack;
                if (now < nextAt)
                {
                    last = what;
                    Volatile.Write(ref due, nextAt);
                    return;
                }

                nextAt = now + every;
                Clear();
            }

            report(count, what);
        }

        /// <summary>Tells what was kept back where it is due; whatever the time, where none is given.</summary>
        public void Tell(long? now)
        {
            long count;
            TCase what;
            lock (access)
            {
                if (keptBack == 0 || now < nextAt)
                {
                    return;
                }

                (count, what) = (keptBack, last);
                nextAt = now is { } time ? time + every : nextAt;
                Clear();
            }

            report(count, what);
        }

        private void Clear()
        {
            (keptBack, last) = (0, default!);
            Volatile.Write(ref due, long.MaxValue);
        }
    }
}
