using System.Globalization;
using Xunit.Abstractions;

namespace StreamActors.Simulation.Tests;

/// <summary>
/// The engine's promises (DESIGN §4) under thousands of schedules. A failure names its seed, the command that replays
/// it, and the fewest moves that were found to be enough.
/// </summary>
public sealed class ScenarioTests(ITestOutputHelper output)
{
    private const int Scenarios = 2_000;

    [Fact]
    public void Nothing_is_lost_reordered_or_committed_early_whatever_happens() =>
        RunAll(Enumerable.Range(1, Scenarios));

    /// <summary>For ten minutes, or <c>STREAMACTORS_SIM_MINUTES</c>; other schedules each time.</summary>
    [LongFact]
    public void Nor_in_as_many_schedules_as_there_is_time_for()
    {
        var minutes = Environment.GetEnvironmentVariable("STREAMACTORS_SIM_MINUTES");
        var budget = TimeSpan.FromMinutes(double.Parse(minutes ?? "10", CultureInfo.InvariantCulture));
        var began = TimeProvider.System.GetTimestamp();
        var first = (int)(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() % 1_000_000) * 1_000;
        RunAll(Enumerable.Range(first, int.MaxValue - first)
            .TakeWhile(_ => TimeProvider.System.GetElapsedTime(began) < budget));
    }

    private void RunAll(IEnumerable<int> seeds)
    {
        if (Environment.GetEnvironmentVariable("STREAMACTORS_SIM_SEED") is { Length: > 0 } text)
        {
            var replayed = PlainThread.Run(() => Scenario.Run(Schedule.Parse(text), isTold: true));
            Assert.True(replayed is null, $"{replayed}");
            return;
        }

        var (began, count, failed) = (TimeProvider.System.GetTimestamp(), 0, int.MaxValue);
        PlainThread.Run(() => Parallel.ForEach(seeds, (seed, loop) =>
        {
            Interlocked.Increment(ref count);
            if (failed > seed && Scenario.Run(Schedule.Draw(seed)) is not null)
            {
                Lower(ref failed, seed);
                loop.Stop();
            }
        }));
        var took = TimeProvider.System.GetElapsedTime(began);
        output.WriteLine($"{count} schedules in {took.TotalSeconds:0.0} s: {count / took.TotalMinutes:0} a minute");
        if (failed != int.MaxValue)
        {
            Assert.Fail(PlainThread.Run(() => Failure.Explain(Schedule.Draw(failed))));
        }
    }

    private static void Lower(ref int lowest, int value)
    {
        for (var seen = lowest; value < seen; seen = lowest)
        {
            Interlocked.CompareExchange(ref lowest, value, seen);
        }
    }
}
