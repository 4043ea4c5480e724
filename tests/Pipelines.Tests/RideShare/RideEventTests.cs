using System.Text;
using static StreamActors.Pipelines.RideShare.RideShareTopics;

namespace StreamActors.Pipelines.Tests.RideShare;

/// <summary>What the source system's description says of messages, sentence by sentence.</summary>
public sealed class RideEventTests
{
    [Fact]
    public void Every_declared_field_leaves_in_declaration_order_with_null_for_the_missing_ones() =>
        Published.Json(GpsPings, Published.Ping).ShouldBe(
            Published.Ping[..^1]
            + ",\"trip_state\":null,\"route_progress_index\":null,\"pickup_route_progress_index\":null}");

    [Fact]
    public void Fields_leave_in_declaration_order_whatever_their_order_in_the_record()
    {
        var record = Published.Compact(
            """
            {"accuracy":5.0,"trip_id":null,"speed":1.0,"heading":null,"location":[1.0,2.0],"timestamp":"t",
            "entity_id":"e","entity_type":"rider","event_id":"550e8400-e29b-41d4-a716-446655440000"}
            """);
        Published.Json(GpsPings, record).ShouldBe(Published.Compact(
            """
            {"event_id":"550e8400-e29b-41d4-a716-446655440000","entity_type":"rider","entity_id":"e",
            "timestamp":"t","location":[1.0,2.0],"heading":null,"speed":1.0,"accuracy":5.0,"trip_id":null,
            "trip_state":null,"route_progress_index":null,"pickup_route_progress_index":null}
            """));
    }

    [Fact]
    public void Unknown_fields_are_dropped() => Published.Json(DriverStatus, Published.Status[..^1]
        + ",\"session_id\":\"s\",\"correlation_id\":null,\"causation_id\":{\"a\":[1]},\"produced_at\":1.5}")
        .ShouldBe(Published.Status);

    [Fact]
    public void White_space_between_tokens_is_dropped() =>
        Published.Json(DriverStatus, Published.Status.Replace(",", ", ").Replace("\":", "\": "))
            .ShouldBe(Published.Status);

    [Fact]
    public void A_missing_id_is_made_and_has_no_duplicates()
    {
        var record = "{" + Published.Status[(Published.Status.IndexOf(',') + 1)..];
        Published.Json(DriverStatus, record).ShouldStartWith($"{{\"event_id\":\"{Published.NewId}\",\"driver_id\"");
        DriverStatus.Codec(() => Published.NewId).TryRead(Encoding.UTF8.GetBytes(record), out var value, out _);
        value.EventId.ShouldBeNull();
    }

    [Theory]
    [InlineData("\"550E8400-E29B-41D4-A716-446655440002\"")]
    [InlineData("\"550e8400e29b41d4a716446655440002\"")]
    [InlineData("\"{550e8400-e29b-41d4-a716-446655440002}\"")]
    [InlineData("\"urn:uuid:550e8400-e29b-41d4-a716-446655440002\"")]
    [InlineData("\"\\u0035\\u0035\\u0030e8400-e29b-41d4-a716-446655440002\"")]
    public void An_id_leaves_in_lower_case_with_dashes_and_is_the_same_id_in_every_form(string id)
    {
        var record = Published.Status.Replace("\"550e8400-e29b-41d4-a716-446655440002\"", id);
        Published.Json(DriverStatus, record).ShouldBe(Published.Status);
        DriverStatus.Codec(() => Published.NewId).TryRead(Encoding.UTF8.GetBytes(record), out var value, out _);
        value.EventId.ShouldBe(new UInt128(0x550e8400e29b41d4, 0xa716446655440002));
    }

    [Theory]
    [InlineData("null", "event_id is null")]
    [InlineData("\"corrupted-550e8400-e29b-41d4-a716-446655440002\"", "event_id is not a UUID")]
    [InlineData("7", "event_id is not a UUID")]
    public void A_bad_id_is_refused(string id, string refusal) => Published.Refusal(
        DriverStatus, Published.Status.Replace("\"550e8400-e29b-41d4-a716-446655440002\"", id)).ShouldBe(refusal);

