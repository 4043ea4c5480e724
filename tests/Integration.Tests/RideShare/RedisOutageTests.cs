using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.RideShare;

/// <summary>Redis may be away, ill or locked: the node lives, says so, loses nothing, and goes on by itself.</summary>
public sealed class RedisOutageTests
{
    [RedisFact]
    public async Task Redis_absent_at_the_start_is_waited_for_and_nothing_is_lost()
    {
        await using var theatre = await Theatre.EmbeddedAsync();
        theatre.Wire.Cut();
        var node = await theatre.StartReadyAsync();
        var trips = theatre.Feed.SendTrips("t", 20, 20);
        await Task.Delay(1500);
        (await node.HealthAsync()).GetProperty("message").GetString().ShouldBe("Redis disconnected");
        theatre.Frontend.Count.ShouldBe(0);

        theatre.Wire.Mend();

        await theatre.TripsShownAsync(trips);
        theatre.Frontend.All.ShouldBeInOrderPerTrip();
        await node.StopAsync();
        theatre.Feed.Lag(theatre.Group, "trips").ShouldBe(0);
    }

    [RedisFact]
    public async Task Redis_dying_while_records_flow_and_coming_back_loses_nothing_and_keeps_the_order()
    {
        await using var theatre = await Theatre.EmbeddedAsync();
        var node = await theatre.StartReadyAsync();
        var trips = theatre.Feed.SendTrips("t", 20, 100);
        await theatre.ShownAsync("the first of them", static shown => shown.Count > 100);

        theatre.Wire.Cut();
        await theatre.Redis.KillAsync();
        trips.UnionWith(theatre.Feed.SendTrips("t", 20, 100, from: 100));
        await Task.Delay(2000);
        node.HasExited.ShouldBeFalse();
        await theatre.Redis.StartAgainAsync();
        theatre.Frontend = await Frontend.SubscribeAsync(theatre.Redis, before: theatre.Frontend);
        theatre.Wire.Mend();
        trips.UnionWith(theatre.Feed.SendTrips("t", 20, 10, from: 200));

        await theatre.TripsShownAsync(trips);
        theatre.Frontend.All.ShouldBeInOrderPerTrip();
        (await node.MetricsAsync()).GetProperty("publish_errors").GetInt64().ShouldBeGreaterThan(0);
        node.Output.Count(static line => line.Contains("trouble with redis")).ShouldBeInRange(1, 3, node.Log);
        await node.StopAsync();
        theatre.Feed.Lag(theatre.Group, "trips").ShouldBe(0);
    }

    [RedisFact(Long = true)]
    public async Task Redis_away_for_more_than_a_minute_while_records_flow_costs_nothing_but_the_time()
    {
        await using var theatre = await Theatre.EmbeddedAsync();
        var node = await theatre.StartReadyAsync();
        var trips = theatre.Feed.SendTrips("t", 20, 50);
        await theatre.TripsShownAsync(trips);

        theatre.Wire.Cut();
        await theatre.Redis.KillAsync();
        for (var second = 0; second < 75; second++)
        {
            trips.UnionWith(theatre.Feed.SendTrips("t", 20, 20, from: 50 + (20 * second)));
            await Task.Delay(1000);
        }

        (await node.StatusAsync("/health/live")).ShouldBe(200);
        (await node.HealthAsync()).GetProperty("redis_connected").GetBoolean().ShouldBeFalse();
        await theatre.Redis.StartAgainAsync();
        theatre.Frontend = await Frontend.SubscribeAsync(theatre.Redis, before: theatre.Frontend);
        theatre.Wire.Mend();

        await theatre.TripsShownAsync(trips);
        theatre.Frontend.All.ShouldBeInOrderPerTrip();
        node.Output.Count(static line => line.Contains("trouble with redis")).ShouldBeInRange(1, 3, node.Log);
        await node.StopAsync();
        theatre.Feed.Lag(theatre.Group, "trips").ShouldBe(0);
    }

    [RedisFact]
    public async Task A_Redis_that_answers_a_second_late_loses_nothing_and_stalls_no_page()
    {
        await using var theatre = await Theatre.EmbeddedAsync();
        theatre.Wire.Delay = TimeSpan.FromSeconds(1);
        var node = await theatre.StartReadyAsync();
        await node.UntilAsync("all is well", TimeSpan.FromSeconds(10), async () =>
            (await node.HealthAsync()).GetProperty("status").GetString() == "healthy");
        var trips = theatre.Feed.SendTrips("t", 20, 50);

        var slowest = TimeSpan.Zero;
        for (var ask = 0; ask < 30; ask++)
        {
            foreach (var path in (string[])["/health", "/metrics", "/health/live", "/health/ready"])
            {
                var page = await node.GetAsync(path);
                page.Status.ShouldBe(200, $"{path}: {page.Text}");
                slowest = page.Took > slowest ? page.Took : slowest;
            }

            await Task.Delay(50);
        }

        await theatre.TripsShownAsync(trips);
        theatre.Frontend.Count.ShouldBe(trips.Count, "slow is not dead: nothing is published twice");
        theatre.Frontend.All.ShouldBeInOrderPerTrip();
        Console.WriteLine($"slowest page while Redis took 1 s: {slowest.TotalMilliseconds:0} ms");
        slowest.ShouldBeLessThan(TimeSpan.FromMilliseconds(800));
        await node.StopAsync();
    }

    [RedisFact]
    public async Task A_Redis_that_hangs_stalls_no_page_and_what_waited_is_shown()
    {
        await using var theatre = await Theatre.EmbeddedAsync();
        var node = await theatre.StartReadyAsync();
        await theatre.Redis.FreezeAsync();
        var trips = theatre.Feed.SendTrips("t", 5, 5);
        await node.UntilAsync("/health tells of it", TimeSpan.FromSeconds(6), async () =>
        {
            var page = await node.GetAsync("/health");
            page.Took.ShouldBeLessThan(TimeSpan.FromMilliseconds(800));
            return !page.Json.GetProperty("redis_connected").GetBoolean();
        });
        (await node.GetAsync("/metrics")).Took.ShouldBeLessThan(TimeSpan.FromMilliseconds(800));

        await theatre.Redis.ThawAsync();

        await theatre.TripsShownAsync(trips);
        theatre.Frontend.All.ShouldBeInOrderPerTrip();
        await node.StopAsync();
    }

    [RedisFact]
    public async Task A_Redis_that_refuses_the_login_is_asked_again_until_it_accepts()
    {
        await using var theatre = await Theatre.EmbeddedAsync();
        await theatre.Redis.CliAsync("CONFIG", "SET", "requirepass", "another");
        var node = await theatre.StartReadyAsync(("REDIS_PASSWORD", "canary-of-redis"));
        var trips = theatre.Feed.SendTrips("t", 5, 5);
        await node.UntilAsync("the log says why", () => node.Output.Any(static line =>
            line.Contains("trouble with redis") && line.Contains("password", StringComparison.OrdinalIgnoreCase)));
        (await node.HealthAsync()).GetProperty("redis_connected").GetBoolean().ShouldBeFalse();

        await theatre.Redis.CliAsync("-a", "another", "CONFIG", "SET", "requirepass", "canary-of-redis");

        await theatre.TripsShownAsync(trips);
        await node.StopAsync();
        node.Log.ShouldNotContain("canary-of-redis");
    }
}
