using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.RideShare;

/// <summary>
/// Every documented variable has its effect, or is shown as ignored; a mistake is told before anything starts.
/// </summary>
public sealed class SettingsTests
{
    /// <summary>The variables of the service's document and code, with a value that is not the default.</summary>
    private static readonly (string Name, string Value)[] Documented =
    [
        ("KAFKA_BOOTSTRAP_SERVERS", "k1:9092,k2:9092"), ("KAFKA_GROUP_ID", "g"),
        ("KAFKA_AUTO_OFFSET_RESET", "earliest"),
        ("KAFKA_SECURITY_PROTOCOL", "SASL_SSL"), ("KAFKA_SASL_MECHANISM", "SCRAM-SHA-512"),
        ("KAFKA_SASL_USERNAME", "u"), ("KAFKA_SASL_PASSWORD", "canary-of-kafka"), ("KAFKA_ENABLE_AUTO_COMMIT", "true"),
        ("KAFKA_AUTO_COMMIT_INTERVAL_MS", "1000"), ("KAFKA_SESSION_TIMEOUT_MS", "10000"),
        ("KAFKA_MAX_POLL_INTERVAL_MS", "60000"), ("KAFKA_BATCH_COMMIT_SIZE", "10"), ("KAFKA_FETCH_MIN_BYTES", "2"),
        ("KAFKA_FETCH_MAX_WAIT_MS", "50"), ("KAFKA_MAX_PARTITION_FETCH_BYTES", "65536"),
        ("KAFKA_COMMIT_INTERVAL_SEC", "1.5"), ("REDIS_HOST", "r"), ("REDIS_PORT", "1234"),
        ("REDIS_PASSWORD", "canary-of-redis"), ("REDIS_DB", "3"), ("PROCESSOR_WINDOW_SIZE_MS", "50"),
        ("PROCESSOR_AGGREGATION_STRATEGY", "sample"), ("PROCESSOR_SAMPLE_RATE", "3"), ("PROCESSOR_TOPICS", "trips"),
        ("PROCESSOR_GPS_ENABLED", "no"), ("PROCESSOR_TRIPS_ENABLED", "on"), ("PROCESSOR_DRIVER_STATUS_ENABLED", "0"),
        ("PROCESSOR_SURGE_ENABLED", "False"), ("PROCESSOR_MAX_RETRIES", "7"),
        ("PROCESSOR_RETRY_BACKOFF_BASE_MS", "9"), ("PROCESSOR_DEDUP_WINDOW_SECONDS", "5"), ("API_HOST", "127.0.0.1"),
        ("API_PORT", "8081"), ("LOG_LEVEL", "debug"), ("LOG_FORMAT", "json"), ("ENVIRONMENT", "prod"),
        ("DEPLOYMENT_ENV", "eu"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://otel:4317"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"), ("OTEL_EXPORTER_OTLP_TIMEOUT", "2000"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "4000"), ("OTEL_SERVICE_NAME", "map"),
        ("OTEL_RESOURCE_ATTRIBUTES", "team=map"), ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
    ];

    private static readonly string[] WithoutEffect =
    [
        "KAFKA_SESSION_TIMEOUT_MS", "KAFKA_BATCH_COMMIT_SIZE", "KAFKA_COMMIT_INTERVAL_SEC",
        "PROCESSOR_MAX_RETRIES", "PROCESSOR_RETRY_BACKOFF_BASE_MS",
        "OTEL_EXPORTER_OTLP_COMPRESSION",
    ];

    [Fact]
    public async Task Print_config_shows_each_variable_once_with_its_value_and_where_it_came_from()
    {
        var (code, page, errors) = await RunningNode.RunToEndAsync(Documented, "run", "ride-share", "--print-config");

        (code, errors).ShouldBe((0, ""));
        foreach (var (name, value) in Documented)
        {
            var line = page.Split('\n').Where(each => each.Split(' ')[0] == name).ShouldHaveSingleItem(name);
            line.ShouldContain(name.Contains("PASSWORD") ? "********" : value, Case.Insensitive);
            line.ShouldContain(WithoutEffect.Contains(name) ? "ignored: " : "environment");
        }

        page.ShouldNotContain("canary");
    }

    [Fact]
    public async Task The_defaults_are_the_documented_ones_and_empty_credentials_are_fine()
    {
        var (code, page, errors) = await RunningNode.RunToEndAsync(
            [("KAFKA_SASL_USERNAME", ""), ("KAFKA_SASL_PASSWORD", ""), ("REDIS_PASSWORD", "")],
            "run", "ride-share", "--print-config");

        (code, errors).ShouldBe((0, ""));
        var shown = page.Split('\n').Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(static words => words.Length > 1 && !words[0].Any(char.IsLower))    // below stands what memory takes
            .ToDictionary(static words => words[0], static words => words[1]);
        foreach (var (name, value) in new[]
                 {
                     ("KAFKA_BOOTSTRAP_SERVERS", "localhost:9092"), ("KAFKA_GROUP_ID", "stream-processor"),
                     ("KAFKA_AUTO_OFFSET_RESET", "latest"), ("KAFKA_SECURITY_PROTOCOL", "PLAINTEXT"),
                     ("REDIS_HOST", "localhost"), ("REDIS_PORT", "6379"), ("PROCESSOR_WINDOW_SIZE_MS", "100"),
                     ("PROCESSOR_AGGREGATION_STRATEGY", "latest"), ("PROCESSOR_SAMPLE_RATE", "10"),
                     ("PROCESSOR_TOPICS", "gps_pings,trips,driver_status,surge_updates"),
                     ("PROCESSOR_DEDUP_WINDOW_SECONDS", "60"), ("API_HOST", "0.0.0.0"), ("API_PORT", "8080"),
                     ("METRICS_PORT", "9464"), ("LOG_LEVEL", "INFO"),
                 })
        {
            shown[name].ShouldBe(value, name);
        }
    }

    [Fact]
    public async Task Names_are_case_insensitive_the_nested_form_wins_and_a_SASL_user_changes_the_protocol()
    {
        var (_, page, _) = await RunningNode.RunToEndAsync(
            [
                ("KAFKA_GROUP_ID", "flat"), ("KAFKA__GROUP_ID", "nested"), ("redis_host", "lower"),
                ("KAFKA_SASL_USERNAME", "u"), ("KAFKA_SASL_PASSWORD", "p"),
            ],
            "run", "ride-share", "--print-config");

        page.ShouldMatch("(?m)^KAFKA_GROUP_ID +nested +environment, as KAFKA__GROUP_ID");
        page.ShouldMatch("(?m)^REDIS_HOST +lower");
        page.ShouldMatch("(?m)^KAFKA_SECURITY_PROTOCOL +SASL_PLAINTEXT +default");
    }

    [Fact]
    public async Task All_mistakes_are_told_at_once_and_nothing_starts()
    {
        var (code, output, errors) = await RunningNode.RunToEndAsync(
            [
                ("PROCESSOR_WINDOW_SIZE_MS", "10"), ("PROCESSOR_AGGREGATION_STRATEGY", "avg"),
                ("PROCESSOR_SAMPLE_RATE", "0"), ("API_PORT", "abc"), ("PROCESSOR_TOPICS", "trips,payments"),
                ("PROCESSOR_GPS_ENABLED", "maybe"), ("KAFKA_AUTO_OFFSET_RESET", "middle"), ("LOG_LEVEL", "LOUD"),
                ("REDIS_PORT", "70000"), ("PROCESSOR_DEDUP_WINDOW_SECONDS", "86401"),
                ("KAFKA_SECURITY_PROTOCOL", "SASL_PLAINTEXT"), ("KAFKA_SASL_USERNAME", "u"),
                ("REDIS_PASSWORD", "canary"), ("KAFKA_COMMIT_INTERVAL_SEC", "soon"), ("METRICS_PORT", "0"),
                ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector"), ("KAFKA_MAX_POLL_INTERVAL_MS", "20000"),
            ],
            "run", "ride-share");

        (code, output).ShouldBe((2, ""));
        foreach (var told in (string[])
                 [
                     "PROCESSOR_WINDOW_SIZE_MS is \"10\": it must be a whole number from 50 to 5000",
                     "PROCESSOR_AGGREGATION_STRATEGY is \"avg\": it must be one of latest, sample",
                     "PROCESSOR_SAMPLE_RATE is \"0\"", "API_PORT is \"abc\"",
                     "payments, which has no handler. Known: gps_pings, trips, driver_status, surge_updates, "
                     + "driver_profiles, rider_profiles, ratings",
                     "PROCESSOR_GPS_ENABLED is \"maybe\"", "KAFKA_AUTO_OFFSET_RESET is \"middle\"",
                     "LOG_LEVEL is \"LOUD\"",
                     "REDIS_PORT is \"70000\"", "PROCESSOR_DEDUP_WINDOW_SECONDS is \"86401\"",
                     "KAFKA_COMMIT_INTERVAL_SEC is \"soon\"", "OTEL_EXPORTER_OTLP_ENDPOINT",
                     "METRICS_PORT is \"0\": it must be a whole number from 1 to 65535",
                     "The Kafka poll interval 00:00:20 is below the session time-out 00:00:30",
                 ])
        {
            errors.ShouldContain(told);
        }

        errors.ShouldContain("password", Case.Insensitive);    // a SASL user without one
        errors.ShouldNotContain("canary");
        errors.ShouldNotContain("   at ");
    }

    [Theory]
    [InlineData("WARN")]
    [InlineData("FATAL")]
    public async Task Pythons_other_names_of_levels_are_taken(string level)
    {
        var (code, page, errors) = await RunningNode.RunToEndAsync(
            [("LOG_LEVEL", level)], "run", "ride-share", "--print-config");

        (code, errors).ShouldBe((0, ""));
        page.ShouldMatch($"(?m)^LOG_LEVEL +{level} +environment");
    }

    [Fact]
    public async Task A_name_of_several_addresses_is_listened_on_at_all_of_them()
    {
        var addresses = Dns.GetHostAddresses("localhost").Where(IsHere).ToList();
        await using var node = RunningNode.Start(
            ("API_HOST", "localhost"), ("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1"), ("REDIS_PORT", "1"));
        await node.UntilAsync("the pages are there", TimeSpan.FromSeconds(20), async () =>
            await AcceptsAsync(addresses[0], node.MetricsPort));

        foreach (var address in addresses.Append(IPAddress.Loopback))
        {
            (await AcceptsAsync(address, node.ApiPort)).ShouldBeTrue($"{address}");
            (await AcceptsAsync(address, node.MetricsPort)).ShouldBeTrue($"{address}");
        }

        static bool IsHere(IPAddress address)
        {
            try
            {
                new TcpListener(address, 0).Start();
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        }

        static async Task<bool> AcceptsAsync(IPAddress address, int port)
        {
            using var client = new TcpClient(address.AddressFamily);
            try
            {
                await client.ConnectAsync(address, port);
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        }
    }

    [Theory]
    [InlineData("API_PORT")]
    [InlineData("METRICS_PORT")]
    public async Task A_port_in_use_is_named_with_the_variable_that_changes_it(string variable)
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = $"{((IPEndPoint)other.LocalEndpoint).Port}";
        await using var node = RunningNode.Start(
            (variable, port), ("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1"), ("REDIS_PORT", "1"));

        (await node.ExitAsync(TimeSpan.FromSeconds(10))).ShouldBe(2);
        node.Log.ShouldContain($"Port {port} is in use");
        node.Log.ShouldContain($"Set {variable}");
        node.Log.ShouldNotContain("   at ");
    }

    [RedisFact]
    public async Task Topics_and_switches_decide_what_is_read()
    {
        await using var theatre = await Theatre.EmbeddedAsync();
        var node = await theatre.StartReadyAsync(
            ("PROCESSOR_TOPICS", " trips , driver_status,surge_updates "), ("PROCESSOR_SURGE_ENABLED", "false"));
        foreach (var (topic, _, json) in Rides.OneOfEach("k").Reverse())
        {
            theatre.Feed.Send(topic, "k", json);
        }

        await theatre.ShownAsync("trip and status", static shown => shown.Count >= 2);
        await Task.Delay(300);
        await node.StopAsync();
        theatre.Frontend.All.Select(static shown => shown.Channel).Order().ShouldBe(["driver-updates", "trip-updates"]);
    }

    [RedisFact]
    public async Task A_new_group_starts_where_its_setting_says_and_a_known_one_where_it_was()
    {
        await using var theatre = await Theatre.EmbeddedAsync(partitions: 1);
        theatre.Feed.Send("trips", "k", Rides.Trip("old"));
        var latest = await theatre.StartReadyAsync();
        theatre.Feed.Send("trips", "k", Rides.Trip("new"));
        await theatre.TripsShownAsync(["new/0"]);
        theatre.Frontend.Count.ShouldBe(1);
        await latest.StopAsync();
        theatre.Feed.Send("trips", "k", Rides.Trip("meanwhile"));

        var again = await theatre.StartReadyAsync();
        await theatre.TripsShownAsync(["meanwhile/0"]);
        theatre.Frontend.Count.ShouldBe(2);
        await again.StopAsync();

        var other = await theatre.StartReadyAsync(
            ("KAFKA_AUTO_OFFSET_RESET", "EARLIEST"), ("KAFKA__GROUP_ID", "another"));
        await theatre.TripsShownAsync(["old/0"]);
        await theatre.ShownAsync("all three again", static shown => shown.Count == 5);
        await other.StopAsync();
        theatre.Feed.Lag("another", "trips").ShouldBe(0);
    }

    [RedisFact]
    public async Task Logs_are_one_valid_JSON_object_a_line_whatever_the_messages_hold_and_no_secret_is_in_them()
    {
        await using var theatre = await Theatre.EmbeddedAsync(partitions: 1);
        await theatre.Redis.CliAsync("CONFIG", "SET", "requirepass", "canary-of-redis");
        theatre.Frontend = await Frontend.SubscribeAsync(theatre.Redis, "canary-of-redis");
        var node = await theatre.StartReadyAsync(
            ("LOG_FORMAT", "json"), ("ENVIRONMENT", "pr\"od\n"), ("LOG_LEVEL", "DEBUG"),
            ("REDIS_PASSWORD", "canary-of-redis"), ("KAFKA_SASL_PASSWORD", "canary-of-kafka"));
        theatre.Feed.Send(
            "trips", "k", Rides.Trip("t").With("event_type", "a \"quoted\"\nline\u2028\u0000\ud83d\ude00"));
        theatre.Feed.Send("gps_pings", "k", Rides.Ping("d").With("na\"me\n", "\n").With("entity_type", "\n\"x\"\\"));
        theatre.Feed.Send("trips", "k", Rides.Trip("good"));
        await theatre.TripsShownAsync(["good/0"]);
        var pages = (await node.GetAsync("/metrics")).Text + (await node.GetAsync("/health")).Text
            + (await node.GetAsync("/metrics", port: node.MetricsPort)).Text;
        await node.StopAsync();

        foreach (var line in node.Output)
        {
            var entry = JsonDocument.Parse(line).RootElement;
            entry.EnumerateObject().Select(static field => field.Name).Take(6)
                .ShouldBe(["timestamp", "level", "logger", "message", "service_name", "environment"]);
            entry.GetProperty("timestamp").GetString()!.ShouldMatch(@"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}$");
            entry.GetProperty("service_name").GetString().ShouldBe("stream-processor");
            entry.GetProperty("environment").GetString().ShouldBe("pr\"od\n");
        }

        node.Output.Count(static line => line.Contains("validation error")).ShouldBe(2);
        (node.Log + pages).ShouldNotContain("canary-of");
    }

    [RedisFact]
    public async Task The_log_level_decides_what_is_logged()
    {
        await using var theatre = await Theatre.EmbeddedAsync(partitions: 1);
        var node = await theatre.StartReadyAsync(("LOG_LEVEL", "warn"));
        theatre.Feed.Send("trips", "k", "{");
        await node.UntilAsync("the warning", () => node.Output.Count > 0);
        await node.StopAsync();
        node.Output.ShouldAllBe(static line => line.Contains(" - WARNING - "));
        node.Output[0].ShouldMatch(@"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - \S+ - WARNING - ");
    }
}
