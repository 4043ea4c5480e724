using StreamActors.Kafka;
using StreamActors.Limits;
using StreamActors.Pipelines.RideShare;
using StreamActors.Redis;
using StreamActors.Testing;

namespace StreamActors.Pipelines.Tests.RideShare;

/// <summary>The whole pipeline, on the real engine without a broker: windows, dedup, channels, dead letters.</summary>
public sealed class CompositionTests
{
    private const string Drivers = "driver-updates";
    private const string Riders = "rider-updates";

    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(100);

    [Fact]
    public void The_last_ping_of_each_driver_and_rider_leaves_when_the_window_does()
    {
        using var test = Start();
        test.Send("gps_pings", "driver-123", Ping(1));
        test.Send("gps_pings", "driver-123", Ping(2));
        test.Send("gps_pings", "driver-9", Ping(3, "driver-9"));
        test.Written(Drivers).ShouldBeEmpty();
        test.Advance(Window);
        Texts(test, Drivers).ShouldBe([Out(Ping(2)), Out(Ping(3, "driver-9"))]);
        test.Advance(Window * 10);
        test.ReadRaw(Drivers).ShouldBeEmpty();
    }

    [Fact]
    public void A_driver_and_a_rider_of_one_id_are_two_and_so_are_two_without_a_key()
    {
        using var test = Start();
        test.Send("gps_pings", null, Ping(1));
        test.Send("gps_pings", null, Ping(2, "driver-9"));
        test.Send("gps_pings", null, Json.With(Ping(3), "entity_type", "\"rider\""));
        test.Advance(Window);
        test.ReadRaw(Drivers).Count.ShouldBe(2);
        test.ReadRaw(Riders).ShouldHaveSingleItem().Text!.ShouldContain("\"rider\"");
    }

    [Fact]
    public void A_sample_lets_every_nth_ping_of_an_entity_out()
    {
        using var test = Start(sampleRate: 3);
        for (var number = 1; number <= 7; number++)
        {
            test.Send("gps_pings", "driver-123", Ping(number));
        }

        test.Advance(Window);
        Texts(test, Drivers).ShouldBe([Out(Ping(3)), Out(Ping(6))]);
    }

    [Fact]
    public void An_event_id_is_published_once_within_its_window_and_again_after_it()
    {
        using var test = Start();
        test.Send("trips", "trip-789", Published.Trip);
        test.Send("trips", "trip-789", Published.Trip);
        test.ReadRaw("trip-updates").Count.ShouldBe(1);
        test.Path("trips", "trip-789").ShouldContain("a duplicate");
        test.Advance(TimeSpan.FromSeconds(61));
        test.Send("trips", "trip-789", Published.Trip);
        test.ReadRaw("trip-updates").Count.ShouldBe(1);
    }

    [Fact]
    public void The_same_id_in_two_topics_is_no_duplicate()
    {
        using var test = Start();
        test.Send("trips", "k", Published.Trip);
        test.Send("surge_updates", "k", Json.With(Published.Surge, "event_id", IdOf(Published.Trip)));
        test.ReadRaw("trip-updates").Count.ShouldBe(1);
        test.ReadRaw("surge_updates").Count.ShouldBe(1);
    }

    [Fact]
    public void An_event_without_an_id_has_no_duplicate()
    {
        using var test = Start();
        var nameless = Json.Without(Published.Trip, "event_id");
        test.Send("trips", "k", nameless);
        test.Send("trips", "k", nameless);
        test.ReadRaw("trip-updates").Count.ShouldBe(2);
    }

    [Theory]
    [InlineData("trips", "trip-updates")]
    [InlineData("driver_status", Drivers)]
    [InlineData("surge_updates", "surge_updates")]
    [InlineData("driver_profiles", Drivers)]
    [InlineData("rider_profiles", Riders)]
    [InlineData("ratings", Drivers)]
    public void Every_other_topic_is_published_at_once_to_its_channel(string topic, string channel)
    {
        using var test = Start();
        test.Send(topic, "k", BadInputTests.Good(topic));
        var message = test.ReadRaw(channel).ShouldHaveSingleItem();
        message.Connector.ShouldBe("redis");
        message.Text.ShouldBe(Published.Json(RideShareTopics.Find(topic)!, BadInputTests.Good(topic)));
    }

