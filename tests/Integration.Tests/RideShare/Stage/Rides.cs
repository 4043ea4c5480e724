using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace StreamActors.Tests.RideShare;

/// <summary>Events as the platform's other services produce them.</summary>
internal static class Rides
{
    private static readonly JsonSerializerOptions AsItIs =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string NewId() => Guid.NewGuid().ToString();

    /// <summary>A ping of a driver or a rider.</summary>
    public static string Ping(
        string entity, double latitude = -23.5, string? id = null, string type = "driver") => $$"""
        {"event_id":"{{id ?? NewId()}}","entity_type":"{{type}}","entity_id":"{{entity}}",
        "timestamp":"2026-01-15T10:00:00Z","location":[{{Number(latitude)}},-46.6333],"heading":90,"speed":null,
        "accuracy":5.0,"trip_id":null,"session_id":"s1"}
        """;

    /// <summary>The so-maniest event of a trip; the number travels as its <c>offer_sequence</c>.</summary>
    public static string Trip(string trip, int number = 0, string? id = null, string type = "trip.requested") => $$"""
        {"event_id":"{{id ?? NewId()}}","event_type":"{{type}}","trip_id":"{{trip}}",
        "timestamp":"2026-01-15T10:00:00Z","rider_id":"r1","driver_id":null,"pickup_location":[-23.55,-46.63],
        "dropoff_location":[-23.56,-46.65],"pickup_zone_id":"z1","dropoff_zone_id":"z2","surge_multiplier":1.5,
        "fare":35.5,"offer_sequence":{{number}}}
        """;

    public static string Status(string driver, string? id = null) => $$"""
        {"event_id":"{{id ?? NewId()}}","driver_id":"{{driver}}","timestamp":"2026-01-15T10:00:00Z",
        "previous_status":null,"new_status":"online","trigger":"app_open","location":[-23.55,-46.63]}
        """;

    public static string Surge(string zone, string? id = null) => $$"""
        {"event_id":"{{id ?? NewId()}}","zone_id":"{{zone}}","timestamp":"2026-01-15T10:00:00Z",
        "previous_multiplier":1.0,"new_multiplier":1.5,"available_drivers":4,"pending_requests":6,
        "correlation_id":"z"}
        """;

    public static string DriverProfile(string driver, string? id = null) => $$"""
        {"event_id":"{{id ?? NewId()}}","event_type":"driver.created","driver_id":"{{driver}}",
        "timestamp":"2026-01-15T10:00:00Z","first_name":"Zoë","last_name":"Silva","email":"z@x.br","phone":"1",
        "home_location":[-23.5,-46.6],"shift_preference":"night","vehicle_make":"Fiat","vehicle_model":"Uno",
        "vehicle_year":2019,"license_plate":"ABC1D23"}
        """;

    public static string RiderProfile(string rider, string? id = null) => $$"""
        {"event_id":"{{id ?? NewId()}}","event_type":"rider.updated","rider_id":"{{rider}}",
        "timestamp":"2026-01-15T10:00:00Z","first_name":"Ana","last_name":"Lima","email":"a@x.br","phone":"2",
        "home_location":[-23.5,-46.6],"payment_method_type":"credit_card","payment_method_masked":"**42"}
        """;

    public static string Rating(string trip, string ratee, string? id = null) => $$"""
        {"event_id":"{{id ?? NewId()}}","trip_id":"{{trip}}","timestamp":"2026-01-15T10:00:00Z",
        "rater_type":"{{(ratee == "rider" ? "driver" : "rider")}}","rater_id":"a","ratee_type":"{{ratee}}",
        "ratee_id":"b","rating":5,"current_rating":4.8,"rating_count":12}
        """;

    /// <summary>A valid event for each topic, with the same id and key.</summary>
    public static IReadOnlyList<(string Topic, string Handler, string Json)> OneOfEach(string key) =>
    [
        ("gps_pings", "gps", Ping(key)),
        ("trips", "trip", Trip(key)),
        ("driver_status", "driver_status", Status(key)),
        ("surge_updates", "surge", Surge(key)),
        ("driver_profiles", "driver_profile", DriverProfile(key)),
        ("rider_profiles", "rider_profile", RiderProfile(key)),
        ("ratings", "rating", Rating(key, "driver")),
    ];

    /// <summary>What tells one trip event from all others: trip and number.</summary>
    public static string TripKey(Shown shown) => shown.Channel == "trip-updates"
        ? $"{shown["trip_id"]}/{shown.Json.GetProperty("offer_sequence").GetInt32()}"
        : "";

    /// <summary>Sends trips round by round: each key's events lie between the others'. Names them.</summary>
    public static HashSet<string> SendTrips(this Feed feed, string prefix, int trips, int events, int from = 0)
    {
        var sent = new HashSet<string>();
        for (var number = from; number < from + events; number++)
        {
            for (var trip = 0; trip < trips; trip++)
            {
                feed.Enqueue("trips", $"{prefix}{trip}", Trip($"{prefix}{trip}", number));
                sent.Add($"{prefix}{trip}/{number}");
            }
        }

        feed.Flush();
        return sent;
    }

    /// <summary>
    /// A trip's events appear in their order: what is shown again after a crash goes back, but nothing new is ever
    /// shown before what precedes it.
    /// </summary>
    public static void ShouldBeInOrderPerTrip(this IEnumerable<Shown> shown)
    {
        foreach (var trip in shown.Where(static each => each.Channel == "trip-updates")
                     .GroupBy(static each => each["trip_id"]))
        {
            var numbers = trip.Select(static each => each.Json.GetProperty("offer_sequence").GetInt32());
            numbers.Distinct().ShouldBeInOrder(SortDirection.Ascending, $"the events of {trip.Key}");
        }
    }

    /// <summary>The JSON with one field set, removed (null) or replaced.</summary>
    public static string With(this string json, string field, JsonNode? value)
    {
        var node = JsonNode.Parse(json)!.AsObject();
        if (value is null)
        {
            node.Remove(field);
        }
        else
        {
            node[field] = value;
        }

        return node.ToJsonString(AsItIs);
    }

    private static string Number(double value) => value.ToString("0.0###", CultureInfo.InvariantCulture);
}
