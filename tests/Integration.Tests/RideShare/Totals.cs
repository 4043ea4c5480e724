using System.Text.RegularExpressions;

namespace StreamActors.Tests.RideShare;

/// <summary>The numbers of the last line of a node that was stopped.</summary>
internal sealed partial record Totals(
    long Consumed, long Published, long Merged, long Duplicates, long Invalid, long DeadLetters = 0, long Undone = 0)
{
    /// <summary>Reads the line, which must add up by itself.</summary>
    public static Totals Of(RunningNode node)
    {
        var match = Line().Match(node.Output[^1]);
        match.Success.ShouldBeTrue(node.Log);
        long Number(int group) => long.Parse(match.Groups[group].Value);
        (Number(2) + Number(3) + Number(4) + Number(5) + Number(7) + Number(8)).ShouldBe(Number(1), node.Log);
        return new(Number(1), Number(2), Number(3), Number(4), Number(5), Number(6), Number(8));
    }

    [GeneratedRegex("Consumed: (\\d+), published: (\\d+), merged by windows: (\\d+), "
        + "duplicates skipped: (\\d+), invalid: (\\d+), of them dead letters: (\\d+), "
        + "refused by a sink: (\\d+), not done: (\\d+)$")]
    private static partial Regex Line();
}
