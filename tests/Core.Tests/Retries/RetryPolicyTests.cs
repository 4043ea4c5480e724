using StreamActors.Configuration;

namespace StreamActors.Core.Tests.Retries;

public sealed class RetryPolicyTests
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(500);

    [Fact]
    public void What_a_policy_names_is_accepted_with_what_is_derived_from_it_and_nothing_else()
    {
        var policy = Retry.On<IOException>(5, First);
        policy.Accepts(new IOException()).ShouldBeTrue();
        policy.Accepts(new FileNotFoundException()).ShouldBeTrue();
        policy.Accepts(new InvalidOperationException()).ShouldBeFalse();
        RetryPolicy.None.Accepts(new IOException()).ShouldBeFalse();
    }

    [Fact]
    public void A_filter_narrows_one_exception_and_another_may_be_added()
    {
        var policy = Retry.On<IOException>(5, First, static error => error.Message == "again")
            .Or<FormatException>()
            .Or<ArgumentException>(static error => error.ParamName == "x");
        policy.Accepts(new IOException("again")).ShouldBeTrue();
        policy.Accepts(new IOException("never")).ShouldBeFalse();
        policy.Accepts(new FormatException()).ShouldBeTrue();
        policy.Accepts(new ArgumentException("", "x")).ShouldBeTrue();
        policy.Accepts(new ArgumentException("", "y")).ShouldBeFalse();
        policy.Attempts.ShouldBe(5, "adding an exception changes nothing else");
    }

    [Fact]
    public void There_are_as_many_attempts_as_it_says_and_waits_double_up_to_the_longest()
    {
        var policy = Retry.On<IOException>(4, First) with { Longest = TimeSpan.FromSeconds(1) };
        var random = new Random(1);
        policy.Wait(1, random)!.Value.TotalMilliseconds.ShouldBeInRange(400, 600);
        policy.Wait(2, random)!.Value.TotalMilliseconds.ShouldBeInRange(800, 1_200);
        policy.Wait(3, random)!.Value.TotalMilliseconds.ShouldBeInRange(800, 1_200);
        policy.Wait(4, random).ShouldBeNull("four attempts were made");
        RetryPolicy.None.Wait(1, random).ShouldBeNull();
    }

    [Fact]
    public void What_is_out_of_range_is_named()
    {
        Mistakes(RetryPolicy.None).ShouldBeEmpty();
        Mistakes(Retry.On<IOException>(1_000, TimeSpan.FromMinutes(30))).ShouldHaveSingleItem()
            .ShouldStartWith("Longest is \"30s\" (code): it must be a time from 30m to 1h");
        Mistakes(Retry.On<IOException>(0, TimeSpan.Zero)).ShouldBe(
        [
            "First is \"0s\" (code): it must be a time from 1ms to 1h, such as 500ms, 5s or 00:00:05.",
            "Attempts is \"0\" (code): it must be a whole number from 1 to 1000.",
        ]);
    }

    private static IReadOnlyList<string> Mistakes(RetryPolicy policy)
    {
        var reader = new SettingsReader();
        RetryPolicy.Read(reader, policy);
        return reader.Mistakes;
    }
}
