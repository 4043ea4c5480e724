using StreamActors.Limits;
using StreamActors.Sinks;

namespace StreamActors.Shards;

/// <summary>
/// Event time in a shard, its watermark: the highest time that a record told, and, where several topics feed it, the
/// lowest of those. It moves by records, and not by those that are too far ahead of the wall clock: it never goes
/// back, so one of them would fire all timers, for good. A topic that has been quiet for long goes on by the wall
/// clock, where the pipeline wants it to. Owned by the shard: only its turn calls it.
/// </summary>
/// <param name="inputs">How many topics feed the shard.</param>
/// <param name="timing">How far ahead of the clock a record may move it, and how long a topic may be quiet.</param>
/// <param name="now">The time in milliseconds of the shard's clock: from here on a topic may be quiet.</param>
internal sealed class EventClock(int inputs, PipelineTiming timing, long now)
{
    private readonly long maxLeadMs =
        timing.MaxEventTimeLead == TimeSpan.Zero ? long.MaxValue : (long)timing.MaxEventTimeLead.TotalMilliseconds;

    private readonly long idleMs = (long)timing.EventTimeIdleAfter.TotalMilliseconds;
    private readonly long[] highest = [.. Enumerable.Repeat(Origin.NoEventTime, inputs)];
    private readonly long[] heardAt = [.. Enumerable.Repeat(now, inputs)];
    private readonly List<Func<long>> waiting = [];
    private long nextDue = long.MaxValue;

    /// <summary>
    /// The time, in milliseconds since 1970 (UTC); <see cref="Origin.NoEventTime"/> before every topic had a record.
    /// </summary>
    public long Now { get; private set; } = Origin.NoEventTime;

    /// <summary>Whether an input has records that the shard has not handled: it is not quiet then.</summary>
    public Func<int, bool> IsWaiting { get; set; } = static _ => false;

    /// <summary>The time of the last record that was too far ahead, for people who look.</summary>
    public long LastAhead { get; private set; }

    /// <summary>Whether the shard has entities, which may wait for a time.</summary>
    public bool IsUsed => waiting.Count > 0;

    /// <summary>Whether somebody waits for a time.</summary>
    public bool HasDue => nextDue != long.MaxValue;

    /// <summary>Whether somebody waits for a time that has come.</summary>
    public bool IsDue => nextDue <= Now;

    /// <summary>Adds somebody who says which time it waits for.</summary>
    public void Add(Func<long> due) => waiting.Add(due);

    /// <summary>Whether a record would move the time to one for which somebody waits.</summary>
    /// <param name="record">Where the record came from.</param>
    /// <param name="utcNow">The wall-clock time, in milliseconds since 1970 (UTC).</param>
    public bool IsAwaited(Origin record, long utcNow) =>
        nextDue <= record.EventTime && nextDue <= NowAfter(record) && !IsAhead(record, utcNow);

    /// <summary>Lets the time go on to that of a record.</summary>
    /// <param name="record">Where the record came from.</param>
    /// <param name="utcNow">The wall-clock time, in milliseconds since 1970 (UTC).</param>
    /// <returns>False where the record is too far ahead of the wall clock: it moves nothing.</returns>
    public bool TryMove(Origin record, long utcNow)
    {
        if (IsAhead(record, utcNow))
        {
            LastAhead = record.EventTime;
            return false;
        }

        if (record.EventTime > highest[record.Input])
        {
            Now = NowAfter(record);
            highest[record.Input] = record.EventTime;
        }

        return true;
    }

    /// <summary>Records of an input were handled.</summary>
    /// <param name="input">Its index.</param>
    /// <param name="at">The time in milliseconds of the shard's clock.</param>
    public void Heard(int input, long at) => heardAt[input] = at;

    /// <summary>
    /// Lets the time of the inputs that have been quiet for long go on: to the wall clock's, less as long as they may
    /// be quiet.
    /// </summary>
    /// <param name="at">The time in milliseconds of the shard's clock.</param>
    /// <param name="utcNow">The wall-clock time, in milliseconds since 1970 (UTC).</param>
    public void PassIdle(long at, long utcNow)
    {
        if (idleMs == 0)
        {
            return;
        }

        for (var input = 0; input < highest.Length; input++)
        {
            if (at - heardAt[input] >= idleMs && !IsWaiting(input))
            {
                highest[input] = Math.Max(highest[input], utcNow - idleMs);
            }
        }

        Now = highest.Min();
    }

    /// <summary>
    /// When <see cref="PassIdle"/> will reach the time for which somebody waits, in milliseconds of the shard's clock:
    /// each input that has not must be quiet by then. <see cref="long.MaxValue"/> where records decide.
    /// </summary>
    /// <param name="at">The time in milliseconds of the shard's clock.</param>
    /// <param name="utcNow">The wall-clock time, in milliseconds since 1970 (UTC).</param>
    public long NextIdle(long at, long utcNow)
    {
        if (idleMs == 0 || !HasDue || IsDue)
        {
            return long.MaxValue;
        }

        var due = at + (nextDue + idleMs - utcNow);
        for (var input = 0; input < highest.Length; input++)
        {
            if (highest[input] >= nextDue)
            {
                continue;
            }

            if (IsWaiting(input))
            {
                return long.MaxValue;
            }

            due = Math.Max(due, heardAt[input] + idleMs);
        }

        return due;
    }

    /// <summary>For each topic the highest time that a record carried.</summary>
    public IReadOnlyList<long> Times => [.. highest];

    /// <summary>Takes the time of a topic that was saved: it was believed then.</summary>
    public void Restore(int input, long time)
    {
        highest[input] = time;
        Now = highest.Min();
    }

    /// <summary>Somebody waits for another time.</summary>
    public void Refresh()
    {
        nextDue = long.MaxValue;
        foreach (var due in waiting)
        {
            nextDue = Math.Min(nextDue, due());
        }
    }

    private bool IsAhead(Origin record, long utcNow) =>
        record.EventTime > utcNow && record.EventTime - utcNow > maxLeadMs;

    private long NowAfter(Origin record)
    {
        var lowest = Math.Max(record.EventTime, highest[record.Input]);
        for (var input = 0; input < highest.Length; input++)
        {
            lowest = input == record.Input ? lowest : Math.Min(lowest, highest[input]);
        }

        return lowest;
    }
}
