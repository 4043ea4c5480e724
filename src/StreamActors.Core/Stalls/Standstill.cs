namespace StreamActors.Stalls;

/// <summary>
/// Since when the positions of an owned partition stand still though there is something to do: what is done, and what
/// is committed of it. Looked at by the poll thread, a few times a second.
/// </summary>
internal sealed class Standstill
{
    private Mark done;
    private Mark committed;
    private long end;
    private long grewFirst;

    /// <summary>
    /// Since when nothing is done, in milliseconds; null where something is, or there is nothing to do.
    /// </summary>
    public long? Done => done.Since;

    /// <summary>
    /// Since when what is done is not committed, in milliseconds; null where there is nothing to commit.
    /// </summary>
    public long? Committed => committed.Since;

    /// <summary>Whether either stands still.</summary>
    public bool IsStill => done.Since is not null || committed.Since is not null;

    /// <summary>
    /// For how long the log has grown while nothing was done, in milliseconds. One that does not grow may end in what
    /// is no record: the markers of transactions, or what was compacted away.
    /// </summary>
    public long GrewFor { get; private set; }

    /// <summary>Takes note of how a partition stands.</summary>
    /// <param name="now">The time in milliseconds.</param>
    /// <param name="at">How it stands.</param>
    public void Look(long now, in Positions at)
    {
        done = done.Next(now, at.Done, at.IsBehind);
        committed = committed.Next(now, at.Committed, at.Committed < at.Done);
        var log = at.Done + at.Lag ?? 0;
        if (done.Since is not { } since || since == now)
        {
            (end, grewFirst, GrewFor) = (log, long.MaxValue, 0);
        }
        else if (log > end)
        {
            (end, grewFirst) = (log, Math.Min(grewFirst, now));
            GrewFor = now - grewFirst;
        }
    }

    /// <summary>A position, and since when it has not moved though it should.</summary>
    private readonly record struct Mark(long Position, long? Since)
    {
        public Mark Next(long now, long position, bool shouldMove) => new(
            position, !shouldMove ? null : Since is null || position != Position ? now : Since);
    }
}

/// <summary>How a partition stands.</summary>
/// <param name="Done">The offset below which every record is done.</param>
/// <param name="Next">The offset from which on no record was handled.</param>
/// <param name="Committed">The offset that the group has.</param>
/// <param name="Lag">Records in the log from <paramref name="Done"/> on; null until the client knows.</param>
internal readonly record struct Positions(long Done, long Next, long Committed, long? Lag)
{
    /// <summary>Whether it is not read at all, so that not to know of a record means nothing.</summary>
    public bool IsUnread { get; init; }

    /// <summary>Whether there is something to do.</summary>
    public bool IsBehind => Next > Done || (Lag is { } lag ? lag > 0 : IsUnread);
}
