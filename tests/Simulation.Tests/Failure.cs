using System.Text;
using StreamActors.Simulation.Tests.World;

namespace StreamActors.Simulation.Tests;

/// <summary>A schedule that broke a promise, or the engine, and its story.</summary>
/// <param name="Schedule">The schedule.</param>
/// <param name="Error">What happened.</param>
/// <param name="Moves">What each of the moves has done, up to then.</param>
/// <param name="Trace">What has happened, line by line.</param>
internal sealed record Failure(
    Schedule Schedule, Exception Error, IReadOnlyList<(int Number, string What)> Moves, IReadOnlyList<string> Trace)
{
    private const int TraceLines = 40;

    private static readonly TimeSpan ShrinkLimit = TimeSpan.FromSeconds(20);

    /// <summary>What is broken, in a word.</summary>
    public string Kind => Error is BrokenPromiseException broken ? $"{broken.Promise}" : Error.GetType().Name;

    /// <summary>The same failure with as few moves as could be found in the time.</summary>
    /// <param name="hasTime">Whether there is time for another run.</param>
    public Failure Shrink(Func<bool> hasTime)
    {
        var kept = Shrinker.Shrink(
            Schedule.Moves,
            moves => Scenario.Run(Schedule with { Moves = moves })?.Kind == Kind,
            hasTime);
        return Scenario.Run(Schedule with { Moves = kept }, isTold: true)!;
    }

    /// <summary>How a test that fails explains itself: the error, how to replay it, and a shrunk schedule.</summary>
    public static string Explain(Schedule schedule)
    {
        if (Scenario.Run(schedule) is not { } failure)
        {
            return $"The seed {schedule.Seed} passes now: a scenario must be a function of its schedule.";
        }

        var began = TimeProvider.System.GetTimestamp();
        var shrunk = failure.Shrink(() => TimeProvider.System.GetElapsedTime(began) < ShrinkLimit);
        return new StringBuilder()
            .AppendLine(failure.Error.ToString())
            .AppendLine()
            .AppendLine(Command($"{schedule.Seed}") + "   replays it, with its whole trace")
            .AppendLine(Command($"{shrunk.Schedule}") + "   replays the shrunk one")
            .AppendLine()
            .AppendJoin('\n', schedule.Setting.Describe())
            .AppendLine()
            .AppendLine()
            .AppendLine($"{shrunk.Schedule.Moves.Count} of {schedule.Moves.Count} moves are enough:")
            .AppendJoin('\n', shrunk.Moves.Select(static move => $"{move.Number,5} {move.What}"))
            .AppendLine()
            .AppendLine($"Then: {shrunk.Error.Message}")
            .AppendLine()
            .AppendLine("Its trace ends with:")
            .AppendJoin('\n', shrunk.Trace.TakeLast(TraceLines))
            .ToString();
    }

    /// <summary>The whole story, without looking for a shorter one.</summary>
    public override string ToString() => $"{Error}\n\nThe trace:\n{string.Join('\n', Trace)}";

    private static string Command(string schedule) =>
        $"STREAMACTORS_SIM_SEED={schedule} ./test.sh --filter ScenarioTests";
}
