using StreamActors;
using StreamActors.Kafka;

namespace Fraud;

public sealed record SignIn(string Country);

public sealed record Payment(string Id, decimal Amount, string Country);

public sealed record Alert(string User, string PaymentId, string Why);

/// <summary>What is known of a user: where they signed in last, and when.</summary>
[StateVersion(1)]
public sealed record Profile
{
    public string? Country { get; init; }

    public DateTimeOffset At { get; init; }
}

/// <summary>
/// A payment from another country than the last sign-in's, within an hour of it, is suspect. Sign-ins and payments come
/// by two topics, with the user as their key and the same number of partitions: both meet the same entity.
/// </summary>
public sealed class FraudRule : IEntity<SignIn, Profile, Alert>, IEntity<Payment, Profile, Alert>
{
    private static readonly TimeSpan Recent = TimeSpan.FromHours(1);

    public static void Define(PipelineBuilder pipeline)
    {
        pipeline.From("sign-ins", Json.Of<SignIn>())
            .CreateTopic(partitions: 4)
            .Entity<FraudRule, Profile, Alert>();
        pipeline.From("payments", Json.Of<Payment>())
            .CreateTopic(partitions: 4)
            .DedupById(static payment => payment.Id, TimeSpan.FromMinutes(10))
            .Entity<FraudRule, Profile, Alert>()
            .To(Kafka.Topic("alerts", Json.Of<Alert>()).CreateTopic(partitions: 4));
    }

    public void On(SignIn signIn, ref Profile profile, Turn<Alert> turn) =>
        profile = new Profile { Country = signIn.Country, At = turn.EventTime };

    public void On(Payment payment, ref Profile profile, Turn<Alert> turn)
    {
        if (profile.Country is { } country && country != payment.Country && turn.EventTime - profile.At <= Recent)
        {
            turn.Emit(new Alert(
                turn.Key, payment.Id, $"paid {payment.Amount} from {payment.Country}, signed in from {country}"));
        }
    }
}
