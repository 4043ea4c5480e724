namespace StreamActors.Pipelines.RideShare;

/// <summary>
/// The seven events of the ride-share platform, field by field, as the original stream processor declares them.
/// <para>
/// The platform renamed some words during its life, and a topic may hold both: trips and driver statuses are accepted
/// in the old and in the new vocabulary, and leave as they came. <c>preferred_zones</c> was a required list of strings
/// once and is gone since: it is checked and kept where a profile has it, and not missed where it has not.
/// </para>
/// </summary>
internal static class EventSchemas
{
    private const string DriverUpdates = "driver-updates";
    private const string RiderUpdates = "rider-updates";

    /// <summary>Where a driver or a rider is.</summary>
    public static EventSchema GpsPing { get; } = new(
        new ChannelRoute(DriverUpdates, "entity_type", "rider", RiderUpdates),
        suffix: "",
        Id(),
        EventField.OneOf("entity_type", "driver", "rider"),
        Text("entity_id"),
        Text("timestamp"),
        Location("location"),
        Number("heading", Presence.Nullable),
        Number("speed", Presence.Nullable),
        Number("accuracy"),
        Text("trip_id", Presence.Nullable),
        Text("trip_state", Presence.Optional),
        Whole("route_progress_index", Presence.Optional),
        Whole("pickup_route_progress_index", Presence.Optional));

    /// <summary>A trip's change of state.</summary>
    public static EventSchema Trip { get; } = new(
        new ChannelRoute("trip-updates"),
        suffix: "",
        Id(),
        EventField.OneOf(
            "event_type",
            "trip.requested", "trip.offer_sent", "trip.matched", "trip.driver_en_route", "trip.driver_arrived",
            "trip.started", "trip.completed", "trip.cancelled", "trip.offer_expired", "trip.offer_rejected",
            "trip.no_drivers_available",
            "trip.driver_assigned", "trip.en_route_pickup", "trip.at_pickup", "trip.in_transit"),
        Text("trip_id"),
        Text("timestamp"),
        Text("rider_id"),
        Text("driver_id", Presence.Nullable),
        Location("pickup_location"),
        Location("dropoff_location"),
        Text("pickup_zone_id"),
        Text("dropoff_zone_id"),
        Number("surge_multiplier"),
        Number("fare"),
        Whole("offer_sequence", Presence.Optional),
        Text("cancelled_by", Presence.Optional),
        Text("cancellation_reason", Presence.Optional),
        Text("cancellation_stage", Presence.Optional),
        new EventField("route", FieldKind.Route, Presence.Optional),
        new EventField("pickup_route", FieldKind.Route, Presence.Optional),
        Whole("route_progress_index", Presence.Optional),
        Whole("pickup_route_progress_index", Presence.Optional));

    /// <summary>A driver's change of status; the status before it is free text.</summary>
    public static EventSchema DriverStatus { get; } = new(
        new ChannelRoute(DriverUpdates),
        suffix: "",
        Id(),
        Text("driver_id"),
        Text("timestamp"),
        Text("previous_status", Presence.Nullable),
        EventField.OneOf(
            "new_status",
            "online", "offline", "en_route_pickup", "en_route_destination",
            "available", "on_trip", "driving_closer_to_home"),
        Text("trigger"),
        Location("location"));

    /// <summary>A zone's change of price.</summary>
    public static EventSchema SurgeUpdate { get; } = new(
        new ChannelRoute("surge_updates"),
        suffix: "",
        Id(),
        Text("zone_id"),
        Text("timestamp"),
        Number("previous_multiplier"),
        new EventField("new_multiplier", FieldKind.Float) { Min = 0 },
        Whole("available_drivers"),
        Whole("pending_requests"),
        new EventField("calculation_window_seconds", FieldKind.Integer, Presence.Defaulted)
        {
            Default = "60"u8.ToArray(),
        });

    /// <summary>A driver's profile, new or changed.</summary>
    public static EventSchema DriverProfile { get; } = new(
        new ChannelRoute(DriverUpdates),
        suffix: "",
        Id(),
        EventField.OneOf("event_type", "driver.created", "driver.updated"),
        Text("driver_id"),
        Text("timestamp"),
        Text("first_name"),
        Text("last_name"),
        Text("email"),
        Text("phone"),
        Location("home_location"),
        new EventField("preferred_zones", FieldKind.TextList, Presence.Extra),
        EventField.OneOf("shift_preference", "morning", "afternoon", "evening", "night", "flexible"),
        Text("vehicle_make"),
        Text("vehicle_model"),
        Whole("vehicle_year"),
        Text("license_plate"));

    /// <summary>A rider's profile, new or changed.</summary>
    public static EventSchema RiderProfile { get; } = new(
        new ChannelRoute(RiderUpdates),
        suffix: "",
        Id(),
        EventField.OneOf("event_type", "rider.created", "rider.updated"),
        Text("rider_id"),
        Text("timestamp"),
        Text("first_name"),
        Text("last_name"),
        Text("email"),
        Text("phone"),
        Location("home_location"),
        EventField.OneOf("payment_method_type", "credit_card", "digital_wallet"),
        Text("payment_method_masked"),
        Number("behavior_factor", Presence.Optional));

    /// <summary>What one side of a trip thought of the other; it goes where the rated one's updates go.</summary>
    public static EventSchema Rating { get; } = new(
        new ChannelRoute(DriverUpdates, "ratee_type", "rider", RiderUpdates),
        suffix: ",\"event_type\":\"rating_update\"",
        Id(),
        Text("trip_id"),
        Text("timestamp"),
        EventField.OneOf("rater_type", "rider", "driver"),
        Text("rater_id"),
        EventField.OneOf("ratee_type", "rider", "driver"),
        Text("ratee_id"),
        new EventField("rating", FieldKind.Integer) { Min = 1, Max = 5 },
        Number("current_rating"),
        Whole("rating_count"));

    private static EventField Id() => new("event_id", FieldKind.Id, Presence.Defaulted);

    private static EventField Text(string name, Presence presence = Presence.Required) =>
        new(name, FieldKind.Text, presence);

    private static EventField Number(string name, Presence presence = Presence.Required) =>
        new(name, FieldKind.Float, presence);

    private static EventField Whole(string name, Presence presence = Presence.Required) =>
        new(name, FieldKind.Integer, presence);

    private static EventField Location(string name) => new(name, FieldKind.Location);
}
