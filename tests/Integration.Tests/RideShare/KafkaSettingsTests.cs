using System.Text.Json;
using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.RideShare;

/// <summary>What the variables do on Kafka: what the brokers are asked, and when offsets are committed.</summary>
[Collection(OwnKafka.Name)]
public sealed class KafkaSettingsTests(OwnKafka own)
{
    private const string Logger = "kafka.request.logger";

    private static readonly (string, string)[] TripsOnly = [("PROCESSOR_TOPICS", "trips")];

    [KafkaTheory(Dedicated = true, Redis = true)]
    [InlineData("consumer", "CONSUMER_GROUP_HEARTBEAT")]
    [InlineData("classic", "JOIN_GROUP")]
    public async Task The_brokers_are_asked_what_the_settings_say(string protocol, string join)
    {
        var kafka = await own.KafkaAsync();
        await using var theatre = await Theatre.OnAsync(kafka);
        string[] logger = ["configs", "--alter", "--entity-type", "broker-loggers", "--entity-name", "1"];
        await kafka.CliAsync([.. logger, "--add-config", $"{Logger}=DEBUG"]);
        var before = (await kafka.LogAsync(1)).Length;
        var node = await theatre.StartReadyAsync(
        [
            .. TripsOnly, ("KAFKA_GROUP_PROTOCOL", protocol), ("KAFKA_FETCH_MIN_BYTES", "54321"),
            ("KAFKA_FETCH_MAX_WAIT_MS", "321"), ("KAFKA_MAX_PARTITION_FETCH_BYTES", "65432"),
            ("KAFKA_MAX_POLL_INTERVAL_MS", "43210"), ("KAFKA_SESSION_TIMEOUT_MS", "7654"),
        ]);
        var trips = theatre.Feed.SendTrips("t", 2, 2);
        await theatre.TripsShownAsync(trips);
        await node.StopAsync();
        await kafka.CliAsync([.. logger, "--delete-config", Logger]);

        var requests = (await kafka.LogAsync(1)).Skip(before)
            .Where(static line => line.Contains("Completed request:") && line.Contains("\"clientId\":\"streamactors\""))
            .Select(static line => JsonDocument.Parse(line[line.IndexOf('{')..]).RootElement)
            .ToLookup(
                static entry => entry.GetProperty("requestHeader").GetProperty("requestApiKeyName").GetString(),
                static entry => entry.GetProperty("request"));
        requests["FETCH"].ShouldNotBeEmpty();
        requests["FETCH"].ShouldAllBe(static fetch =>
            fetch.GetProperty("minBytes").GetInt32() == 54321 && fetch.GetProperty("maxWaitMs").GetInt32() == 321);
        requests["FETCH"]
            .SelectMany(static fetch => fetch.GetProperty("topics").EnumerateArray())
            .SelectMany(static topic => topic.GetProperty("partitions").EnumerateArray())
            .Select(static partition => partition.GetProperty("partitionMaxBytes").GetInt32())
            .Distinct().ShouldBe([65432]);
        var joined = requests[join].First();
        joined.GetProperty("rebalanceTimeoutMs").GetInt32().ShouldBe(43210);
        if (protocol == "classic")
        {
            joined.GetProperty("sessionTimeoutMs").GetInt32().ShouldBe(7654);
        }
    }

    [KafkaFact(Dedicated = true, Redis = true)]
    public async Task Offsets_are_committed_by_the_count_or_by_the_timer_that_the_settings_name()
    {
        await using var theatre = await Theatre.OnAsync(await own.KafkaAsync());
        var (byCount, byTimer, byLongTimer, byAutoTimer) =
            (RealKafka.Name("count"), RealKafka.Name("timer"), RealKafka.Name("long"), RealKafka.Name("auto"));
        const string never = "3600000";
        var nodes = new[]
        {
            theatre.Start(
            [
                .. TripsOnly, ("KAFKA_GROUP_ID", byCount), ("KAFKA_BATCH_COMMIT_SIZE", "50"),
                ("KAFKA_COMMIT_INTERVAL_SEC", "3600"),
            ]),
            theatre.Start(
            [
                .. TripsOnly, ("KAFKA_GROUP_ID", byTimer), ("KAFKA_BATCH_COMMIT_SIZE", never),
                ("KAFKA_COMMIT_INTERVAL_SEC", "0.5"),
            ]),
            theatre.Start(
            [
                .. TripsOnly, ("KAFKA_GROUP_ID", byLongTimer), ("KAFKA_ENABLE_AUTO_COMMIT", "true"),
                ("KAFKA_AUTO_COMMIT_INTERVAL_MS", never), ("KAFKA_BATCH_COMMIT_SIZE", "1"),
                ("KAFKA_COMMIT_INTERVAL_SEC", "0.1"),
            ]),
            theatre.Start(
            [
                .. TripsOnly, ("KAFKA_GROUP_ID", byAutoTimer), ("KAFKA_ENABLE_AUTO_COMMIT", "true"),
                ("KAFKA_AUTO_COMMIT_INTERVAL_MS", "500"), ("KAFKA_BATCH_COMMIT_SIZE", never),
            ]),
        };
        await Task.WhenAll(nodes.Select(static node => node.ReadyAsync()));
        string[] groups = [byCount, byTimer, byLongTimer, byAutoTimer];

        await ShownByAllAsync(theatre, "first", 1, nodes.Length);
        foreach (var group in groups)
        {
            await LagAsync(theatre, group, 0);    // the first commit of a member waits for nothing
        }

        await ShownByAllAsync(theatre, "more", 49, 50 * nodes.Length);
        await LagAsync(theatre, byTimer, 0);
        await LagAsync(theatre, byAutoTimer, 0);
        theatre.Feed.Lag(byCount, "trips").ShouldBe(49);
        theatre.Feed.Lag(byLongTimer, "trips").ShouldBe(49);

        await ShownByAllAsync(theatre, "last", 1, 51 * nodes.Length);
        await LagAsync(theatre, byCount, 0);
        theatre.Feed.Lag(byLongTimer, "trips").ShouldBe(50);

        await Task.WhenAll(nodes.Select(static node => node.StopAsync()));
        theatre.Feed.Lag(byLongTimer, "trips").ShouldBe(0, "a stop commits, whatever the timer");
    }

    private static Task ShownByAllAsync(Theatre theatre, string trip, int events, int shownInAll)
    {
        theatre.Feed.SendTrips(trip, 1, events);
        return theatre.ShownAsync($"{shownInAll} messages", shown => shown.Count == shownInAll);
    }

    private static Task LagAsync(Theatre theatre, string group, long lag) => Machine.UntilAsync(
        $"{group} lags by {lag}",
        TimeSpan.FromSeconds(10),
        () => Task.FromResult(theatre.Feed.Lag(group, "trips") == lag));
}
