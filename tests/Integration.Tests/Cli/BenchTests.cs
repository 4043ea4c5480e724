using StreamActors.Kafka;
using StreamActors.Node;
using StreamActors.Node.Bench;
using StreamActors.Node.Cli;

namespace StreamActors.Tests.Cli;

/// <summary>What a bench takes, and what its node inherits.</summary>
public sealed class BenchTests
{
    [Theory]
    [InlineData("--records 0", "--records is \"0\": it must be a whole number from 1 up")]
    [InlineData("--drivers -1", "--drivers is \"-1\"")]
    [InlineData("--partitions 0", "--partitions is \"0\"")]
    [InlineData("--rate 0", "--rate is \"0\"")]
    [InlineData("--seed x", "--seed is \"x\": it must be a whole number")]
    [InlineData("--latency-seconds -1", "--latency-seconds is \"-1\": it must be a number of seconds from 0 to 86400")]
    [InlineData("--latency-seconds NaN", "--latency-seconds is \"NaN\"")]
    [InlineData("--kafka nowhere", "--kafka is \"nowhere\": it must be HOST:PORT, such as localhost:9092.")]
    [InlineData("--redis localhost", "--redis is \"localhost\": it must be HOST:PORT, such as localhost:6379.")]
    public async Task A_mistake_is_named_before_anything_starts(string arguments, string sentence)
    {
        var (code, _, errors) = await StreamActorsProcess.RunAsync($"bench gps {arguments}");

        code.ShouldBe(2, errors);
        errors.ShouldContain(sentence);
        errors.ShouldNotContain("   at ");
    }

    [Fact]
    public async Task A_topic_that_no_bench_made_is_not_filled_without_yes()
    {
        using var broker = new EmbeddedBroker();
        broker.CreateTopic("gps_pings", 2);

        var (code, _, errors) = await StreamActorsProcess.RunAsync($"bench gps --kafka {broker.BootstrapServers}");

        code.ShouldBe(2, errors);
        errors.ShouldContain("The topic gps_pings");
        errors.ShouldContain("--yes");
        errors.ShouldNotContain("filling");
    }

    [Fact]
    public async Task A_topic_that_a_bench_filled_is_filled_again_until_somebody_else_writes()
    {
        using var broker = new EmbeddedBroker();
        var topic = new BenchTopic(broker.BootstrapServers, "gps_pings");
        broker.CreateTopic("gps_pings", 1);
        using var filler = new Filler(broker.BootstrapServers, "gps_pings", paced: false);
        filler.Fill(new PingMaker(drivers: 1, seed: 1), records: 1, perSecond: null, default);
        await topic.KeepEndsAsync();

        await topic.PrepareAsync(partitions: 1, yes: false, default);

        filler.Fill(new PingMaker(drivers: 1, seed: 2), records: 1, perSecond: null, default);
        await Should.ThrowAsync<UserErrorException>(() => topic.PrepareAsync(partitions: 1, yes: false, default));
        await topic.PrepareAsync(partitions: 1, yes: true, default);
    }

    [Fact]
    public void The_node_that_is_measured_has_no_setting_of_the_shell()
    {
        var environment = new Dictionary<string, string?>
        {
            ["PATH"] = "/bin",
            ["REDIS_PASSWORD"] = "s",
            ["KAFKA_SASL_USERNAME"] = "u",
            ["kafka__group_id"] = "beats the flat name",
            ["PROCESSOR_WINDOW_SIZE_MS"] = "5000",
            ["API__PORT"] = "1",
            ["LOG_FORMAT"] = "json",
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://otel:4317",
        };
        var options = new BenchOptions
        {
            Records = 1,
            Drivers = 1,
            Partitions = 1,
            Seed = 1,
            Latency = TimeSpan.Zero,
            Rate = null,
            Yes = false,
            Kafka = "k:1",
            Redis = new HostPort("r", 2),
        };

        NodeProcess.Prepare(environment, options, "trips", "group");

        environment.Keys.ShouldBe(
            [
                "PATH", "KAFKA_BOOTSTRAP_SERVERS", "KAFKA_GROUP_ID", "PROCESSOR_TOPICS", "REDIS_HOST", "REDIS_PORT",
                "API_HOST", "API_PORT", "METRICS_PORT", "LOG_LEVEL",
            ],
            ignoreOrder: true);
        (environment["KAFKA_GROUP_ID"], environment["REDIS_HOST"], environment["REDIS_PORT"])
            .ShouldBe(("group", "r", "2"));
    }
}
