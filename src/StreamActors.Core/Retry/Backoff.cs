namespace StreamActors;

/// <summary>How long to wait before a next attempt: doubling from a minimum to a maximum, with jitter.</summary>
/// <param name="Min">The wait after the first failure.</param>
/// <param name="Max">The longest wait.</param>
public sealed record Backoff(TimeSpan Min, TimeSpan Max)
{
    private const double Jitter = 0.2;

    /// <summary>The wait before the next attempt.</summary>
    /// <param name="failures">How many attempts failed so far, from 1.</param>
    /// <param name="random">
    /// Chance: the wait is up to a fifth shorter or longer, so that many do not retry in step.
    /// </param>
    internal TimeSpan Wait(int failures, Random random)
    {
        var wait = TimeSpan.FromTicks((long)Math.Min(Min.Ticks * Math.Pow(2, failures - 1), Max.Ticks));
        return wait * (1 - Jitter + (2 * Jitter * random.NextDouble()));
    }
}
