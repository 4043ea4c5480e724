namespace StreamActors.Limits;

/// <summary>
/// How many records a pipeline may read now, on this node: a token bucket that holds a fifth of a second and one more,
/// so that a second brings at most 1.2 times the rate. The poll thread reads by it; any thread may set the rate.
/// </summary>
internal sealed class ReadRate
{
    private const double BurstSeconds = 0.2;

    private volatile int perSecond;
    private double tokens;
    private long filledAt;
    private int first;

    /// <summary>Records a second; 0 = no bound.</summary>
    public int PerSecond { get => perSecond; set => perSecond = value; }

    /// <summary>How many records may be read now.</summary>
    /// <param name="now">Milliseconds by a clock that never goes back.</param>
    /// <param name="most">What is wanted.</param>
    public int Room(long now, int most)
    {
        var rate = perSecond;
        if (rate == 0)
        {
            return most;
        }

        tokens = Math.Min(1 + (rate * BurstSeconds), tokens + ((now - filledAt) * rate / 1000.0));
        filledAt = now;
        return (int)Math.Min(most, tokens);
    }

    /// <summary>Takes note that records were read.</summary>
    public void Took(int records)
    {
        if (perSecond > 0)
        {
            tokens -= records;
        }
    }

    /// <summary>
    /// The items, beginning with another one each time where the rate is bound: the first in line would have it all.
    /// </summary>
    public IEnumerable<T> InTurn<T>(IReadOnlyCollection<T> items)
    {
        if (perSecond == 0 || items.Count < 2)
        {
            return items;
        }

        first = (first + 1) % items.Count;
        return items.Skip(first).Concat(items.Take(first));
    }
}
