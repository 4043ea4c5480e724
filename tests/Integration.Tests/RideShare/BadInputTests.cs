using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Confluent.Kafka;
using StreamActors.Limits;
using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.RideShare;

/// <summary>Nothing that a producer can write stops a node, and each bad record is counted.</summary>
public sealed class BadInputTests
{
    private static readonly byte[]?[] Poison =
    [
        [0x80, 0x81],
        [.. "{\"event_id\":\""u8, 0xff, 0xfe, .. "\"}"u8],
        null,
        [],
        .. Texts("[1]", "5", "null", "true", "\"text\"", "{", "{\"event_id\":", "{}", "[[[[", "{}{}", "\0", "NaN"),
        Encoding.UTF8.GetBytes(new string('[', 10_000) + new string(']', 10_000)),
        Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"a\":", 10_000)) + "1" + new string('}', 10_000)),
        Encoding.UTF8.GetBytes("{\"event_id\":\"" + new string('x', 900_000)),
        Encoding.UTF8.GetBytes(new string(' ', 900_000)),
    ];

    [RedisFact]
    public async Task Poison_stops_nothing_on_any_topic_and_is_counted_by_its_handler()
    {
        await using var theatre = await Theatre.EmbeddedAsync(partitions: 1);
        var node = await theatre.StartReadyAsync();
        foreach (var (topic, _, json) in Rides.OneOfEach("k"))
        {
            foreach (var value in Poison)
            {
                theatre.Feed.Send(topic, "k"u8.ToArray(), value);
            }

            theatre.Feed.Send(topic, "k", json);
        }

        await theatre.ShownAsync("the event behind the poison of each topic", static shown => shown.Count == 7);
        (await node.StatusAsync("/health")).ShouldBe(200);
        var metrics = await node.PrometheusAsync();
        foreach (var (_, handler, _) in Rides.OneOfEach("k"))
        {
            metrics[$"stream_processor_validation_errors_total{{handler_type=\"{handler}\"}}"]
                .ShouldBe(Poison.Length, handler);
        }

        metrics["stream_processor_gps_received_total"].ShouldBe(1, "an invalid ping was never received");
        await node.StopAsync();
        Totals.Of(node).Invalid.ShouldBe(7 * Poison.Length);
        theatre.Feed.Lag(theatre.Group, [.. Rides.OneOfEach("k").Select(static each => each.Topic)]).ShouldBe(0);
    }

    [RedisFact]
    public async Task Odd_but_valid_input_is_shown()
    {
        await using var theatre = await Theatre.EmbeddedAsync();
        var node = await theatre.StartReadyAsync();
        var large = new string('ß', 400_000);
        byte[] Event(string json) => Encoding.UTF8.GetBytes(json);
        theatre.Feed.Send("gps_pings", null, Event(Rides.Ping("no-key")));
        theatre.Feed.Send("gps_pings", [0x00, 0xff, 0x80], Event(Rides.Ping("binary-key")));
        theatre.Feed.Send("gps_pings", [], Event(Rides.Ping("empty-key")));
        theatre.Feed.Send(
            "trips", "k", Rides.Trip("twice").Replace("\"fare\":35.5", "\"fare\":1,\"fare\":2,\"fare\":3.5"));
        theatre.Feed.Send("trips", "k", Rides.Trip("large").With("cancellation_reason", large));
        theatre.Feed.Send("trips", "k", Rides.Trip("deep").With("unknown", JsonNode.Parse(
            new string('[', 60) + new string(']', 60))));
        theatre.Feed.Send("trips", "k", Rides.Trip("no-id").With("event_id", null));
        theatre.Feed.Send("trips", "k", Rides.Trip("loose").With("fare", "1.5").With("offer_sequence", 5.0));

        await theatre.ShownAsync("all of them", static shown => shown.Count >= 8);
        await node.StopAsync();

        var shown = theatre.Frontend.All.ToDictionary(static each =>
            each[each.Channel == "trip-updates" ? "trip_id" : "entity_id"]);
        shown.Keys.ShouldBe(
            ["no-key", "binary-key", "empty-key", "twice", "large", "deep", "no-id", "loose"], ignoreOrder: true);
        shown["twice"].Json.GetProperty("fare").GetDouble().ShouldBe(3.5);
        shown["large"]["cancellation_reason"].ShouldBe(large);
        Guid.TryParse(shown["no-id"]["event_id"], out _).ShouldBeTrue();
        shown["loose"].Json.GetProperty("fare").GetRawText().ShouldBe("1.5");
        shown["loose"].Json.GetProperty("offer_sequence").GetRawText().ShouldBe("5");
    }

    [RedisFact]
    public async Task A_dead_letter_is_the_original_record_with_its_story()
    {
        await using var theatre = await Theatre.EmbeddedAsync(partitions: 1);
        theatre.Broker.CreateTopic("ride-share.dlq", 1);
        var node = await theatre.StartReadyAsync(("KAFKA_DLQ_TOPIC", "ride-share.dlq"));
        byte[] value = [0x80, 0x81, 0x00, .. "{"u8];
        byte[] key = [0xff, 0x00];
        var before = DateTimeOffset.UtcNow;
        theatre.Feed.Send("trips", "k", Rides.Trip("good"));
        theatre.Feed.Send("trips", key, value, new Headers { { "a", [1, 0xff] }, { "none", null }, { "a", [] } });
        theatre.Feed.Send("gps_pings", null, (byte[]?)null);
        theatre.Feed.Send("gps_pings", [], []);

        var letters = theatre.Feed.Read("ride-share.dlq", 3).OrderBy(static letter => letter.Message.Key is null)
            .ThenBy(static letter => letter.Message.Key?.Length == 0).ToList();
        letters.Count.ShouldBe(3, node.Log);
        await node.StopAsync();
        Totals.Of(node).ShouldBe(new(4, 1, 0, 0, 3, DeadLetters: 3));
        theatre.Feed.Lag(theatre.Group, "trips", "gps_pings").ShouldBe(0);

        var (first, tombstone, empty) = (letters[0].Message, letters[2].Message, letters[1].Message);
        first.Key.ShouldBe(key);
        first.Value.ShouldBe(value);
        first.Headers.Take(3).Select(static header =>
                $"{header.Key}={(header.GetValueBytes() is { } bytes ? Convert.ToHexString(bytes) : "null")}")
            .ShouldBe(["a=01FF", "none=null", "a="]);
        tombstone.Key.ShouldBeNull();
        tombstone.Value.ShouldBeNull();
        empty.Key.ShouldBeEmpty();
        empty.Value.ShouldBeEmpty();

        string Header(string name) => Encoding.UTF8.GetString(first.Headers.GetLastBytes(name));
        Header("source_topic").ShouldBe("trips");
        Header("source_partition").ShouldBe("0");
        Header("source_offset").ShouldBe("1");
        Time(Header("source_timestamp")).ShouldBeInRange(before.AddSeconds(-1), DateTimeOffset.UtcNow);
        Header("error_type").ShouldBe("validation_error");
        Header("error_message").ShouldNotBeEmpty();
        Header("attempts").ShouldBe("1");
        Header("pipeline").ShouldBe("ride-share");
        Time(Header("dead_lettered_at")).ShouldBeInRange(before.AddSeconds(-1), DateTimeOffset.UtcNow);
        Encoding.UTF8.GetString(tombstone.Headers.GetLastBytes("source_topic")).ShouldBe("gps_pings");
    }

    private static DateTimeOffset Time(string milliseconds) =>
        DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(milliseconds, CultureInfo.InvariantCulture));

    private static IEnumerable<byte[]> Texts(params string[] texts) => texts.Select(Encoding.UTF8.GetBytes);
}

