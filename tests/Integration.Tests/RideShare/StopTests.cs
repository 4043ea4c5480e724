using System.Net;
using System.Net.Sockets;
using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.RideShare;

/// <summary>SIGTERM ends a node in order in every stage of its life, with exit code 0.</summary>
public sealed class StopTests
{
    [Fact]
    public async Task While_no_broker_is_there()
    {
        await using var node = RunningNode.Start(
            ("KAFKA_BOOTSTRAP_SERVERS", $"127.0.0.1:{Machine.FreePort()}"), ("REDIS_PORT", $"{Machine.FreePort()}"));
        await node.UntilAsync("the log says what it waits for",
            () => node.Output.Any(static line => line.Contains("waiting")));
        await node.StopAsync(seconds: 5);
        node.Output.ShouldContain(static line => line.Contains("stopped before it joined its group"), node.Log);
        Totals.Of(node).ShouldBe(new(0, 0, 0, 0, 0));
    }

    [Fact]
    public async Task While_the_broker_takes_connections_and_says_nothing()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var servers = $"127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}";
        await using var node = RunningNode.Start(("KAFKA_BOOTSTRAP_SERVERS", servers), ("REDIS_PORT", "1"));
        await node.UntilAsync("the pages are there", TimeSpan.FromSeconds(10),
            async () => await node.StatusAsync("/health/live") == 200);
        await node.StopAsync(seconds: 8);
    }

    [RedisFact]
    public async Task While_Redis_is_absent_and_records_wait_for_it()
    {
        await using var theatre = await Theatre.EmbeddedAsync();
        var node = await theatre.StartReadyAsync();
        theatre.Wire.Cut();
        theatre.Feed.SendTrips("t", 5, 5);
        await node.UntilAsync("they are read", TimeSpan.FromSeconds(10), async () =>
            (await node.MetricsAsync()).GetProperty("messages_consumed_total").GetInt64() == 25);

        await node.StopAsync(seconds: 14);

        theatre.Feed.Lag(theatre.Group, "trips").ShouldBe(25, "nothing of it was published");
        node.Output.ShouldContain(
            static line => line.Contains("let go of ") && line.Contains("25 records not done"), node.Log);
        node.Output.ShouldContain(static line => line.Contains("25 records are read again"), node.Log);
        node.Output.ShouldNotContain(static line => line.Contains("drained, committed"), node.Log);
        Totals.Of(node).ShouldBe(new(25, 0, 0, 0, 0, Undone: 25));
    }
}

/// <summary>The same while a real Kafka makes its topics and takes it into its group.</summary>
[Collection(OwnKafka.Name)]
public sealed class StopDuringStartTests(OwnKafka own)
{
    [KafkaFact(Dedicated = true, Redis = true)]
    public async Task At_any_moment_of_a_start()
    {
        await using var theatre = await Theatre.OnAsync(await own.KafkaAsync());
        var seed = Environment.TickCount;
        var random = new Random(seed);
        for (var start = 0; start < 8; start++)
        {
            if (start % 4 == 0)
            {
                foreach (var topic in theatre.Feed.TopicNames().Intersect(["trips", "gps_pings", "ratings"]))
                {
                    await theatre.Feed.DeleteAsync(topic);
                }
            }

            await using var node = theatre.Start();
            await node.UntilAsync("the first line", () => node.Output.Count > 0);
            var after = random.Next(2000);
            await Task.Delay(after);
            Console.WriteLine($"seed {seed}: SIGTERM {after} ms after the first line");
            await node.StopAsync(seconds: 6);
        }

        await using var last = await theatre.StartReadyAsync();
        theatre.Feed.Send("trips", "k", Rides.Trip("t"));
        await theatre.TripsShownAsync(["t/0"]);
        await last.StopAsync();
    }
}
