namespace StreamActors;

/// <summary>How a <c>MapAsync</c> step calls.</summary>
public sealed record MapAsyncOptions
{
    private const int MostInFlight = 100_000;
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    /// <summary>
    /// Calls under way at once, over all shards of the step in this process: 1 to 100,000; 256 unless set. At the
    /// bound the shards wait for each other in turn. 256 calls of 20 ms are 12,800 a second.
    /// </summary>
    public int MaxInFlight { get; init; } = 256;

    /// <summary>
    /// How long a call may take from its begin, its making included: 1 ms to 1 h; 10 s unless set. Then its token
    /// fires, and the attempt has failed with a <see cref="TimeoutException"/>. A revoke waits 0.8 s for calls: what
    /// takes longer is cut, and called again by the next owner.
    /// </summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Which failures are tried again; none, unless set.</summary>
    public RetryPolicy Retry { get; init; } = RetryPolicy.None;

    /// <summary>What is out of range, a sentence each.</summary>
    internal IEnumerable<string> Mistakes()
    {
        if (MaxInFlight is < 1 or > MostInFlight)
        {
            yield return $"{nameof(MaxInFlight)} is {MaxInFlight}: it must be from 1 to {MostInFlight}.";
        }

        if (Timeout < Shortest || Timeout > Hour)
        {
            yield return $"{nameof(Timeout)} is {Timeout}: it must be from {Shortest} to {Hour}.";
        }

        foreach (var mistake in Retry.Mistakes())
        {
            yield return mistake;
        }
    }
}
