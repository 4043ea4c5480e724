namespace StreamActors.Sources;

/// <summary>
/// Whether an answer of the group has proven of late that this process is still its member. One that was frozen, or
/// cut off from the coordinator, for as long as a session may have lost its partitions without having heard of it: its
/// shards let nothing out until a commit is acknowledged.
/// <code>
///              a session without a proof, or as long asleep
///   (proven) ───────────────────────────────────────────────▶ (in doubt)
///       ▲          a commit that began since is acknowledged       │
///       └──────────────────────────────────────────────────────────┘
/// </code>
/// <para>The poll thread writes; any thread reads <see cref="IsProven"/>. Times are in milliseconds.</para>
/// </summary>
internal sealed class Membership
{
    private const long Never = long.MinValue / 2;

    private long provenUntil = long.MaxValue;
    private long lasts = long.MaxValue;
    private long round = long.MaxValue;
    private long wokeAt = Never;
    private bool wasAsleep;

    /// <summary>Whether something may leave.</summary>
    public bool IsProven(long now) => now <= Volatile.Read(ref provenUntil);

    /// <summary>Whether it is time for a commit that proves it, though there is nothing else to commit.</summary>
    public bool WantsProof(long now) => lasts < long.MaxValue && now >= provenUntil - (lasts / 2);

    /// <summary>A round of the poll loop begins.</summary>
    /// <param name="now">The time.</param>
    /// <param name="session">How long the group waits for a sign of life; infinite = for ever.</param>
    public void BeginRound(long now, TimeSpan session)
    {
        // The group goes by heartbeats: the last one before a proof may be older by a tenth of a session.
        lasts = session == Timeout.InfiniteTimeSpan ? long.MaxValue : (long)(session.TotalMilliseconds * 0.8);
        if (lasts < long.MaxValue && now - Math.Min(round, now) > lasts)
        {
            // What the client has to say now may be from before it fell asleep.
            (wasAsleep, wokeAt) = (true, now);
            Volatile.Write(ref provenUntil, Never);
        }

        round = now;
        if (lasts < long.MaxValue && provenUntil > now + lasts)
        {
            Volatile.Write(ref provenUntil, now + lasts);    // the session became known, or shorter
        }
    }

    /// <summary>The group gave this process partitions, in the round that goes on.</summary>
    public void Assigned()
    {
        if (!wasAsleep)
        {
            Prove(round);
        }
    }

    /// <summary>A commit is acknowledged.</summary>
    /// <param name="began">When it began: that is what it proves.</param>
    public void Committed(long began)
    {
        if (began >= wokeAt)
        {
            wasAsleep = false;
            Prove(began);
        }
    }

    private void Prove(long at)
    {
        if (lasts < long.MaxValue && at + lasts > provenUntil)
        {
            Volatile.Write(ref provenUntil, at + lasts);
        }
    }
}
