namespace StreamActors.Tests;

/// <summary>A test that takes longer than a person waits: run by <c>./test.sh --long</c>.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LongFactAttribute : FactAttribute
{
    public LongFactAttribute() => Skip = LongTests.WhyNot;
}

/// <summary>Whether the slow tests were asked for.</summary>
public static class LongTests
{
    public static string? WhyNot { get; } = Environment.GetEnvironmentVariable("STREAMACTORS_TEST_LONG") == "1"
        ? null
        : "slow: ./test.sh --long runs it";
}
