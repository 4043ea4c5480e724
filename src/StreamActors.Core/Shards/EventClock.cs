using StreamActors.Sinks;

namespace StreamActors.Shards;

/// <summary>
/// The records' own time in a shard: the highest time that a record carried, and, where several topics feed it, the
/// lowest of those. It moves by records alone, and not by those that are too far ahead of the wall clock: it never goes
/// back, so one of them would fire all timers, for good. Owned by the shard: only its turn calls it.
/// </summary>
/// <param name="inputs">How many topics feed the shard.</param>
/// <param name="maxLead">How far ahead of the wall clock a record may move it; zero = any way.</param>
internal sealed class EventClock(int inputs, TimeSpan maxLead)
{
    private readonly long maxLeadMs = maxLead == TimeSpan.Zero ? long.MaxValue : (long)maxLead.TotalMilliseconds;
    private readonly long[] highest = [.. Enumerable.Repeat(long.MinValue, inputs)];
    private readonly List<Func<long>> waiting = [];
    private long nextDue = long.MaxValue;

    /// <summary>
    /// The time, in milliseconds since 1970 (UTC); the lowest number before every topic had a record.
    /// </summary>
    public long Now { get; private set; } = long.MinValue;

    /// <summary>Whether somebody waits for a time that has come.</summary>
    public bool IsDue => nextDue <= Now;

    /// <summary>Adds somebody who says which time it waits for.</summary>
    public void Add(Func<long> due) => waiting.Add(due);

    /// <summary>Whether a record would move the time to one for which somebody waits.</summary>
    /// <param name="record">Where the record came from.</param>
    /// <param name="utcNow">The wall-clock time, in milliseconds since 1970 (UTC).</param>
    public bool IsAwaited(Origin record, long utcNow) =>
        nextDue <= record.Timestamp && nextDue <= NowAfter(record) && !IsAhead(record, utcNow);

    /// <summary>Lets the time go on to that of a record.</summary>
    /// <param name="record">Where the record came from.</param>
    /// <param name="utcNow">The wall-clock time, in milliseconds since 1970 (UTC).</param>
    /// <returns>False where the record is too far ahead of the wall clock: it moves nothing.</returns>
    public bool TryMove(Origin record, long utcNow)
    {
        if (IsAhead(record, utcNow))
        {
            return false;
        }

        if (record.Timestamp > highest[record.Input])
        {
            Now = NowAfter(record);
            highest[record.Input] = record.Timestamp;
        }

        return true;
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
        record.Timestamp > utcNow && record.Timestamp - utcNow > maxLeadMs;

    private long NowAfter(Origin record)
    {
        var lowest = Math.Max(record.Timestamp, highest[record.Input]);
        for (var input = 0; input < highest.Length; input++)
        {
            lowest = input == record.Input ? lowest : Math.Min(lowest, highest[input]);
        }

        return lowest;
    }
}
