using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.RideShare;

/// <summary>
/// What happens to Kafka and to the other nodes while records flow: each trip's effect appears, none is lost, and the
/// order of a trip's events holds.
/// </summary>
[Collection(OwnKafka.Name)]
public sealed class KafkaFaultTests(OwnKafka own)
{
    private static readonly (string, string)[] Earliest =
        [("KAFKA_AUTO_OFFSET_RESET", "earliest"), ("PROCESSOR_TOPICS", "trips")];

    [KafkaFact(Dedicated = true, Redis = true)]
    public async Task A_broker_that_dies_and_comes_back()
    {
        await using var theatre = await FreshAsync(partitions: 2);
        var node = await theatre.StartReadyAsync(Earliest);
        await OutageAsync(theatre, node, () => node.UntilAsync("/health tells of it", TimeSpan.FromSeconds(6),
            async () => !(await node.HealthAsync()).GetProperty("kafka_connected").GetBoolean()));
        await node.StopAsync();
        theatre.Feed.Lag(theatre.Group, "trips").ShouldBe(0);
    }

    [KafkaFact(Dedicated = true, Redis = true)]
    public async Task A_partition_that_is_added_is_read_from_its_first_record()
    {
        await using var theatre = await FreshAsync(partitions: 1);
        var node = await theatre.StartReadyAsync(("PROCESSOR_TOPICS", "trips"));    // latest, which is where it is hard
        var trips = theatre.Feed.SendTrips("before", 5, 2);
        await theatre.TripsShownAsync(trips);

        // The node will find the partition later than these records, and must not start behind them.
        await theatre.Feed.AddPartitionsAsync("trips", 2);
        for (var number = 0; number < 20; number++)
        {
            theatre.Feed.Enqueue("trips", 1, "added", Rides.Trip("added", number));
            trips.Add($"added/{number}");
        }

        theatre.Feed.Flush();
        await theatre.TripsShownAsync(trips, seconds: 60);
        theatre.Frontend.All.ShouldBeInOrderPerTrip();
        await node.StopAsync();
        theatre.Feed.Lag(theatre.Group, "trips").ShouldBe(0);
    }

    [KafkaFact(Dedicated = true, Redis = true)]
    public async Task A_topic_that_is_deleted_and_made_again_is_read_from_its_first_record()
    {
        await using var theatre = await FreshAsync(partitions: 1);
        var node = await theatre.StartReadyAsync(
            ("PROCESSOR_TOPICS", "trips,ratings"), ("KAFKA_COMMIT_INTERVAL_SEC", "0.2"));
        await theatre.TripsShownAsync(theatre.Feed.SendTrips("old", 5, 10));

        await theatre.Feed.DeleteAsync("trips");
        await Task.Delay(1000);
        theatre.Feed.Send("ratings", "k", Rides.Rating("other", "driver"));
        await theatre.ShownAsync("the other topic goes on", static shown =>
            shown.Any(static each => each.Text.Contains("rating_update")));
        await theatre.Feed.CreateAsync("trips", 1);
        await Machine.UntilAsync("it is there", TimeSpan.FromSeconds(10),
            () => Task.FromResult(theatre.Feed.TopicNames().Contains("trips")));
        using var feed = new Feed(new() { BootstrapServers = (await own.KafkaAsync()).Bootstrap });
        var trips = feed.SendTrips("new", 5, 4);

        await theatre.TripsShownAsync(trips, seconds: 60);
        theatre.Frontend.All.ShouldBeInOrderPerTrip();
        await node.StopAsync();
        feed.Lag(theatre.Group, "trips").ShouldBe(0);
    }

    [KafkaTheory(Dedicated = true, Redis = true)]
    [InlineData("auto")]
    [InlineData("classic")]
    public async Task One_of_two_nodes_stops_while_records_flow_and_nothing_is_lost_repeated_or_disordered(
        string protocol)
    {
        await using var theatre = await FreshAsync(partitions: 4);
        var first = await theatre.StartReadyAsync(Speaking(protocol));
        var trips = theatre.Feed.SendTrips("t", 40, 10);
        var second = await theatre.StartReadyAsync(Speaking(protocol));
        await FlowAsync(theatre, trips, from: 10, rounds: 30);
        await OwnsAsync(first, 2);
        await OwnsAsync(second, 2);

        var flow = FlowAsync(theatre, trips, from: 40, rounds: 60);
        await Task.Delay(300);
        await first.StopAsync();
        await flow;

        await theatre.TripsShownAsync(trips);
        theatre.Frontend.All.ShouldBeInOrderPerTrip();
        theatre.Frontend.Trips.Count.ShouldBe(trips.Count, "a clean hand-over repeats nothing");
        await second.StopAsync();
        theatre.Feed.Lag(theatre.Group, "trips").ShouldBe(0);
        (Totals.Of(first).Published + Totals.Of(second).Published).ShouldBe(trips.Count);
    }