/// <summary>Bad records as fast as Kafka gives them, and entities without end: the node's memory has a bound.</summary>
[Collection(SharedKafka.Name)]
public sealed class FloodTests
{
    private const long ContainerLimit = 256 * 1024 * 1024;

    [KafkaFact(Redis = true)]
    public async Task Nothing_but_bad_records_at_full_rate_are_counted_exactly_in_bounded_memory()
    {
        const int Records = 400_000;
        await using var theatre = await SharedKafka.TheatreAsync();
        var node = await theatre.StartReadyAsync();
        var bad = Rides.Ping("d").With("entity_type", "vehicle");
        var clock = System.Diagnostics.Stopwatch.StartNew();
        for (var i = 0; i < Records; i++)
        {
            theatre.Feed.Enqueue("gps_pings", $"d{i % 100}", i % 2 == 0 ? bad : bad[..(i % bad.Length)]);
        }

        theatre.Feed.Send("trips", "k", Rides.Trip("amid"));
        await theatre.TripsShownAsync(["amid/0"]);
        (await node.GetAsync("/health")).Took.ShouldBeLessThan(TimeSpan.FromSeconds(2));
        theatre.Feed.Flush();
        await node.UntilAsync("all are counted", TimeSpan.FromSeconds(30), async () =>
            Records == (await node.PrometheusAsync())[
                "stream_processor_validation_errors_total{handler_type=\"gps\"}"]);
        var took = clock.Elapsed;

        (await node.StatusAsync("/health")).ShouldBe(200);
        var (peak, lines) = (node.PeakMemory, node.Output.Count);
        Console.WriteLine(
            $"{Records} bad records in {took.TotalSeconds:0.0} s, peak {peak >> 20} MB, {lines} log lines");
        peak.ShouldBeLessThan(ContainerLimit);
        lines.ShouldBeLessThan(100);
        await node.StopAsync();
        Totals.Of(node).ShouldBe(new(Records + 1, 1, 0, 0, Records));
        theatre.Feed.Lag(theatre.Group, "gps_pings", "trips").ShouldBe(0);
    }

    [KafkaFact(Redis = true)]
    public async Task Sample_counters_of_entities_without_end_are_bounded()
    {
        var kept = new PipelineLimits().EntitiesPerShard;
        await using var theatre = await SharedKafka.TheatreAsync();
        var node = await theatre.StartReadyAsync(
            ("PROCESSOR_AGGREGATION_STRATEGY", "sample"), ("PROCESSOR_SAMPLE_RATE", "2"));

        // One ping of each, under one key and so in one shard: one entity more than it keeps, and the first is gone.
        Ping("first");
        for (var i = 0; i < kept; i++)
        {
            Ping($"driver-{i}");
        }

        // The second ping of each of these: the first's counter was forgotten and starts again, the last's was kept.
        Ping("first");
        Ping($"driver-{kept - 1}");
        await theatre.ShownAsync("the one that was kept", static shown => shown.Count > 0, seconds: 60);
        theatre.Frontend.All.Select(static shown => shown["entity_id"]).ShouldBe([$"driver-{kept - 1}"]);

        Ping("first");
        await theatre.ShownAsync("the one that began again", static shown => shown.Count > 1);
        theatre.Frontend.All[1]["entity_id"].ShouldBe("first");
        (await node.MetricsAsync()).GetProperty("messages_consumed_total").GetInt64().ShouldBe(kept + 4);
        await node.StopAsync();

        void Ping(string driver) => theatre.Feed.Enqueue("gps_pings", "key", Rides.Ping(driver));
    }
}
