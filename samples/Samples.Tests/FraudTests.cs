using Fraud;

namespace Samples.Tests;

public sealed class FraudTests
{
    [Fact]
    public void A_payment_from_another_country_within_an_hour_of_the_sign_in_is_suspect()
    {
        using var test = PipelineTest.Of(FraudRule.Define).Partitions("sign-ins", 4).Partitions("payments", 4);
        test.Send("sign-ins", "ann", new SignIn("NL"));
        test.Send("payments", "ann", new Payment("p1", 10, "NL"));
        test.Send("payments", "ann", new Payment("p2", 20, "BR"));
        test.Send("payments", "ann", new Payment("p2", 20, "BR"));
        test.Send("payments", "bob", new Payment("p3", 30, "BR"));
        test.Expect("alerts", new Alert("ann", "p2", "paid 20 from BR, signed in from NL"));
        test.Advance(TimeSpan.FromHours(2));
        test.Send("payments", "ann", new Payment("p4", 40, "BR"));
        test.Expect<Alert>("alerts");
    }
}