    [Fact]
    public void Bad_bytes_go_to_the_dead_letter_topic_as_they_came_and_the_next_record_is_published()
    {
        using var test = Start();
        test.SendBad("trips", "k", [0xFF, 0x00]);
        test.SendBad("gps_pings", "driver-123", "{}");
        test.Send("trips", "k", Published.Trip);
        test.ReadRaw("trip-updates").Count.ShouldBe(1);
        test.DeadLetters.Select(static each => (each.Topic, each.Source.ToString(), each.ErrorType, each.ErrorMessage))
            .ShouldBe(
            [
                ("dlq", "trips/0@0", "validation_error", "is not valid UTF-8"),
                ("dlq", "gps_pings/0@0", "validation_error", "entity_type is missing"),
            ]);
        test.DeadLetters[0].Value.ShouldBe([0xFF, 0x00]);
    }

    [Fact]
    public void Without_a_dead_letter_topic_bad_bytes_are_dropped()
    {
        using var test = Start(deadLetters: null);
        test.SendBad("trips", "k", "{");
        test.DeadLetters.ShouldHaveSingleItem().Topic.ShouldBeNull();
        test.Written("dlq").ShouldBeEmpty();
    }

    [Fact]
    public void An_outage_of_Redis_loses_nothing_and_keeps_the_order()
    {
        using var test = Start();
        test.Send("trips", "k", Trip(0));
        test.FailSink("redis");
        for (var number = 1; number <= 20; number++)
        {
            test.Send("trips", "k", Trip(number));
            test.Advance(TimeSpan.FromSeconds(3));
        }

        test.ReadRaw("trip-updates").Count.ShouldBe(1);
        test.HealSink("redis");
        test.Advance(TimeSpan.FromSeconds(2));
        Texts(test, "trip-updates").ShouldBe([.. Enumerable.Range(1, 20).Select(static number => Out(Trip(number)))]);
    }

    [Fact]
    public void A_ping_in_a_window_survives_a_crash_and_leaves_at_a_stop()
    {
        using var test = Start();
        test.Send("gps_pings", "driver-123", Ping(1));
        test.Crash();
        test.Advance(Window);
        Texts(test, Drivers).ShouldBe([Out(Ping(1))]);
        test.Send("gps_pings", "driver-123", Ping(2));
        test.Restart();
        Texts(test, Drivers).ShouldBe([Out(Ping(2))]);
        test.Advance(TimeSpan.FromMinutes(1));
        test.ReadRaw(Drivers).ShouldBeEmpty();
    }

    [Fact]
    public void A_crash_while_Redis_is_away_publishes_everything_afterwards()
    {
        using var test = Start();
        test.FailSink("redis");
        test.Send("trips", "k", Trip(1));
        test.Send("trips", "k", Trip(2));
        test.Crash();
        test.HealSink("redis");
        test.Advance(TimeSpan.FromSeconds(2));
        Texts(test, "trip-updates").ShouldBe([Out(Trip(1)), Out(Trip(2))]);
    }

    private static PipelineTest Start(int? sampleRate = null, string? deadLetters = "dlq")
    {
        var settings = new RideShareSettings
        {
            Kafka = new KafkaOptions { BootstrapServers = "none" },
            Redis = new RedisOptions(),
            GroupId = "stream-processor",
            StartAt = StartAt.Latest,
            Topics = RideShareTopics.All,
            Window = Window,
            SampleRate = sampleRate,
            DedupWindow = TimeSpan.FromSeconds(60),
            Timing = new PipelineTiming(),
            DeadLetterTopic = deadLetters,
            NewTopics = (1, 1),
        };
        return PipelineTest.Of(pipeline => RideSharePipeline.Define(pipeline, settings));
    }

    private static IEnumerable<string?> Texts(PipelineTest test, string channel) =>
        test.ReadRaw(channel).Select(static message => message.Text);

    private static string Ping(int number, string entity = "driver-123") => Published.Ping
        .Replace("446655440000", $"4466554400{number:00}").Replace("driver-123", entity);

    private static string Trip(int number) => Published.Trip.Replace("446655440001", $"4466554401{number:00}");

    /// <summary>An event as it is published.</summary>
    private static string Out(string record) => Published.Json(
        record.Contains("trip.requested") ? RideShareTopics.Trips : RideShareTopics.GpsPings, record);

    private static string IdOf(string json) => $"\"{json.Split('"')[3]}\"";
}
