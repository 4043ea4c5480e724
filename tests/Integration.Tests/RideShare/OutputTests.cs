using System.Text.Json;
using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.RideShare;

/// <summary>What the frontend is shown of each topic, on a real Kafka and a real Redis.</summary>
[Collection(SharedKafka.Name)]
public sealed class OutputTests
{
    private const string Id = "550E8400-E29B-41D4-A716-446655440000";

    /// <summary>What goes in (topic, event), and what comes out, field by field, with its channel.</summary>
    private static readonly (string Topic, string In, string Channel, string Out)[] Events =
    [
        ("gps_pings", Rides.Ping("k", id: Id), "driver-updates",
            """
            {"event_id":"550e8400-e29b-41d4-a716-446655440000","entity_type":"driver","entity_id":"k",
            "timestamp":"2026-01-15T10:00:00Z","location":[-23.5,-46.6333],"heading":90.0,"speed":null,
            "accuracy":5.0,"trip_id":null,"trip_state":null,"route_progress_index":null,
            "pickup_route_progress_index":null}
            """),
        ("gps_pings", Rides.Ping("k", type: "rider", id: Next(1)), "rider-updates",
            $$"""
            {"event_id":"{{Next(1)}}","entity_type":"rider","entity_id":"k","timestamp":"2026-01-15T10:00:00Z",
            "location":[-23.5,-46.6333],"heading":90.0,"speed":null,"accuracy":5.0,"trip_id":null,
            "trip_state":null,"route_progress_index":null,"pickup_route_progress_index":null}
            """),
        ("trips", Rides.Trip("k", 3, Next(2)), "trip-updates",
            $$"""
            {"event_id":"{{Next(2)}}","event_type":"trip.requested","trip_id":"k",
            "timestamp":"2026-01-15T10:00:00Z","rider_id":"r1","driver_id":null,
            "pickup_location":[-23.55,-46.63],"dropoff_location":[-23.56,-46.65],"pickup_zone_id":"z1",
            "dropoff_zone_id":"z2","surge_multiplier":1.5,"fare":35.5,"offer_sequence":3,"cancelled_by":null,
            "cancellation_reason":null,"cancellation_stage":null,"route":null,"pickup_route":null,
            "route_progress_index":null,"pickup_route_progress_index":null}
            """),
        ("driver_status", Rides.Status("k", Next(3)), "driver-updates",
            $$"""
            {"event_id":"{{Next(3)}}","driver_id":"k","timestamp":"2026-01-15T10:00:00Z","previous_status":null,
            "new_status":"online","trigger":"app_open","location":[-23.55,-46.63]}
            """),
        ("surge_updates", Rides.Surge("k", Next(4)), "surge_updates",
            $$"""
            {"event_id":"{{Next(4)}}","zone_id":"k","timestamp":"2026-01-15T10:00:00Z",
            "previous_multiplier":1.0,"new_multiplier":1.5,"available_drivers":4,"pending_requests":6,
            "calculation_window_seconds":60}
            """),
        ("driver_profiles", Rides.DriverProfile("k", Next(5)), "driver-updates",
            $$"""
            {"event_id":"{{Next(5)}}","event_type":"driver.created","driver_id":"k",
            "timestamp":"2026-01-15T10:00:00Z","first_name":"Zoë","last_name":"Silva","email":"z@x.br",
            "phone":"1","home_location":[-23.5,-46.6],"shift_preference":"night","vehicle_make":"Fiat",
            "vehicle_model":"Uno","vehicle_year":2019,"license_plate":"ABC1D23"}
            """),
        ("rider_profiles", Rides.RiderProfile("k", Next(6)), "rider-updates",
            $$"""
            {"event_id":"{{Next(6)}}","event_type":"rider.updated","rider_id":"k",
            "timestamp":"2026-01-15T10:00:00Z","first_name":"Ana","last_name":"Lima","email":"a@x.br",
            "phone":"2","home_location":[-23.5,-46.6],"payment_method_type":"credit_card",
            "payment_method_masked":"**42","behavior_factor":null}
            """),
        ("ratings", Rides.Rating("k", "driver", Next(7)), "driver-updates",
            $$"""
            {"event_id":"{{Next(7)}}","trip_id":"k","timestamp":"2026-01-15T10:00:00Z","rater_type":"rider",
            "rater_id":"a","ratee_type":"driver","ratee_id":"b","rating":5,"current_rating":4.8,
            "rating_count":12,"event_type":"rating_update"}
            """),
        ("ratings", Rides.Rating("k", "rider", Next(8)), "rider-updates",
            $$"""
            {"event_id":"{{Next(8)}}","trip_id":"k","timestamp":"2026-01-15T10:00:00Z","rater_type":"driver",
            "rater_id":"a","ratee_type":"rider","ratee_id":"b","rating":5,"current_rating":4.8,
            "rating_count":12,"event_type":"rating_update"}
            """),
    ];

