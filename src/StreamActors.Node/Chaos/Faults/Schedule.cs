namespace StreamActors.Node.Chaos;

/// <summary>A fault, or two of which the second strikes while the first lasts.</summary>
/// <param name="First">The first.</param>
/// <param name="Second">The second; null where there is none.</param>
/// <param name="After">How long after the first.</param>
/// <param name="Seed">What the faults draw from: whom they strike, and for how long.</param>
internal sealed record Step(Fault First, Fault? Second, TimeSpan After, int Seed)
{
    /// <summary>Its name in the table.</summary>
    public string Name => Second is null ? First.Name : $"{First.Name} + {Second.Name}";

    /// <summary>
    /// Whether records may come out twice: so may those of a hand-over while something is away, for its drain is cut.
    /// </summary>
    public bool MayRepeat => First.MayRepeat || Second?.MayRepeat == true
        || (Second is not null && (First.Place == FaultPlace.Node) != (Second.Place == FaultPlace.Node));
}

/// <summary>Which faults follow each other: the same for the same seed and the same faults.</summary>
internal static class Schedule
{
    private const int PairsOneIn = 3;
    private const double LongestAfter = 5;

    /// <summary>Endless. Each fault comes once a round, in a new order; one step in three is a pair.</summary>
    /// <param name="seed">Decides all.</param>
    /// <param name="faults">What there is.</param>
    public static IEnumerable<Step> Draw(int seed, IReadOnlyList<Fault> faults)
    {
        var chance = new Random(seed);
        while (true)
        {
            var round = faults.ToArray();
            chance.Shuffle(round);
            foreach (var first in round.OrderByDescending(static fault => fault.IsUpgrade))
            {
                var partners = faults.Where(first.GoesWith).ToList();
                var second = partners.Count > 0 && chance.Next(PairsOneIn) == 0
                    ? partners[chance.Next(partners.Count)]
                    : null;
                yield return new Step(first, second, Fault.Between(chance, 0, LongestAfter), chance.Next());
            }
        }
    }
}
