using System.Globalization;

namespace StreamActors.Simulation.Tests;

/// <summary>
/// The engine's promises (DESIGN §4) under thousands of schedules. A failure names its seed:
/// <c>STREAMACTORS_SIM_SEED=123 dotnet test tests/Simulation.Tests</c> replays it and prints its whole trace.
/// </summary>
public sealed class ScenarioTests
{
    private const int Scenarios = 2_000;
    private const int TraceLines = 40;

    [Fact]
    public void Nothing_is_lost_reordered_or_committed_early_whatever_happens() => RunAll(first: 1, Scenarios);

    [LongFact]
    public void Nor_in_a_hundred_times_as_many_schedules() => RunAll(first: 1_000_000, Scenarios * 100);

    private static void RunAll(int first, int count)
    {
        if (Environment.GetEnvironmentVariable("STREAMACTORS_SIM_SEED") is { Length: > 0 } text)
        {
            var failure = Replay(int.Parse(text, CultureInfo.InvariantCulture), int.MaxValue);
            Assert.True(failure is null, failure);
            return;
        }

        var failed = int.MaxValue;
        OnPlainThread(() => Parallel.For(first, first + count, (seed, loop) =>
        {
            if (failed > seed && Fails(seed, trace: null) is not null)
            {
                Lower(ref failed, seed);
                loop.Break();
            }
        }));
        if (failed != int.MaxValue)
        {
            throw new InvalidOperationException(
                Replay(failed, TraceLines) ?? $"Seed {failed} passes now: a scenario must be a function of its seed.");
        }
    }

    /// <summary>Runs a scenario again, with a trace; null when it passes.</summary>
    private static string? Replay(int seed, int lines)
    {
        var trace = new List<string>();
        Exception? failure = null;
        OnPlainThread(() => failure = Fails(seed, trace));
        return failure is null
            ? null
            : $"STREAMACTORS_SIM_SEED={seed} replays this.\n{failure}\nThe trace ends with:\n"
                + string.Join('\n', trace.TakeLast(lines));
    }

    private static Exception? Fails(int seed, List<string>? trace)
    {
        try
        {
            Scenario.Run(seed, trace);
            return null;
        }
        catch (Exception broken)
        {
            return broken;
        }
    }

    /// <summary>
    /// The engine must not find the test runner's synchronization context: a continuation would move to it.
    /// </summary>
    private static void OnPlainThread(Action action)
    {
        var thread = new Thread(() => action());
        thread.Start();
        thread.Join();
    }

    private static void Lower(ref int lowest, int value)
    {
        for (var seen = lowest; value < seen; seen = lowest)
        {
            Interlocked.CompareExchange(ref lowest, value, seen);
        }
    }
}
