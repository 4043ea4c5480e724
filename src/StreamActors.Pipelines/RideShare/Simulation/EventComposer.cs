using System.Globalization;

namespace StreamActors.Pipelines.RideShare.Simulation;

/// <summary>Writes what happens in the city as the platform's events, and sends them.</summary>
internal sealed class EventComposer(Chance chance, Outlet outlet)
{
    /// <summary>The corners of a route that are told at most; the road between them is straight.</summary>
    private const int RouteCorners = 3;

    private static readonly byte[][] Statuses =
        [[.. "offline"u8], [.. "online"u8], [.. "en_route_pickup"u8], [.. "en_route_destination"u8]];

    private static readonly byte[][] Shifts =
        [[.. "morning"u8], [.. "afternoon"u8], [.. "evening"u8], [.. "night"u8], [.. "flexible"u8]];

    private readonly EventText text = new();
    private readonly byte[] time = new byte["2026-11-21T12:00:00.000Z".Length];

    private static ReadOnlySpan<byte> Session => "simulation"u8;

    /// <summary>Sets the time that events tell.</summary>
    public void SetTime(DateTimeOffset now) =>
        now.UtcDateTime.TryFormat(time, out _, "yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

    /// <summary>Where somebody is.</summary>
    public void Ping(Person who)
    {
        var trip = who.Trip;
        text.Begin(who.Id, chance.Id())
            .Text("entity_type"u8, who.Kind)
            .Text("entity_id"u8, who.Id)
            .Text("timestamp"u8, time)
            .Place("location"u8, who.At)
            .Hundredths("heading"u8, who.Heading * 100)
            .Hundredths("speed"u8, who.Speed)
            .Hundredths("accuracy"u8, 500 + chance.Below(501))
            .Text("trip_id"u8, trip is null ? default : trip.Id)
            .Text("trip_state"u8, trip is null ? default : TripMoves.Name(trip.State).AsSpan("trip.".Length))
            .Whole("route_progress_index"u8, trip?.State == TripState.Started ? 1 : -1)
            .Whole("pickup_route_progress_index"u8, trip?.State == TripState.DriverEnRoute ? 1 : -1)
            .End(Session, trip is null ? default : trip.Id);
        outlet.Send(RideShareTopics.GpsPings, text);
    }

    /// <summary>A trip is in another state.</summary>
    public void Told(Trip trip)
    {
        var cancelled = trip.State == TripState.Cancelled;
        var hasRoute = trip.State is TripState.Matched or TripState.Started;
        Span<Place> route = stackalloc Place[RouteCorners];
        Span<Place> pickupRoute = stackalloc Place[RouteCorners];
        Corners(trip.Pickup, trip.Dropoff, route);
        Corners(trip.Driver?.At ?? trip.Pickup, trip.Pickup, pickupRoute);
        text.Begin(trip.Id, chance.Id())
            .Text("event_type"u8, TripMoves.Name(trip.State))
            .Text("trip_id"u8, trip.Id)
            .Text("timestamp"u8, time)
            .Text("rider_id"u8, trip.Rider.Id)
            .Text("driver_id"u8, trip.Driver is null ? default : trip.Driver.Id)
            .Place("pickup_location"u8, trip.Pickup)
            .Place("dropoff_location"u8, trip.Dropoff)
            .Text("pickup_zone_id"u8, City.ZoneId(City.ZoneOf(trip.Pickup)))
            .Text("dropoff_zone_id"u8, City.ZoneId(City.ZoneOf(trip.Dropoff)))
            .Hundredths("surge_multiplier"u8, trip.Surge)
            .Hundredths("fare"u8, trip.Fare)
            .Whole("offer_sequence"u8, trip.Offers > 0 ? trip.Offers : -1)
            .Text("cancelled_by"u8, cancelled ? "rider"u8 : default)
            .Text("cancellation_reason"u8, cancelled ? "changed_mind"u8 : default)
            .Text("cancellation_stage"u8, cancelled ? "pickup"u8 : default)
            .Route("route"u8, hasRoute ? route : default)
            .Route("pickup_route"u8, hasRoute ? pickupRoute : default)
            .Whole("route_progress_index"u8, -1)
            .Whole("pickup_route_progress_index"u8, -1)
            .End(Session, trip.Id);
        outlet.Send(RideShareTopics.Trips, text);
    }

    /// <summary>A driver does something else now.</summary>
    public void Changed(Person driver, DriverMode before, ReadOnlySpan<byte> trigger)
    {
        text.Begin(driver.Id, chance.Id())
            .Text("driver_id"u8, driver.Id)
            .Text("timestamp"u8, time)
            .Text("previous_status"u8, Statuses[(int)before])
            .Text("new_status"u8, Statuses[(int)driver.Mode])
            .Text("trigger"u8, trigger)
            .Place("location"u8, driver.At)
            .End(Session, driver.Trip is null ? default : driver.Trip.Id);
        outlet.Send(RideShareTopics.DriverStatus, text);
    }

    /// <summary>A zone's price changes, from and to a factor in hundredths.</summary>
    public void Priced(int zone, (int Before, int Now) surge, int available, int pending)
    {
        var id = City.ZoneId(zone);
        text.Begin(id, chance.Id())
            .Text("zone_id"u8, id)
            .Text("timestamp"u8, time)
            .Hundredths("previous_multiplier"u8, surge.Before)
            .Hundredths("new_multiplier"u8, surge.Now)
            .Whole("available_drivers"u8, available)
            .Whole("pending_requests"u8, pending)
            .Whole("calculation_window_seconds"u8, 60)
            .Text("produced_at"u8, time)
            .End(Session, id);
        outlet.Send(RideShareTopics.SurgeUpdates, text);
    }

    /// <summary>A driver is new, or has changed something.</summary>
    public void DriverProfile(Person driver)
    {
        text.Begin(driver.Id, chance.Id())
            .Text("event_type"u8, driver.IsKnown ? "driver.updated"u8 : "driver.created"u8)
            .Text("driver_id"u8, driver.Id);
        PutPerson(driver)
            .Text("shift_preference"u8, Shifts[driver.Number % Shifts.Length])
            .Text("vehicle_make"u8, "Fiat"u8)
            .Text("vehicle_model"u8, driver.Number % 2 == 0 ? "Argo"u8 : "Mobi"u8)
            .Whole("vehicle_year"u8, 2015 + (driver.Number % 10))
            .Text("license_plate"u8, driver.Plate)
            .End(Session, driver.Id);
        driver.IsKnown = true;
        outlet.Send(RideShareTopics.DriverProfiles, text);
    }

    /// <summary>A rider is new, or has changed something.</summary>
    public void RiderProfile(Person rider)
    {
        text.Begin(rider.Id, chance.Id())
            .Text("event_type"u8, rider.IsKnown ? "rider.updated"u8 : "rider.created"u8)
            .Text("rider_id"u8, rider.Id);
        PutPerson(rider)
            .Text("payment_method_type"u8, rider.Number % 3 == 0 ? "digital_wallet"u8 : "credit_card"u8)
            .Text("payment_method_masked"u8, "**** 4242"u8)
            .Hundredths("behavior_factor"u8, 50 + (rider.Number % 51))
            .End(Session, rider.Id);
        rider.IsKnown = true;
        outlet.Send(RideShareTopics.RiderProfiles, text);
    }

    /// <summary>One side of a trip rates the other.</summary>
    public void Rated(Trip trip, Person rater, Person ratee, int stars)
    {
        ratee.Rate(stars);
        text.Begin(trip.Id, chance.Id())
            .Text("trip_id"u8, trip.Id)
            .Text("timestamp"u8, time)
            .Text("rater_type"u8, rater.Kind)
            .Text("rater_id"u8, rater.Id)
            .Text("ratee_type"u8, ratee.Kind)
            .Text("ratee_id"u8, ratee.Id)
            .Whole("rating"u8, stars)
            .Hundredths("current_rating"u8, ratee.Rating)
            .Whole("rating_count"u8, ratee.Ratings)
            .End(Session, trip.Id);
        outlet.Send(RideShareTopics.Ratings, text);
    }

    private EventText PutPerson(Person person) => text
        .Text("timestamp"u8, time)
        .Text("first_name"u8, person.FirstName)
        .Text("last_name"u8, person.LastName)
        .Text("email"u8, person.Email)
        .Text("phone"u8, person.Phone)
        .Place("home_location"u8, person.Home);

    private static void Corners(Place from, Place to, Span<Place> corners)
    {
        corners[0] = from;
        corners[1] = to with { Latitude = from.Latitude };
        corners[2] = to;
    }
}