    [Theory]
    [InlineData("30", "30.0")]
    [InlineData("\"1.5\"", "1.5")]
    [InlineData("true", "1.0")]
    [InlineData("false", "0.0")]
    [InlineData("1.50", "1.50")]
    [InlineData("1e3", "1e3")]
    [InlineData("\"1e3\"", "1000.0")]
    [InlineData("-0", "0.0")]
    [InlineData("-100", "-100.0")]
    public void A_number_leaves_as_a_float_and_keeps_its_digits(string fare, string published) =>
        Published.Json(Trips, Published.Trip.Replace("35.5", fare)).ShouldContain($"\"fare\":{published},");

    [Theory]
    [InlineData("5.0", "5")]
    [InlineData("\"5\"", "5")]
    [InlineData("true", "1")]
    [InlineData("5e0", "5")]
    [InlineData("123456789012345678901234567890", "123456789012345678901234567890")]
    public void A_whole_number_leaves_without_a_fraction(string drivers, string published) =>
        Published.Json(SurgeUpdates, Json.With(Published.Surge, "available_drivers", drivers))
            .ShouldContain($"\"available_drivers\":{published},");

    [Theory]
    [InlineData("5.5")]
    [InlineData("null")]
    [InlineData("\"x\"")]
    [InlineData("1e400")]
    public void What_is_no_whole_number_is_refused(string drivers) =>
        Published.Refusal(SurgeUpdates, Json.With(Published.Surge, "available_drivers", drivers))
            .ShouldStartWith("available_drivers is ");

    [Theory]
    [InlineData("1e400")]
    [InlineData("\"nan\"")]
    [InlineData("\"inf\"")]
    [InlineData("\"-Infinity\"")]
    public void What_is_not_finite_is_refused_so_that_only_JSON_leaves(string fare) =>
        Published.Refusal(Trips, Published.Trip.Replace("35.5", fare)).ShouldBe("fare is not a finite number");

    [Theory]
    [InlineData("[1,2]", "[1.0,2.0]")]
    [InlineData("[ \"1\" , 2.50 ]", "[1.0,2.50]")]
    public void A_location_leaves_as_two_floats(string location, string published) =>
        Published.Json(GpsPings, Published.Ping.Replace("[-23.5505,-46.6333]", location))
            .ShouldContain($"\"location\":{published},");

    [Theory]
    [InlineData("[1.0]")]
    [InlineData("[1.0,2.0,3.0]")]
    [InlineData("[null,1.0]")]
    [InlineData("{\"lat\":1,\"lon\":2}")]
    [InlineData("\"invalid\"")]
    public void A_location_is_exactly_two_numbers(string location) =>
        Published.Refusal(GpsPings, Published.Ping.Replace("[-23.5505,-46.6333]", location))
            .ShouldBe("location is not a list of two numbers");

    [Fact]
    public void A_timestamp_is_any_string_and_a_number_is_none()
    {
        Published.Json(Trips, Published.Trip.Replace("2024-01-15T10:00:00Z", "not-a-time")).ShouldContain("not-a-time");
        Published.Refusal(Trips, Published.Trip.Replace("\"2024-01-15T10:00:00Z\"", "1705312800"))
            .ShouldBe("timestamp is not a string");
    }

    [Theory]
    [InlineData("trips", "driver_id")]
    [InlineData("gps_pings", "heading")]
    [InlineData("gps_pings", "speed")]
    [InlineData("gps_pings", "trip_id")]
    [InlineData("driver_status", "previous_status")]
    public void A_nullable_field_may_be_null_but_not_missing(string topic, string field)
    {
        var good = topic switch { "trips" => Published.Trip, "gps_pings" => Published.Ping, _ => Published.Status };
        var nulled = Json.With(good, field, "null");
        Published.Json(Find(topic)!, nulled).ShouldContain($"\"{field}\":null");
        Published.Refusal(Find(topic)!, Json.Without(good, field)).ShouldBe($"{field} is missing");
    }

    [Fact]
    public void A_surge_window_is_60_seconds_where_the_record_does_not_say()
    {
        Published.Json(SurgeUpdates, Published.Surge).ShouldEndWith(",\"calculation_window_seconds\":60}");
        Published.Refusal(SurgeUpdates, Json.With(Published.Surge, "calculation_window_seconds", "null"))
            .ShouldBe("calculation_window_seconds is null");
    }

    [Fact]
    public void A_rating_leaves_with_its_event_type_last() =>
        Published.Json(Ratings, Published.Rating)
            .ShouldBe(Published.Rating[..^1] + ",\"event_type\":\"rating_update\"}");

