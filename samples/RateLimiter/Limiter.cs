using Microsoft.Extensions.Options;
using StreamActors;
using StreamActors.Kafka;

namespace RateLimiter;

/// <summary>How much a user may do: a bucket that holds so many requests, and refills at so many a second.</summary>
public sealed class Rate
{
    public double PerSecond { get; set; } = 10;

    public double Burst { get; set; } = 20;
}

public sealed record Request(string Path);

public abstract record Verdict(string User, string Path);

public sealed record Allowed(string User, string Path) : Verdict(User, Path);

public sealed record Refused(string User, string Path, double RetryAfterSeconds) : Verdict(User, Path);

/// <summary>What a user has used up. It cannot change, so each call replaces it.</summary>
[StateVersion(1)]
public sealed record Bucket
{
    public double Used { get; init; }

    public DateTimeOffset At { get; init; }
}

/// <summary>
/// A token bucket a user, by the requests' own time: the verdicts are the same however late they are reached. What is
/// allowed and what is refused go to a topic each.
/// </summary>
public sealed class Limiter(IOptions<Rate> rate) : IEntity<Request, Bucket, Verdict>
{
    public static void Define(PipelineBuilder pipeline) => pipeline
        .From("requests", Json.Of<Request>())
        .CreateTopic(partitions: 8)
        .Entity<Limiter, Bucket, Verdict>()
        .To(Kafka.Topic("allowed", Json.Of<Allowed>()).CreateTopic(partitions: 8))
        .To(Kafka.Topic("refused", Json.Of<Refused>()).CreateTopic(partitions: 8));

    public void On(Request request, ref Bucket bucket, Turn<Verdict> turn)
    {
        var refilled = (turn.EventTime - bucket.At).TotalSeconds * rate.Value.PerSecond;
        var used = Math.Max(bucket.Used - Math.Max(refilled, 0), 0);
        if (used + 1 <= rate.Value.Burst)
        {
            bucket = bucket with { Used = used + 1, At = turn.EventTime };
            turn.Emit(new Allowed(turn.Key, request.Path));
        }
        else
        {
            var wait = (used + 1 - rate.Value.Burst) / rate.Value.PerSecond;
            turn.Emit(new Refused(turn.Key, request.Path, Math.Round(wait, 3)));
        }
    }
}
