using StreamActors.Configuration;

namespace StreamActors;

/// <summary>
/// Which errors are worth another attempt, how many attempts there are, and how long to wait before each. Made by
/// <see cref="Retry.On{TException}"/>. An exception that it does not name is final at once; running out of time is
/// worth another attempt by every policy, the step's time or a client's own (an
/// <see cref="OperationCanceledException"/> with a <see cref="TimeoutException"/> inside, as HttpClient throws it).
/// </summary>
public sealed record RetryPolicy
{
    private const int MostAttempts = 1_000;
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    internal RetryPolicy()
    {
    }

    /// <summary>One attempt, and no other.</summary>
    public static RetryPolicy None { get; } = new();

    /// <summary>How many attempts there are in all, the first one included: 1 to 1,000; 1 unless set.</summary>
    public int Attempts { get; init; } = 1;

    /// <summary>
    /// The wait after the first failure, up to a fifth shorter or longer: 1 ms to 1 h; 0.5 s unless set.
    /// </summary>
    public TimeSpan First { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// The longest wait, up to a fifth shorter or longer: from <see cref="First"/> to 1 h; 30 s unless set. A key waits
    /// as long with all its records; the others go on.
    /// </summary>
    public TimeSpan Longest { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The same policy, for this exception too.</summary>
    /// <typeparam name="TException">What is worth another attempt, with what is derived from it.</typeparam>
    /// <param name="filter">Which of these exceptions; null = all. One that throws counts as false.</param>
    public RetryPolicy Or<TException>(Func<TException, bool>? filter = null)
        where TException : Exception => this with
        {
            Accepts = error => Accepts(error) || (error is TException known && filter?.Invoke(known) != false),
        };

    /// <summary>Whether an exception is worth another attempt. What a filter throws passes through.</summary>
    internal Func<Exception, bool> Accepts { get; private init; } = static _ => false;

    /// <summary>The wait before the next attempt; null when there is none.</summary>
    /// <param name="failures">How many attempts failed so far, from 1.</param>
    /// <param name="random">Chance, for the jitter.</param>
    internal TimeSpan? Wait(int failures, Random random) =>
        failures < Attempts ? new Backoff(First, Longest).Wait(failures, random) : null;

    /// <summary>Reads numbers and times over those that the code gives; mistakes are the reader's.</summary>
    internal static RetryPolicy Read(SettingsReader reader, RetryPolicy given)
    {
        var first = reader.Time(nameof(First), given.First, Shortest, Hour);
        return given with
        {
            Attempts = reader.Number(nameof(Attempts), given.Attempts, 1, MostAttempts),
            First = first,
            Longest = reader.Time(nameof(Longest), given.Longest, first, Hour),
        };
    }
}
