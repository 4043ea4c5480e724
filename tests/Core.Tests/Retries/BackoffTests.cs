namespace StreamActors.Core.Tests.Retries;

public sealed class BackoffTests
{
    [Theory]
    [InlineData(1, 100)]
    [InlineData(2, 200)]
    [InlineData(4, 800)]
    [InlineData(5, 1_000)]
    [InlineData(1_000_000, 1_000)]
    public void Waits_double_up_to_the_longest_and_jitter_by_a_fifth(int failures, double expected)
    {
        var backoff = new Backoff(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(1));
        var random = new Random(1);
        for (var i = 0; i < 100; i++)
        {
            backoff.Wait(failures, random).TotalMilliseconds.ShouldBeInRange(expected * 0.8, expected * 1.2);
        }
    }

    [Fact]
    public void Long_waits_do_not_overflow() =>
        new Backoff(TimeSpan.FromHours(2), TimeSpan.FromDays(1))
            .Wait(64, new Random(1)).TotalDays.ShouldBeInRange(0.8, 1.2);
}
