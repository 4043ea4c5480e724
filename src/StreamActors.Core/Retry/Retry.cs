namespace StreamActors;

/// <summary>Makes retry policies: which errors of a call are worth another attempt, how often and how soon.</summary>
public static class Retry
{
    /// <summary>Tries again when a call throws this exception or one derived from it, or takes too long.</summary>
    /// <typeparam name="TException">What is worth another attempt.</typeparam>
    /// <param name="attempts">How many attempts there are in all, the first one included: 1 to 1,000.</param>
    /// <param name="first">
    /// The wait after the first failure, 1 ms to 1 h; it doubles with each, see <see cref="RetryPolicy.Longest"/>.
    /// </param>
    /// <param name="filter">Which of these exceptions; null = all. One that throws counts as false.</param>
    public static RetryPolicy On<TException>(int attempts, TimeSpan first, Func<TException, bool>? filter = null)
        where TException : Exception =>
        new RetryPolicy { Attempts = attempts, First = first }.Or(filter);
}
