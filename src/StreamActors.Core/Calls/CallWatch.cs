using StreamActors.Shards;

namespace StreamActors.Calls;

/// <summary>
/// Whether a step's calls succeed at all, as the shards of this process see it together. They count as failing once
/// two or more have failed over <see cref="Patience"/>, from the begin of the first to the end of the last, and none
/// has succeeded meanwhile: one bad record is no outage. That is over with the first call that succeeds, or when none
/// has failed for long, because none is made any more.
/// <para>
/// Any thread. A call that succeeds reads one field while nothing fails; a failure takes the lock, and so does the
/// first success behind it.
/// </para>
/// </summary>
internal sealed class CallWatch
{
    /// <summary>How long every call must have failed.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Lock sync = new();
    private long failures;
    private long since;
    private long last;
    private Exception? error;
    private bool isFailing;
    private Bounded retryReports;

    /// <summary>The calls that have failed since one succeeded; null unless they count as failing.</summary>
    /// <param name="now">The time in milliseconds.</param>
    public CallOutage? Outage(long now)
    {
        if (Volatile.Read(ref failures) == 0)
        {
            return null;
        }

        lock (sync)
        {
            return isFailing ? Told(now) : null;
        }
    }

    /// <summary>A call has failed.</summary>
    /// <param name="began">When it began, in milliseconds.</param>
    /// <param name="now">The time in milliseconds.</param>
    /// <param name="why">Its error.</param>
    /// <returns>The outage, where it begins to count as one now; else null.</returns>
    public CallOutage? Failed(long began, long now, Exception why)
    {
        lock (sync)
        {
            since = failures == 0 ? began : since;
            Volatile.Write(ref failures, failures + 1);
            (last, error) = (now, why);
            if (isFailing || failures < 2 || now - since < Patience.TotalMilliseconds)
            {
                return null;
            }

            isFailing = true;
            return Told(now);
        }
    }

    /// <summary>Counts a call that is tried again, and says whether that is to be reported now.</summary>
    /// <param name="now">The time in milliseconds.</param>
    /// <param name="every">
    /// The shortest time between two reports, in milliseconds. Zero hears each; else none follows while all calls
    /// fail, because that has been said.
    /// </param>
    /// <param name="count">How many there were since the last report, this one included.</param>
    public bool IsRetryDue(long now, long every, out long count)
    {
        lock (sync)
        {
            count = 0;
            return (!isFailing || every == 0) && retryReports.IsDue(now, every, out count);
        }
    }

    /// <summary>A call has succeeded.</summary>
    /// <returns>The outage, where it is over now; else null.</returns>
    public CallOutage? Succeeded(long now) => Volatile.Read(ref failures) == 0 ? null : End(now, long.MinValue);

    /// <summary>Forgets failures when the last one is long ago.</summary>
    /// <param name="now">The time in milliseconds.</param>
    /// <param name="limit">What long is, in milliseconds.</param>
    /// <returns>The outage, where it is over now; else null.</returns>
    public CallOutage? EndIfQuiet(long now, long limit) =>
        Volatile.Read(ref failures) == 0 ? null : End(now, limit);

    private CallOutage? End(long now, long quiet)
    {
        lock (sync)
        {
            if (failures == 0 || now - last < quiet)
            {
                return null;
            }

            CallOutage? over = isFailing ? Told(now) : null;
            (isFailing, error) = (false, null);
            Volatile.Write(ref failures, 0);
            return over;
        }
    }

    private CallOutage Told(long now) => new(failures, TimeSpan.FromMilliseconds(now - since), error!);
}

/// <summary>Calls of which none succeeded.</summary>
/// <param name="Calls">How many failed.</param>
/// <param name="Since">How long ago the first of them began.</param>
/// <param name="Last">The error of the last one.</param>
internal readonly record struct CallOutage(long Calls, TimeSpan Since, Exception Last)
{
    /// <summary>The sentence for a page: how many failed, for how long, and why.</summary>
    public override string ToString() => FormattableString.Invariant(
        $"{Calls} calls failed in {Since.TotalSeconds:0} s and none succeeded, the last: {Last.Message}");
}
