using System.Buffers;
using System.Text;
using StreamActors.Pipelines.RideShare;

namespace StreamActors.Pipelines.Tests.RideShare;

/// <summary>What becomes of a record: the JSON that is published, or the reason why there is none.</summary>
internal static class Published
{
    public static readonly Guid NewId = new("00000000-0000-4000-8000-000000000001");

    /// <summary>A ping of the source system's description.</summary>
    public static readonly string Ping = Compact(
        """
        {"event_id":"550e8400-e29b-41d4-a716-446655440000","entity_type":"driver","entity_id":"driver-123",
        "timestamp":"2024-01-15T10:00:00Z","location":[-23.5505,-46.6333],"heading":90.0,"speed":45.5,
        "accuracy":5.0,"trip_id":null}
        """);

    public static readonly string Trip = Compact(
        """
        {"event_id":"550e8400-e29b-41d4-a716-446655440001","event_type":"trip.requested","trip_id":"trip-789",
        "timestamp":"2024-01-15T10:00:00Z","rider_id":"rider-123","driver_id":null,
        "pickup_location":[-23.55,-46.63],"dropoff_location":[-23.56,-46.65],"pickup_zone_id":"zone-1",
        "dropoff_zone_id":"zone-2","surge_multiplier":1.5,"fare":35.5}
        """);

    public static readonly string Status = Compact(
        """
        {"event_id":"550e8400-e29b-41d4-a716-446655440002","driver_id":"driver-456",
        "timestamp":"2024-01-15T10:00:00Z","previous_status":"offline","new_status":"online",
        "trigger":"app_open","location":[-23.55,-46.63]}
        """);

    public static readonly string Surge = Compact(
        """
        {"event_id":"550e8400-e29b-41d4-a716-446655440003","zone_id":"zone-1",
        "timestamp":"2024-01-15T10:00:00Z","previous_multiplier":1.0,"new_multiplier":1.5,
        "available_drivers":10,"pending_requests":15}
        """);

    public static readonly string DriverProfile = Compact(
        """
        {"event_id":"550e8400-e29b-41d4-a716-446655440004","event_type":"driver.created","driver_id":"d1",
        "timestamp":"t","first_name":"Zoë","last_name":"S","email":"z@e","phone":"1",
        "home_location":[-23.55,-46.63],"shift_preference":"morning","vehicle_make":"Fiat",
        "vehicle_model":"Argo","vehicle_year":2020,"license_plate":"ABC1D23"}
        """);

    public static readonly string RiderProfile = Compact(
        """
        {"event_id":"550e8400-e29b-41d4-a716-446655440005","event_type":"rider.updated","rider_id":"r1",
        "timestamp":"t","first_name":"A","last_name":"S","email":"z@e","phone":"1",
        "home_location":[-23.55,-46.63],"payment_method_type":"credit_card","payment_method_masked":"**** 4242"}
        """);

    public static readonly string Rating = Compact(
        """
        {"event_id":"550e8400-e29b-41d4-a716-446655440006","trip_id":"trip-1","timestamp":"t",
        "rater_type":"rider","rater_id":"r1","ratee_type":"driver","ratee_id":"d1","rating":5,
        "current_rating":4.8,"rating_count":12}
        """);

    /// <summary>JSON on one line.</summary>
    public static string Compact(string lines) => lines.ReplaceLineEndings("");

    public static string Json(RideShareTopic topic, string record) => Json(topic, Encoding.UTF8.GetBytes(record));

    public static string Json(RideShareTopic topic, ReadOnlySpan<byte> record)
    {
        var codec = topic.Codec(() => NewId);
        codec.TryRead(record, out var value, out var rejection).ShouldBeTrue(rejection.ToString());
        var output = new ArrayBufferWriter<byte>();
        codec.Write(in value, output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    public static string Refusal(RideShareTopic topic, string record) => Refusal(topic, Encoding.UTF8.GetBytes(record));

    public static string Refusal(RideShareTopic topic, ReadOnlySpan<byte> record)
    {
        topic.Codec(() => NewId).TryRead(record, out _, out var rejection).ShouldBeFalse();
        return rejection.ToString();
    }

    public static string Channel(RideShareTopic topic, string record)
    {
        topic.Codec(() => NewId).TryRead(Encoding.UTF8.GetBytes(record), out var value, out var rejection)
            .ShouldBeTrue(rejection.ToString());
        return value.Channel;
    }
}
