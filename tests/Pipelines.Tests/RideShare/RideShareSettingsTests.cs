using StreamActors.Configuration;
using StreamActors.Hosting;
using StreamActors.Pipelines.RideShare;

namespace StreamActors.Pipelines.Tests.RideShare;

public sealed class RideShareSettingsTests
{
    [Fact]
    public void Without_any_variable_everything_has_its_documented_default()
    {
        var settings = Read();

        settings.Kafka.BootstrapServers.ShouldBe("localhost:9092");
        settings.Kafka.Security.Protocol.ToString().ShouldBe("Plaintext");
        settings.GroupId.ShouldBe("stream-processor");
        settings.StartAt.ShouldBe(StartAt.Latest);
        settings.Redis.Host.ShouldBe("localhost");
        settings.Redis.Port.ShouldBe(6379);
        settings.Redis.Password.ShouldBe("");
        settings.Window.ShouldBe(TimeSpan.FromMilliseconds(100));
        settings.SampleRate.ShouldBeNull();
        settings.DedupWindow.ShouldBe(TimeSpan.FromSeconds(60));
        settings.DeadLetterTopic.ShouldBeNull();
        settings.NewTopics.ShouldBe((1, (short)1));
        settings.Topics.Select(static topic => topic.Name)
            .ShouldBe(["gps_pings", "trips", "driver_status", "surge_updates"]);
    }

    [Fact]
    public void A_sasl_user_turns_sasl_on() =>
        Read(("KAFKA_SASL_USERNAME", "u"), ("KAFKA_SASL_PASSWORD", "p"))
            .Kafka.Security.Protocol.ToString().ShouldBe("SaslPlaintext");

    [Fact]
    public void A_sasl_protocol_without_credentials_is_a_mistake() =>
        Mistakes(("KAFKA_SECURITY_PROTOCOL", "SASL_PLAINTEXT"))
            .ShouldHaveSingleItem().ShouldContain("user and a password");

    [Fact]
    public void A_topic_without_a_handler_is_a_mistake_that_names_the_known_ones()
    {
        var mistake = Mistakes(("PROCESSOR_TOPICS", "trips,payments")).ShouldHaveSingleItem();

        mistake.ShouldContain("payments");
        RideShareTopics.All.ShouldAllBe(topic => mistake.Contains(topic.Name, StringComparison.Ordinal));
    }

    [Fact]
    public void A_switch_takes_its_topic_away() =>
        Read(("PROCESSOR_GPS_ENABLED", "false")).Topics.ShouldNotContain(RideShareTopics.GpsPings);

    [Fact]
    public void Every_bad_value_is_told_at_once() =>
        Mistakes(
            ("PROCESSOR_WINDOW_SIZE_MS", "10"),
            ("PROCESSOR_AGGREGATION_STRATEGY", "avg"),
            ("PROCESSOR_SAMPLE_RATE", "0"),
            ("REDIS_PORT", "abc"),
            ("PROCESSOR_DEDUP_WINDOW_SECONDS", "86401"),
            ("KAFKA_AUTO_OFFSET_RESET", "none")).Count.ShouldBe(6);

    [Fact]
    public void Auto_commit_commits_on_its_timer_alone()
    {
        var timing = Read(("KAFKA_ENABLE_AUTO_COMMIT", "true"), ("KAFKA_AUTO_COMMIT_INTERVAL_MS", "700")).Timing;

        timing.CommitInterval.ShouldBe(TimeSpan.FromMilliseconds(700));
        timing.CommitRecords.ShouldBe(int.MaxValue);
    }

    [Fact]
    public void Without_auto_commit_offsets_are_committed_by_count_and_by_time()
    {
        var timing = Read(("KAFKA_BATCH_COMMIT_SIZE", "7"), ("KAFKA_COMMIT_INTERVAL_SEC", "2.5")).Timing;

        timing.CommitRecords.ShouldBe(7);
        timing.CommitInterval.ShouldBe(TimeSpan.FromSeconds(2.5));
    }

