using Microsoft.Extensions.DependencyInjection;
using RateLimiter;

namespace Samples.Tests;

public sealed class RateLimiterTests
{
    [Fact]
    public void Who_is_over_the_rate_is_refused_until_the_bucket_has_refilled()
    {
        using var test = PipelineTest.Of(Limiter.Define, static services => services.Configure<Rate>(static rate =>
        {
            rate.PerSecond = 1;
            rate.Burst = 2;
        }));
        test.SendAll("requests", [("ann", new Request("/1")), ("ann", new Request("/2")), ("ann", new Request("/3"))]);
        test.Send("requests", "bob", new Request("/1"));
        test.Advance(TimeSpan.FromSeconds(1));
        test.Send("requests", "ann", new Request("/4"));
        test.Read<Allowed>("allowed").Select(static verdict => (verdict.User, verdict.Path))
            .ShouldBe([("ann", "/1"), ("ann", "/2"), ("bob", "/1"), ("ann", "/4")]);
        test.Expect("refused", new Refused("ann", "/3", 1));
    }
}
