namespace StreamActors.Simulation.Tests;

/// <summary>Delta debugging: leaves out what a failure does not need, in chunks that get smaller.</summary>
internal static class Shrinker
{
    /// <summary>Shrinks a list.</summary>
    /// <param name="all">A list that fails.</param>
    /// <param name="fails">Whether a shorter one fails the same way.</param>
    /// <param name="hasTime">Whether there is time for another try.</param>
    /// <returns>A list that fails; each of its items is needed, where there was time enough.</returns>
    public static IReadOnlyList<T> Shrink<T>(
        IReadOnlyList<T> all, Func<IReadOnlyList<T>, bool> fails, Func<bool> hasTime)
    {
        var kept = all;
        for (var size = all.Count; size > 0 && hasTime();)
        {
            var hasShrunk = false;

            // From the end: what comes behind the failure goes first.
            for (var end = kept.Count; end > 0 && hasTime(); end -= size)
            {
                var from = Math.Max(end - size, 0);
                T[] shorter = [.. kept.Take(from), .. kept.Skip(end)];
                if (fails(shorter))
                {
                    (kept, hasShrunk) = (shorter, true);
                }
            }

            size = hasShrunk && size == 1 ? 1 : size / 2;
        }

        return kept;
    }
}
