using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.RideShare;

/// <summary>An id counts as seen once its event was handled and Redis has it: not before, and not twice.</summary>
public sealed class SeenOnceTests
{
    [RedisFact]
    public async Task An_event_is_shown_once_however_often_it_is_produced_and_an_invalid_one_does_not_count()
    {
        await using var theatre = await Theatre.EmbeddedAsync(partitions: 1);
        var node = await theatre.StartReadyAsync();
        var id = Rides.NewId();
        theatre.Feed.Send("trips", "k", Rides.Trip("corrected", id: id, type: "trip.invalid"));
        theatre.Feed.Send("trips", "k", Rides.Trip("corrected", id: id));
        theatre.Feed.Send("trips", "k", Rides.Trip("corrected", id: id));
        theatre.Feed.Send("trips", "k", Rides.Trip("corrected", id: id.ToUpperInvariant()));
        theatre.Feed.Send("trips", "k", Rides.Trip("corrected", id: id.Replace("-", "")));
        theatre.Feed.Send("trips", "k", Rides.Trip("last"));
        await theatre.TripsShownAsync(["last/0"]);
        await node.StopAsync();

        theatre.Frontend.All.Select(static shown => shown["trip_id"]).ShouldBe(["corrected", "last"]);
        Totals.Of(node).ShouldBe(new(6, 2, 0, 3, 1));
    }

    [RedisFact]
    public async Task An_id_that_was_seen_is_known_to_the_node_after_a_restart()
    {
        await using var theatre = await Theatre.EmbeddedAsync(partitions: 1);
        var id = Rides.NewId();
        var first = await theatre.StartReadyAsync();
        theatre.Feed.Send("trips", "k", Rides.Trip("once", id: id));
        await theatre.TripsShownAsync(["once/0"]);
        await first.StopAsync();

        var second = await theatre.StartReadyAsync();
        theatre.Feed.Send("trips", "k", Rides.Trip("once", id: id));
        theatre.Feed.Send("trips", "k", Rides.Trip("last"));
        await theatre.TripsShownAsync(["last/0"]);
        await second.StopAsync();

        theatre.Frontend.All.Select(static shown => shown["trip_id"]).ShouldBe(["once", "last"]);
        Totals.Of(second).Duplicates.ShouldBe(1);
    }

    [RedisFact]
    public async Task Deduplication_forgets_after_its_window_and_can_be_turned_off()
    {
        await using var theatre = await Theatre.EmbeddedAsync(partitions: 1);
        var (once, twice) = (Rides.Trip("t", 0), Rides.Trip("t", 1));
        var node = await theatre.StartReadyAsync(("PROCESSOR_DEDUP_WINDOW_SECONDS", "1"));
        theatre.Feed.Send("trips", "k", once);
        theatre.Feed.Send("trips", "k", once);
        await theatre.TripsShownAsync(["t/0"]);
        await Task.Delay(2500);
        theatre.Feed.Send("trips", "k", once);
        await theatre.ShownAsync("the event of an id that was forgotten", static shown => shown.Count == 2);
        await node.StopAsync();
        Totals.Of(node).Duplicates.ShouldBe(1);

        var off = await theatre.StartReadyAsync(("PROCESSOR_DEDUP_WINDOW_SECONDS", "0"));
        theatre.Feed.Send("trips", "k", twice);
        theatre.Feed.Send("trips", "k", twice);
        await theatre.ShownAsync("both", static shown => shown.Count == 4);
        await off.StopAsync();
    }
}

/// <summary>The same on a real Kafka, where a dead node's partitions have to be taken over.</summary>
[Collection(OwnKafka.Name)]
public sealed class SeenOnceCrashTests(OwnKafka own)
{
    [KafkaFact(Dedicated = true, Redis = true)]
    public async Task An_id_that_was_seen_is_known_to_the_node_that_takes_over_from_one_that_was_killed()
    {
        await using var theatre = await Theatre.OnAsync(await own.KafkaAsync());
        var id = Rides.NewId();
        var first = await theatre.StartReadyAsync(("KAFKA_COMMIT_INTERVAL_SEC", "0.1"));
        theatre.Feed.Send("trips", "k", Rides.Trip("once", id: id));
        await theatre.TripsShownAsync(["once/0"]);
        await first.UntilAsync("it is saved and committed", TimeSpan.FromSeconds(10), async () =>
            (await first.PrometheusAsync())["streamactors_state_save_seconds_count{pipeline=\"ride-share\"}"] > 0);
        await first.KillAsync();

        await theatre.StartReadyAsync();
        theatre.Feed.Send("trips", "k", Rides.Trip("once", id: id));
        theatre.Feed.Send("trips", "k", Rides.Trip("last"));

        await theatre.TripsShownAsync(["last/0"]);
        theatre.Frontend.All.Select(static shown => shown["trip_id"]).ShouldBe(["once", "last"]);
    }

    [KafkaFact(Dedicated = true, Redis = true)]
    public async Task A_crash_before_Redis_has_acknowledged_delivers_again()
    {
        await using var theatre = await Theatre.OnAsync(await own.KafkaAsync());
        var node = await theatre.StartReadyAsync(("KAFKA_COMMIT_INTERVAL_SEC", "0.1"));
        theatre.Wire.Jam();
        var trips = theatre.Feed.SendTrips("t", 5, 4);
        theatre.Feed.Send("trips", "bad", "{");    // done at once, and behind the others: it must not carry them along
        await node.UntilAsync("the node has read them", TimeSpan.FromSeconds(10), async () =>
            (await node.MetricsAsync()).GetProperty("messages_consumed_total").GetInt64() == 21);
        await Task.Delay(500);
        theatre.Frontend.Count.ShouldBe(0);
        await node.KillAsync();
        theatre.Wire.Cut();
        theatre.Wire.Mend();

        await theatre.StartReadyAsync();

        await theatre.TripsShownAsync(trips);
        theatre.Frontend.All.ShouldBeInOrderPerTrip();
    }
}
