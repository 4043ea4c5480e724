using StreamActors.Configuration;

namespace StreamActors;

/// <summary>
/// How a <c>MapAsync</c> step calls. Configuration may say otherwise, below <c>Maps:NAME</c> of its pipeline; which
/// errors are tried again is the code's alone.
/// </summary>
public sealed record MapAsyncOptions
{
    private const int MostInFlight = 100_000;
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    /// <summary>
    /// The step's name, in settings and logs; that of its class unless set. No two steps of a pipeline have the same.
    /// </summary>
    public string? Name { get; init; }

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

    /// <summary>Reads the options over those that the code gives; mistakes are the reader's.</summary>
    internal static MapAsyncOptions Read(SettingsReader reader, MapAsyncOptions given) => given with
    {
        MaxInFlight = reader.Number(nameof(MaxInFlight), given.MaxInFlight, 1, MostInFlight),
        Timeout = reader.Time(nameof(Timeout), given.Timeout, Shortest, Hour),
        Retry = RetryPolicy.Read(reader.Section(nameof(Retry)), given.Retry),
    };
}