    [KafkaFact(Redis = true)]
    public async Task Every_event_arrives_on_its_channel_with_the_documented_fields_in_their_order()
    {
        await using var theatre = await SharedKafka.TheatreAsync();
        await using var node = await theatre.StartReadyAsync();
        foreach (var (topic, sent, _, _) in Events)
        {
            theatre.Feed.Enqueue(topic, "k", sent);
        }

        theatre.Feed.Flush();
        await theatre.ShownAsync("all events", shown => shown.Count >= Events.Length);

        await node.StopAsync();
        foreach (var (_, _, channel, expected) in Events)
        {
            var id = JsonDocument.Parse(expected).RootElement.GetProperty("event_id").GetString();
            var shown = theatre.Frontend.All.Where(each => each["event_id"] == id).ShouldHaveSingleItem();
            shown.Channel.ShouldBe(channel);
            Fields(shown.Text).ShouldBe(Fields(expected), channel);
        }

        theatre.Frontend.Count.ShouldBe(Events.Length);
    }

    [KafkaFact(Redis = true)]
    public async Task A_restart_republishes_nothing_and_a_stop_leaves_nothing_behind()
    {
        await using var theatre = await SharedKafka.TheatreAsync();
        // The longest window: everything that is published below left it because of the stop, not by the clock.
        var node = await theatre.StartReadyAsync(("PROCESSOR_WINDOW_SIZE_MS", "5000"));
        var trips = theatre.Feed.SendTrips("t", 20, 10);
        await theatre.TripsShownAsync(trips);
        for (var ping = 0; ping < 300; ping++)
        {
            theatre.Feed.Enqueue("gps_pings", $"d{ping % 30}", Rides.Ping($"d{ping % 30}", ping));
        }

        var repeated = Rides.Ping("repeated");
        theatre.Feed.Enqueue("gps_pings", "repeated", repeated);
        theatre.Feed.Enqueue("gps_pings", "repeated", repeated);
        theatre.Feed.Enqueue("gps_pings", "bad", Rides.Ping("bad").With("accuracy", "far"));
        theatre.Feed.Flush();
        await node.UntilAsync("the pings are read", TimeSpan.FromSeconds(10), async () =>
            (await node.MetricsAsync()).GetProperty("messages_consumed_total").GetInt64() == 200 + 300 + 2);

        await node.StopAsync();

        var last = theatre.Frontend.All.Where(static shown => shown.Text.Contains("entity_id"))
            .GroupBy(static shown => shown["entity_id"])
            .ToDictionary(
                static each => each.Key, static each => each.Last().Json.GetProperty("location")[0].GetDouble());
        last.Count.ShouldBe(31);
        Enumerable.Range(0, 30).ShouldAllBe(driver => last[$"d{driver}"] == 270 + driver, "the last ping of each");
        theatre.Feed.Lag(theatre.Group, "gps_pings", "trips").ShouldBe(0);
        Totals.Of(node).ShouldBe(new(503, theatre.Frontend.Count, 503 - theatre.Frontend.Count - 2, 1, 1));

        var shownBefore = theatre.Frontend.Count;
        await using var again = await theatre.StartReadyAsync();
        theatre.Feed.Send("trips", "after", Rides.Trip("after"));
        await theatre.TripsShownAsync(["after/0"]);
        await again.StopAsync();
        theatre.Frontend.Count.ShouldBe(shownBefore + 1);
    }

    private static string Next(int number) => $"00000000-0000-4000-8000-{number:D12}";

    private static IEnumerable<string> Fields(string json) => JsonDocument.Parse(json).RootElement.EnumerateObject()
        .Select(static field => $"{field.Name}: {Plain(field.Value)}");

    // Text is compared as what it says, numbers and lists as they are written.
    private static string Plain(JsonElement value) => value.ValueKind == JsonValueKind.String
        ? $"\"{value.GetString()}\""
        : value.GetRawText().Replace(" ", "");
}
