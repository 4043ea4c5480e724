namespace StreamActors.Shards;

/// <summary>
/// Keeps reports of one kind to one in a while: lets the first through, and then one with the count of all since.
/// </summary>
internal struct Bounded
{
    private long unreported;
    private long nextAt;

    /// <summary>Counts one, and says whether it is to be reported now.</summary>
    /// <param name="now">The time in milliseconds.</param>
    /// <param name="every">The shortest time between two reports, in milliseconds.</param>
    /// <param name="count">How many there were since the last report, this one included.</param>
    public bool IsDue(long now, long every, out long count)
    {
        count = ++unreported;
        if (now < nextAt)
        {
            return false;
        }

        (unreported, nextAt) = (0, now + every);
        return true;
    }
}
