using System.Globalization;
using StreamActors.Simulation.Tests.Mutation;

namespace StreamActors.Simulation.Tests;

/// <summary>A failure explains itself by the moves that it needs, and replays.</summary>
public sealed class ShrinkerTests
{
    private static readonly int[] All = [.. Enumerable.Range(0, 700)];

    [Fact]
    public void What_a_failure_does_not_need_is_left_out()
    {
        int[] needed = [3, 77, 78, 500, 699];

        var kept = Shrinker.Shrink(All, list => needed.All(list.Contains), hasTime: static () => true);

        kept.ShouldBe(needed);
    }

    [Fact]
    public void What_is_left_when_the_time_is_over_still_fails()
    {
        var tries = 0;

        var kept = Shrinker.Shrink(All, list => list.Contains(350), hasTime: () => tries++ < 5);

        kept.ShouldContain(350);
        kept.Count.ShouldBeLessThan(All.Length);
    }

    [Fact]
    public void A_schedule_with_moves_left_out_is_named_by_a_text()
    {
        var whole = Schedule.Draw(1);
        int[] numbers = [0, 4, 17, 18, 19, 40];
        var some = whole with { Moves = [.. numbers.Select(number => whole.Moves[number])] };

        some.ToString().ShouldBe("1:0,4,17-19,40");
        Schedule.Parse("1:0,4,17-19,40").Moves.ShouldBe(some.Moves);
        Schedule.Parse("1").Moves.ShouldBe(whole.Moves);
    }

    [Fact]
    public void A_schedule_runs_the_same_way_each_time()
    {
        foreach (var seed in Enumerable.Range(1, 20))
        {
            PlainThread.Run(() => Scenario.Trace(Schedule.Draw(seed)))
                .ShouldBe(PlainThread.Run(() => Scenario.Trace(Schedule.Draw(seed))), $"the seed {seed}");
        }
    }

    [Fact]
    public void A_broken_promise_is_told_with_its_seed_its_commands_and_the_moves_that_it_needs()
    {
        var engine = new MutatedEngine(Mutant.All.Single(static each => each.Name == "A commit goes past a gap"));
        var run = engine.Method<Func<int, (string Kind, string Story)?>>(nameof(Probe.Run));
        var explain = engine.Method<Func<int, string>>(nameof(Probe.Explain));

        var (seed, told) = PlainThread.Run(() =>
        {
            var first = Enumerable.Range(1, 300).First(each => run(each)?.Kind == "Commits");
            return (first, explain(first));
        });
        engine.Unload();

        told.ShouldContain("Commits: ");
        told.ShouldContain($"STREAMACTORS_SIM_SEED={seed} ./test.sh --filter ScenarioTests");
        told.ShouldContain($"STREAMACTORS_SIM_SEED={seed}:");
        var counts = told.Split('\n')
            .Single(static line => line.EndsWith(" moves are enough:", StringComparison.Ordinal)).Split(' ');
        var (kept, all) = (int.Parse(counts[0], CultureInfo.InvariantCulture),
            int.Parse(counts[2], CultureInfo.InvariantCulture));
        kept.ShouldBeLessThan(all / 5, told);
    }
}
