using Xunit.Abstractions;

namespace StreamActors.Simulation.Tests.Mutation;

/// <summary>
/// The simulation can fail: each wrong decision is caught in a few hundred schedules, by the promise that it breaks.
/// The decisions are replaced in the sources, and compiled here: so it is the true decision that is wrong, the engine
/// has nothing in it for tests, and one that was rewritten fails the test that names it.
/// </summary>
public sealed class MutantTests(ITestOutputHelper output)
{
    private const int Schedules = 600;

    public static TheoryData<string> Names => [.. Mutant.All.Select(static mutant => mutant.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_wrong_decision_is_caught(string name)
    {
        var mutant = Mutant.All.Single(each => each.Name == name);
        var engine = new MutatedEngine(mutant);
        var run = engine.Method<Func<int, (string Kind, string Story)?>>(nameof(Probe.Run));
        var others = new SortedDictionary<string, string>(StringComparer.Ordinal);
        try
        {
            for (var seed = 1; seed <= Schedules; seed++)
            {
                if (PlainThread.Run(() => run(seed)) is not { } failure)
                {
                    continue;
                }

                if (failure.Kind == $"{mutant.Breaks}")
                {
                    output.WriteLine($"caught by the seed {seed}: {failure.Story.Split('\n')[0]}");
                    return;
                }

                others.TryAdd(failure.Kind, $"\nseed {seed}: {failure.Story}");
            }
        }
        finally
        {
            engine.Unload();
        }

        Assert.Fail($"The mutant \"{name}\" survives {Schedules} schedules: it was to break {mutant.Breaks}. "
            + $"What else was broken: {(others.Count == 0 ? "nothing" : string.Concat(others.Values))}");
    }
}
