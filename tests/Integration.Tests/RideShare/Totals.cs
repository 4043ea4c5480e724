using System.Text.RegularExpressions;

namespace StreamActors.Tests.RideShare;

/// <summary>The numbers of the last line of a node that was stopped.</summary>
internal sealed partial record Totals(
    long Consumed, long Published, long Merged, long Duplicates, long Invalid, long DeadLetters = 0)
{
    public static Totals Of(RunningNode node)
    {
        var match = Line().Match(node.Output[^1]);
        match.Success.ShouldBeTrue(node.Log);
        long Number(int group) => long.Parse(match.Groups[group].Value);
        return new(Number(1), Number(2), Number(3), Number(4), Number(5), Number(6));
    }

    [GeneratedRegex("Consumed: (\\d+), published: (\\d+), merged by windows: (\\d+), "
        + "duplicates skipped: (\\d+), invalid: (\\d+), of them dead letters: (\\d+)$")]
    private static partial Regex Line();
}
