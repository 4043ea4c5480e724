using System.Diagnostics;
using StreamActors.Tests.Fixtures;
using Xunit.Abstractions;

namespace StreamActors.Tests.RideShare;

/// <summary>What a GPS window promises to those who look at the map, and to those who restart the node.</summary>
public sealed class WindowTests(ITestOutputHelper output)
{
    [RedisFact]
    public async Task A_ping_leaves_within_its_window_whatever_else_comes()
    {
        // The promise is window + 10 ms. Under the load of a test run only its order of size can be held to: the
        // original took up to a second more.
        const int Window = 100;
        await using var theatre = await Theatre.EmbeddedAsync();
        var node = await theatre.StartReadyAsync(("PROCESSOR_WINDOW_SIZE_MS", $"{Window}"));
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var sent = new Dictionary<string, long>();

        // The first ping finds a process that has compiled nothing yet: it is not what is measured.
        theatre.Feed.Send("gps_pings", "first", Rides.Ping("first"));
        await theatre.ShownAsync("the first ping", static shown => shown.Count == 1);
        for (var ping = 0; ping < 40; ping++)
        {
            // Alone, and two in one batch: the second is the one that the original forgot.
            for (var pair = 0; pair <= ping % 2; pair++)
            {
                sent[$"d{ping}-{pair}"] = Stopwatch.GetTimestamp();
                theatre.Feed.Enqueue("gps_pings", "d", Rides.Ping($"d{ping}-{pair}"));
            }

            theatre.Feed.Flush();
            await Task.Delay(random.Next(30));
        }

        await theatre.ShownAsync("all pings", shown => shown.Count == sent.Count + 1);
        var waits = theatre.Frontend.All.Skip(1)
            .Select(shown => Stopwatch.GetElapsedTime(sent[shown["entity_id"]], shown.At).TotalMilliseconds)
            .Order().ToList();
        output.WriteLine($"from produce to frontend, window {Window} ms: "
            + $"median {waits[waits.Count / 2]:0} ms, longest {waits[^1]:0} ms");
        waits[^1].ShouldBeLessThan(Window + 400);
        await node.StopAsync();
    }

    [RedisFact]
    public async Task Latest_shows_the_last_ping_of_each_entity_and_a_rider_is_not_a_driver()
    {
        await using var theatre = await Theatre.EmbeddedAsync(partitions: 1);
        var node = await theatre.StartReadyAsync(("PROCESSOR_WINDOW_SIZE_MS", "1000"));
        for (var ping = 1; ping <= 5; ping++)
        {
            theatre.Feed.Enqueue("gps_pings", "same", Rides.Ping("same", ping));
            theatre.Feed.Enqueue("gps_pings", "same", Rides.Ping("same", -ping, type: "rider"));
        }

        theatre.Feed.Flush();
        await theatre.ShownAsync("both", static shown =>
            shown.Select(static each => each.Json.GetProperty("location")[0].GetDouble()).ToHashSet()
                .IsSupersetOf([5.0, -5.0]));
        theatre.Frontend.Count.ShouldBeLessThanOrEqualTo(4, "a window may end between the ten pings, but only one");
        theatre.Frontend.All.ShouldAllBe(shown =>
            shown.Channel == (shown["entity_type"] == "rider" ? "rider-updates" : "driver-updates"));
        var ratio = (await node.MetricsAsync()).GetProperty("gps_aggregation_ratio").GetDouble();
        ratio.ShouldBe(theatre.Frontend.Count / 10.0, 0.001);
        await node.StopAsync();
    }

    [RedisFact]
    public async Task Whatever_is_no_ping_waits_for_no_window()
    {
        await using var theatre = await Theatre.EmbeddedAsync(partitions: 1);
        var node = await theatre.StartReadyAsync(("PROCESSOR_WINDOW_SIZE_MS", "5000"));
        theatre.Feed.Send("gps_pings", "clock", Rides.Ping("clock"));
        await theatre.ShownAsync("the ping that ends with its window", static shown => shown.Count == 1);
        foreach (var (topic, _, json) in Rides.OneOfEach("k"))
        {
            theatre.Feed.Send(topic, "k", json);
        }

        await theatre.ShownAsync("all but the ping, whose window has begun", static shown => shown.Count == 7);
        theatre.Frontend.All.Count(static shown => shown.Json.TryGetProperty("entity_type", out _)).ShouldBe(1);
        await theatre.ShownAsync("the ping too", static shown => shown.Count == 8);
        await node.StopAsync();
    }

    [RedisFact]
    public async Task Sample_shows_every_nth_ping_of_an_entity_in_order()
    {
        await using var theatre = await Theatre.EmbeddedAsync(partitions: 1);
        var node = await theatre.StartReadyAsync(
            ("PROCESSOR_AGGREGATION_STRATEGY", "sample"), ("PROCESSOR_SAMPLE_RATE", "3"));
        for (var ping = 1; ping <= 10; ping++)
        {
            theatre.Feed.Enqueue("gps_pings", "a", Rides.Ping("a", ping));
            theatre.Feed.Enqueue("gps_pings", "b", Rides.Ping("b", 10 + ping));
        }

        theatre.Feed.Flush();
        await theatre.ShownAsync("three of ten, twice", static shown => shown.Count >= 6);
        await node.StopAsync();
        theatre.Frontend.All.GroupBy(static shown => shown["entity_id"])
            .ToDictionary(static each => each.Key, static each =>
                string.Join(' ', each.Select(static shown => shown.Json.GetProperty("location")[0].GetDouble())))
            .ShouldBe(new Dictionary<string, string> { ["a"] = "3 6 9", ["b"] = "13 16 19" });
    }
}

/// <summary>The same on a real Kafka, where a dead node's partitions have to be taken over.</summary>
[Collection(OwnKafka.Name)]
public sealed class WindowCrashTests(OwnKafka own)
{
    [KafkaFact(Dedicated = true, Redis = true)]
    public async Task A_ping_that_is_still_in_its_window_outlives_the_node()
    {
        await using var theatre = await Theatre.OnAsync(await own.KafkaAsync());
        (string, string)[] settings =
        [
            ("PROCESSOR_WINDOW_SIZE_MS", "5000"), ("KAFKA_BATCH_COMMIT_SIZE", "1"),
            ("KAFKA_COMMIT_INTERVAL_SEC", "0.1"),
        ];
        var node = await theatre.StartReadyAsync(settings);
        // The first flush shows where the window's clock stands: behind it there are almost five seconds.
        theatre.Feed.Send("gps_pings", "clock", Rides.Ping("clock"));
        await theatre.ShownAsync("the first flush", static shown => shown.Count == 1);
        theatre.Feed.Send("gps_pings", "d", Rides.Ping("held"));
        theatre.Feed.Send("gps_pings", "d", "{");
        var trips = theatre.Feed.SendTrips("t", 10, 10);
        await theatre.TripsShownAsync(trips);
        await node.UntilAsync("the trips are committed", TimeSpan.FromSeconds(5),
            () => Task.FromResult(theatre.Feed.Lag(theatre.Group, "trips") == 0));
        theatre.Frontend.Count.ShouldBe(101, "the ping has not left its window, or the test came too late");

        await node.KillAsync();
        await theatre.StartReadyAsync(settings);

        await theatre.ShownAsync("the ping", static shown => shown.Any(static each => each.Text.Contains("\"held\"")));
    }
}
