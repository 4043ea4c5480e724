using StreamActors.Snapshots;

namespace StreamActors.Shards;

/// <summary>
/// The records' own time in a shard: the highest time that a record carried, and, where several topics feed it, the
/// lowest of those. It moves by records alone. Owned by the shard: only its turn calls it.
/// </summary>
/// <param name="inputs">How many topics feed the shard.</param>
internal sealed class EventClock(int inputs)
{
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

    /// <summary>Takes note of a record that is about to be handled.</summary>
    public void Observe(int input, long timestamp)
    {
        if (timestamp > highest[input])
        {
            highest[input] = timestamp;
            Now = highest.Length == 1 ? timestamp : highest.Min();
        }
    }

    /// <summary>Appends the time of each topic.</summary>
    public void Save(SnapshotWriter output)
    {
        output.Write(highest.Length);
        Array.ForEach(highest, output.Write);
    }

    /// <summary>Takes what <see cref="Save"/> wrote.</summary>
    public void Load(ref SnapshotReader input)
    {
        for (var (saved, at) = (input.ReadNumber(), 0); at < saved; at++)
        {
            var time = input.ReadNumber();
            if (at < highest.Length)
            {
                Observe(at, time);
            }
        }
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
}
