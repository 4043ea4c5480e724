using System.Globalization;
using FsCheck;
using FsCheck.Fluent;

namespace StreamActors.Core.Tests;

/// <summary>
/// Runs a property over drawn operations. A failure prints the shrunk operations and "Last step was invoked with size
/// of … and seed of (A,B)"; <c>STREAMACTORS_FSCHECK=A,B dotnet test --filter NAME</c> draws the same ones again.
/// </summary>
internal static class Property
{
    /// <summary>The property holds for any list of numbers; what a number means is the property's.</summary>
    public static void Holds(Action<int[]> property, int tests = 300, int longest = 600)
    {
        var numbers = Arb.From(
            Gen.Choose(0, int.MaxValue - 1).ArrayOf(), ArbMap.Default.ArbFor<int[]>().Shrinker);
        var config = Config.QuickThrowOnFailure.WithMaxTest(tests).WithEndSize(longest);
        if (Environment.GetEnvironmentVariable("STREAMACTORS_FSCHECK")?.Split(',') is [var seed, var gamma])
        {
            config = config.WithReplay(Number(seed), Number(gamma));
        }

        Prop.ForAll(numbers, (int[] drawn) => property(Array.ConvertAll(drawn, static number => number & int.MaxValue)))
            .Check(config);
    }

    private static ulong Number(string text) => ulong.Parse(text, CultureInfo.InvariantCulture);
}