    [KafkaTheory(Dedicated = true, Redis = true)]
    [InlineData("auto")]
    [InlineData("classic")]
    public async Task One_of_two_nodes_is_killed_while_records_flow_and_nothing_is_lost_or_disordered(
        string protocol)
    {
        await using var theatre = await FreshAsync(partitions: 4);
        var first = await theatre.StartReadyAsync(Speaking(protocol));
        var second = await theatre.StartReadyAsync(Speaking(protocol));
        await OwnsAsync(first, 2);
        var trips = new HashSet<string>();
        var flow = FlowAsync(theatre, trips, from: 0, rounds: 80);
        await Task.Delay(400);

        await first.KillAsync();

        await flow;
        await theatre.TripsShownAsync(trips);
        theatre.Frontend.All.ShouldBeInOrderPerTrip();
        await second.StopAsync();
        theatre.Feed.Lag(theatre.Group, "trips").ShouldBe(0);
    }

    [KafkaFact(Dedicated = true, Redis = true, Long = true)]
    public async Task Kafka_away_for_more_than_a_minute_costs_nothing_but_the_time()
    {
        await using var theatre = await FreshAsync(partitions: 2);
        var node = await theatre.StartReadyAsync(Earliest);
        await OutageAsync(theatre, node, async () =>
        {
            await Task.Delay(TimeSpan.FromSeconds(75));    // longer than every session, socket and commit time-out
            (await node.StatusAsync("/health/live")).ShouldBe(200);
        });
        await node.UntilAsync("all is well", TimeSpan.FromSeconds(10), async () =>
            (await node.HealthAsync()).GetProperty("status").GetString() == "healthy");
        await node.StopAsync();
        theatre.Feed.Lag(theatre.Group, "trips").ShouldBe(0);
    }

    /// <summary>The settings of a member; a classic group gives a dead one up after 3 s.</summary>
    private static (string, string)[] Speaking(string protocol) =>
        [.. Earliest, ("KAFKA_GROUP_PROTOCOL", protocol), ("KAFKA_SESSION_TIMEOUT_MS", "3000")];

    /// <summary>Trips flow, the broker dies, comes back, and more flow: all are shown, in order.</summary>
    private async Task OutageAsync(Theatre theatre, RunningNode node, Func<Task> meanwhile)
    {
        var trips = theatre.Feed.SendTrips("t", 20, 50);
        await theatre.TripsShownAsync(trips);

        var kafka = await own.KafkaAsync();
        await kafka.KillAsync(1);
        await meanwhile();
        await kafka.UpAsync(1);
        trips.UnionWith(theatre.Feed.SendTrips("t", 20, 50, from: 50));

        await theatre.TripsShownAsync(trips);
        theatre.Frontend.All.ShouldBeInOrderPerTrip();
        node.Output.Count.ShouldBeLessThan(60, "an outage is told once, not at every attempt");
    }

    /// <summary>A topic of trips that nobody has read: the tests change its partitions.</summary>
    private async Task<Theatre> FreshAsync(int partitions)
    {
        var theatre = await Theatre.OnAsync(await own.KafkaAsync());
        foreach (var topic in theatre.Feed.TopicNames().Intersect(["trips", "ratings"]))
        {
            await theatre.Feed.DeleteAsync(topic);
            await Machine.UntilAsync($"{topic} is gone", TimeSpan.FromSeconds(10),
                () => Task.FromResult(!theatre.Feed.TopicNames().Contains(topic)));
        }

        await theatre.Feed.CreateAsync("trips", partitions);
        return theatre;
    }

    /// <summary>Sends a round of forty trips every 20 ms.</summary>
    private static Task FlowAsync(Theatre theatre, HashSet<string> trips, int from, int rounds) => Task.Run(async () =>
    {
        for (var round = from; round < from + rounds; round++)
        {
            trips.UnionWith(theatre.Feed.SendTrips("t", 40, 1, round));
            await Task.Delay(20);
        }
    });

    private static Task OwnsAsync(RunningNode node, int partitions) => node.UntilAsync(
        $"it owns {partitions} partitions", TimeSpan.FromSeconds(15), async () =>
            (await node.GetAsync("/metrics", port: node.MetricsPort)).Text
                .Split('\n').Count(static line => line.StartsWith("streamactors_partition_held{")) == partitions);
}
