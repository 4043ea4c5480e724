using System.Diagnostics;
using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.RideShare;

/// <summary>The health pages tell the truth, to people and to orchestrators.</summary>
public sealed class HealthTests
{
    private static readonly TimeSpan Truth = TimeSpan.FromSeconds(5);

    [RedisFact]
    public async Task Health_tells_of_each_peer_within_five_seconds_and_is_503_only_when_all_are_lost()
    {
        await using var theatre = await Theatre.EmbeddedAsync();
        var node = await theatre.StartReadyAsync();
        await TellsAsync(node, 200, "healthy", kafka: true, redis: true, "All connections active");

        theatre.Wire.Cut();
        await TellsAsync(node, 200, "degraded", kafka: true, redis: false, "Redis disconnected");
        theatre.Broker.TakeDown();
        await TellsAsync(node, 503, "unhealthy", kafka: false, redis: false, "All connections lost");
        (await node.StatusAsync("/health/live")).ShouldBe(200, "a restart would mend nothing");
        theatre.Wire.Mend();
        await TellsAsync(node, 200, "degraded", kafka: false, redis: true, "Kafka disconnected");
        theatre.Broker.BringUp();
        await TellsAsync(node, 200, "healthy", kafka: true, redis: true, "All connections active");
        await node.StopAsync();
    }

    [RedisFact]
    public async Task A_pipeline_that_cannot_deliver_says_which_partition_waits_for_which_sink()
    {
        await using var theatre = await Theatre.EmbeddedAsync();
        var node = await theatre.StartReadyAsync();
        await TroublesAsync(node, static troubles => troubles.Length == 0);

        theatre.Wire.Cut();
        theatre.Feed.Send("trips", "k", Rides.Trip("t"));
        await TroublesAsync(node, static troubles =>
            troubles is [var only] && only.StartsWith("trips/") && only.Contains(": redis: "));

        theatre.Wire.Mend();
        await TroublesAsync(node, static troubles => troubles.Length == 0);
        await node.StopAsync();
    }

    [RedisFact]
    public async Task Nothing_is_claimed_before_it_is_known()
    {
        await using var theatre = await Theatre.EmbeddedAsync();
        theatre.Broker.TakeDown();
        theatre.Wire.Cut();
        var node = theatre.Start();
        await node.UntilAsync("the pages are there", TimeSpan.FromSeconds(10),
            async () => await node.StatusAsync("/health/live") == 200);
        (await node.StatusAsync("/health")).ShouldBe(503);
        (await node.StatusAsync("/health/ready")).ShouldBe(503);

        theatre.Broker.BringUp();
        await node.ReadyAsync();
        await TellsAsync(node, 200, "degraded", kafka: true, redis: false, "Redis disconnected");
        await node.StopAsync();
    }

    [RedisFact]
    public async Task A_peer_that_has_not_answered_yet_is_not_called_lost()
    {
        await using var theatre = await Theatre.EmbeddedAsync();
        theatre.Wire.Jam();    // the first question is open for as long as a probe has patience, two seconds
        var node = theatre.Start();
        await node.UntilAsync("the pages are there", TimeSpan.FromSeconds(10),
            async () => await node.StatusAsync("/health/live") == 200);
        (await node.HealthAsync()).GetProperty("message").GetString().ShouldBeOneOf(
            "Kafka and Redis not checked yet", "Redis not checked yet");

        await TellsAsync(node, 200, "degraded", kafka: true, redis: false, "Redis disconnected");
        theatre.Wire.Clear();
        await TellsAsync(node, 200, "healthy", kafka: true, redis: true, "All connections active");
        await node.StopAsync();
    }

    [RedisFact]
    public async Task A_draining_node_is_alive_and_not_ready()
    {
        await using var theatre = await Theatre.EmbeddedAsync();
        var node = await theatre.StartReadyAsync();
        theatre.Wire.Jam();
        theatre.Feed.Send("trips", "k", Rides.Trip("t"));
        await node.UntilAsync("it is read", TimeSpan.FromSeconds(10), async () =>
            (await node.MetricsAsync()).GetProperty("messages_consumed_total").GetInt64() == 1);

        node.Terminate();    // the drain waits for Redis's answer, and so for us

        await node.UntilAsync("it is not ready", TimeSpan.FromSeconds(2),
            async () => await node.StatusAsync("/health/ready") == 503);
        (await node.StatusAsync("/health/live")).ShouldBe(200);
        (await node.StatusAsync("/metrics")).ShouldBe(200);
        theatre.Wire.Clear();
        (await node.ExitAsync(TimeSpan.FromSeconds(10))).ShouldBe(0);
        theatre.Frontend.Trips.ShouldHaveSingleItem();
        theatre.Feed.Lag(theatre.Group, "trips").ShouldBe(0);
    }

    private static Task TroublesAsync(RunningNode node, Predicate<string[]> areSo) => node.UntilAsync(
        "/health tells of the pipeline's troubles",
        Truth,
        async () =>
        {
            var pipeline = (await node.HealthAsync()).GetProperty("pipelines").EnumerateArray().Single();
            return pipeline.GetProperty("name").GetString() == "ride-share"
                && pipeline.GetProperty("ready").GetBoolean()
                && areSo([.. pipeline.GetProperty("troubles").EnumerateArray().Select(static each => $"{each}")]);
        });

    private static async Task TellsAsync(
        RunningNode node, int status, string word, bool kafka, bool redis, string message)
    {
        var clock = Stopwatch.StartNew();
        var last = "";
        await node.UntilAsync(
            $"/health says {word}: {message}",
            Truth + TimeSpan.FromSeconds(1),
            async () =>
            {
                var page = await node.GetAsync("/health");
                last = $"{page.Status} {page.Json}";
                return page.Status == status
                    && page.Json.GetProperty("status").GetString() == word
                    && page.Json.GetProperty("kafka_connected").GetBoolean() == kafka
                    && page.Json.GetProperty("redis_connected").GetBoolean() == redis
                    && page.Json.GetProperty("uptime_seconds").GetDouble() > 0
                    && page.Json.GetProperty("message").GetString() == message
                    && page.Json.EnumerateObject().Select(static each => each.Name).SequenceEqual(
                        ["status", "kafka_connected", "redis_connected", "uptime_seconds", "message", "pipelines"]);
            },
            () => $"; it says {last}");
        Console.WriteLine($"{message}: told after {clock.Elapsed.TotalSeconds:0.0} s");
    }
}