    [Theory]
    [InlineData("0")]
    [InlineData("6")]
    [InlineData("10")]
    public void A_rating_is_1_to_5(string stars) =>
        Published.Refusal(Ratings, Json.With(Published.Rating, "rating", stars)).ShouldBe("rating is out of range");

    [Fact]
    public void A_multiplier_is_not_negative() =>
        Published.Refusal(SurgeUpdates, Json.With(Published.Surge, "new_multiplier", "-1"))
            .ShouldBe("new_multiplier is out of range");

    [Fact]
    public void Preferred_zones_are_checked_and_kept_where_a_profile_has_them_and_not_missed_elsewhere()
    {
        var after = Published.DriverProfile.Replace("\"shift", "\"preferred_zones\":[\"a\",\"ë\"],\"shift");
        Published.Json(DriverProfiles, Published.DriverProfile).ShouldBe(Published.DriverProfile);
        Published.Json(DriverProfiles, after).ShouldBe(after);
        Published.Refusal(DriverProfiles, after.Replace("[\"a\",\"ë\"]", "[1]"))
            .ShouldBe("preferred_zones is not a list of strings");
    }

    [Theory]
    [InlineData("trip.matched")]
    [InlineData("trip.driver_assigned")]
    [InlineData("trip.in_transit")]
    public void Both_vocabularies_of_trips_are_accepted(string type) =>
        Published.Json(Trips, Published.Trip.Replace("trip.requested", type)).ShouldContain(type);

    [Theory]
    [InlineData("online")]
    [InlineData("en_route_destination")]
    [InlineData("available")]
    [InlineData("on_trip")]
    [InlineData("driving_closer_to_home")]
    public void Both_vocabularies_of_statuses_are_accepted(string status) =>
        Published.Json(DriverStatus, Published.Status.Replace("\"online\"", $"\"{status}\"")).ShouldContain(status);

    [Fact]
    public void Of_a_field_that_comes_twice_the_last_counts() =>
        Published.Json(DriverStatus, Published.Status.Replace("{", "{\"driver_id\":7,\"trigger\":\"x\","))
            .ShouldBe(Published.Status);

    [Fact]
    public void Routes_leave_as_lists_of_floats() => Published
        .Json(Trips, Json.With(Published.Trip, "route", "[[1,2],[\"3\",4.5]]"))
        .ShouldContain("\"route\":[[1.0,2.0],[3.0,4.5]],\"pickup_route\":null");

    [Fact]
    public void Events_go_to_the_channels_of_their_topics()
    {
        Published.Channel(GpsPings, Published.Ping).ShouldBe("driver-updates");
        Published.Channel(GpsPings, Published.Ping.Replace("\"driver\"", "\"rider\"")).ShouldBe("rider-updates");
        Published.Channel(GpsPings, Published.Ping.Replace("\"driver\"", "\"r\\u0069der\"")).ShouldBe("rider-updates");
        Published.Channel(Trips, Published.Trip).ShouldBe("trip-updates");
        Published.Channel(DriverStatus, Published.Status).ShouldBe("driver-updates");
        Published.Channel(SurgeUpdates, Published.Surge).ShouldBe("surge_updates");
        Published.Channel(DriverProfiles, Published.DriverProfile).ShouldBe("driver-updates");
        Published.Channel(RiderProfiles, Published.RiderProfile).ShouldBe("rider-updates");
        Published.Channel(Ratings, Published.Rating).ShouldBe("driver-updates");
        Published.Channel(Ratings, Json.With(Published.Rating, "ratee_type", "\"rider\"")).ShouldBe("rider-updates");
    }

    [Fact]
    public void A_ping_says_whose_it_is_escaped_or_not()
    {
        var codec = GpsPings.Codec(() => Published.NewId);
        codec.TryRead(Encoding.UTF8.GetBytes(Published.Ping), out var plain, out _);
        var record = Published.Ping.Replace("driver-123", "driver\\u002d123");
        codec.TryRead(Encoding.UTF8.GetBytes(record), out var escaped, out _);
        Encoding.UTF8.GetString(plain.EntityType).ShouldBe("driver");
        Encoding.UTF8.GetString(plain.EntityId).ShouldBe("driver-123");
        Encoding.UTF8.GetString(escaped.EntityId).ShouldBe("driver-123");
    }
}