    [Theory]
    [InlineData("PROCESSOR_MAX_RETRIES", "3")]
    [InlineData("PROCESSOR_RETRY_BACKOFF_BASE_MS", "100")]
    [InlineData("PROCESSOR_SAMPLE_RATE", "5")]
    [InlineData("KAFKA_SESSION_TIMEOUT_MS", "30000")]
    [InlineData("KAFKA_AUTO_COMMIT_INTERVAL_MS", "700")]
    [InlineData("KAFKA_BATCH_COMMIT_SIZE", "7", "KAFKA_ENABLE_AUTO_COMMIT", "true")]
    [InlineData("KAFKA_COMMIT_INTERVAL_SEC", "1", "KAFKA_ENABLE_AUTO_COMMIT", "true")]
    [InlineData("KAFKA_SASL_MECHANISM", "PLAIN")]
    [InlineData("KAFKA_SASL_USERNAME", "u", "KAFKA_SECURITY_PROTOCOL", "PLAINTEXT")]
    [InlineData("KAFKA_SASL_PASSWORD", "canary", "KAFKA_SECURITY_PROTOCOL", "SSL")]
    [InlineData("KAFKA_SSL_CA_LOCATION", "ca.pem")]
    [InlineData("KAFKA_SSL_CA_LOCATION", "ca.pem", "KAFKA_SECURITY_PROTOCOL", "PLAINTEXT")]
    public void A_variable_without_effect_is_shown_with_the_reason(
        string name, string value, string other = "LOG_LEVEL", string otherValue = "INFO")
    {
        var reader = Reader((name, value), (other, otherValue));

        RideShareSettings.Read(reader);

        var setting = reader.Settings.Where(setting => setting.Name == name).ShouldHaveSingleItem();
        setting.Ignored.ShouldNotBeNullOrEmpty();
        setting.Value.ShouldNotBe("canary");
        reader.Settings.ShouldNotContain(setting => setting.Name == other && setting.Ignored != null);
    }

    [Theory]
    [InlineData("PROCESSOR_SAMPLE_RATE", "5", "PROCESSOR_AGGREGATION_STRATEGY", "sample")]
    [InlineData("KAFKA_AUTO_COMMIT_INTERVAL_MS", "700", "KAFKA_ENABLE_AUTO_COMMIT", "true")]
    [InlineData("KAFKA_BATCH_COMMIT_SIZE", "7", "KAFKA_ENABLE_AUTO_COMMIT", "false")]
    [InlineData("KAFKA_COMMIT_INTERVAL_SEC", "1", "KAFKA_ENABLE_AUTO_COMMIT", "false")]
    [InlineData("KAFKA_SASL_PASSWORD", "p", "KAFKA_SASL_USERNAME", "u")]
    [InlineData("KAFKA_SASL_MECHANISM", "PLAIN", "KAFKA_SECURITY_PROTOCOL", "SASL_SSL")]
    [InlineData("KAFKA_SSL_CA_LOCATION", "ca.pem", "KAFKA_SECURITY_PROTOCOL", "SSL")]
    public void A_variable_with_an_effect_is_not(string name, string value, string other, string otherValue)
    {
        var reader = Reader((name, value), (other, otherValue));

        RideShareSettings.Read(reader);

        reader.Settings.ShouldContain(setting => setting.Name == name && setting.From == FoundSetting.Environment);
        reader.Settings.ShouldAllBe(static setting => setting.Ignored == null);
    }

    [Theory]
    [InlineData("auto", "10000", "30000")]
    [InlineData("classic", "44999", "45000")]
    public void A_poll_interval_below_the_session_timeout_is_a_mistake_that_names_both(
        string protocol, string maxPoll, string session)
    {
        var mistake = Mistakes(
            ("KAFKA_GROUP_PROTOCOL", protocol),
            ("KAFKA_MAX_POLL_INTERVAL_MS", maxPoll),
            ("KAFKA_SESSION_TIMEOUT_MS", session)).ShouldHaveSingleItem();

        mistake.ShouldContain("KAFKA_MAX_POLL_INTERVAL_MS");
        mistake.ShouldContain("KAFKA_SESSION_TIMEOUT_MS");
    }

    [Theory]
    [InlineData("consumer", "10000", "30000")]
    [InlineData("classic", "45000", "45000")]
    public void A_poll_interval_that_the_client_takes_is_none(string protocol, string maxPoll, string session) =>
        Mistakes(
            ("KAFKA_GROUP_PROTOCOL", protocol),
            ("KAFKA_MAX_POLL_INTERVAL_MS", maxPoll),
            ("KAFKA_SESSION_TIMEOUT_MS", session)).ShouldBeEmpty();

    [Fact]
    public void The_session_timeout_counts_for_the_classic_protocol()
    {
        var reader = Reader(("KAFKA_GROUP_PROTOCOL", "classic"), ("KAFKA_SESSION_TIMEOUT_MS", "12000"));

        RideShareSettings.Read(reader).Kafka.Consumer.SessionTimeout.ShouldBe(TimeSpan.FromSeconds(12));

        reader.Settings.ShouldNotContain(static setting => setting.Ignored != null);
    }

    private static RideShareSettings Read(params (string Name, string Value)[] variables)
    {
        var reader = Reader(variables);
        var settings = RideShareSettings.Read(reader);
        reader.Mistakes.ShouldBeEmpty();
        return settings;
    }

    private static IReadOnlyList<string> Mistakes(params (string Name, string Value)[] variables)
    {
        var reader = Reader(variables);
        RideShareSettings.Read(reader);
        return reader.Mistakes;
    }

    private static SettingsReader Reader(params (string Name, string Value)[] variables) =>
        EnvironmentSettings.Reader(variables.ToDictionary(
            static each => each.Name, static each => each.Value, StringComparer.OrdinalIgnoreCase));
}
