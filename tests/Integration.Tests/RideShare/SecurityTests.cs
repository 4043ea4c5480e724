using Confluent.Kafka;
using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.RideShare;

/// <summary>Clusters that ask who you are: log-in, encryption, topics made by a node that logged in for it.</summary>
public sealed class SecurityTests
{
    private const string User = "rider", Password = "canary1ofkafka";

    private static readonly string[] NoTopicsByThemselves = ["auto.create.topics.enable=false"];

    [KafkaFact(Dedicated = true, Redis = true)]
    public async Task SASL_PLAIN_and_SCRAM_make_topics_and_run_and_a_wrong_password_is_told_and_waited_out()
    {
        await using var kafka = await RealKafka.StartAsync(
            new() { Sasl = $"{User}:{Password}", Settings = NoTopicsByThemselves });
        await using var redis = await RealRedis.StartAsync();
        using var frontend = await Frontend.SubscribeAsync(redis);
        var client = new ClientConfig
        {
            BootstrapServers = kafka.Bootstrap,
            SecurityProtocol = SecurityProtocol.SaslPlaintext,
            SaslMechanism = SaslMechanism.Plain,
            SaslUsername = User,
            SaslPassword = Password,
        };
        using var feed = new Feed(client);
        (string, string)[] settings =
        [
            ("KAFKA_BOOTSTRAP_SERVERS", kafka.Bootstrap), ("REDIS_HOST", "127.0.0.1"), ("REDIS_PORT", $"{redis.Port}"),
            ("KAFKA_SASL_USERNAME", User), ("LOG_LEVEL", "DEBUG"), ("KAFKA_TOPIC_PARTITIONS", "3"),
        ];

        (await CheckAsync(("KAFKA_BOOTSTRAP_SERVERS", kafka.Bootstrap))).ShouldMatch(
            "closes the connection at the first request that comes without a log-in(.|\n)*"
            + "SASL_PLAINTEXT, the user and the password \\(such as KAFKA_SECURITY_PROTOCOL, KAFKA_SASL_USERNAME and ");
        (await CheckAsync(("KAFKA_BOOTSTRAP_SERVERS", kafka.Bootstrap), ("KAFKA_SECURITY_PROTOCOL", "SSL")))
            .ShouldMatch("does not speak TLS(.|\n)*KAFKA_SECURITY_PROTOCOL");

        await using (var wrong = RunningNode.Start([.. settings, ("KAFKA_SASL_PASSWORD", "canary2ofkafka")]))
        {
            await wrong.UntilAsync("the log says why", () => wrong.Output.Any(static line =>
                line.Contains("WARNING") && line.Contains("KAFKA_SASL", StringComparison.OrdinalIgnoreCase)
                || line.Contains("authentication", StringComparison.OrdinalIgnoreCase)));
            await wrong.StopAsync();
            wrong.Log.ShouldNotContain("canary");
        }

        foreach (var mechanism in (string[])["PLAIN", "SCRAM-SHA-256"])
        {
            await using var node = RunningNode.Start(
                [.. settings, ("KAFKA_SASL_PASSWORD", Password), ("KAFKA_SASL_MECHANISM", mechanism)]);
            await node.ReadyAsync();
            feed.Send("trips", "k", Rides.Trip(mechanism));
            await node.UntilAsync("the trip", () => frontend.Trips.Any(shown => shown["trip_id"] == mechanism));
            await node.StopAsync();
            node.Log.ShouldNotContain("canary");
        }

        feed.TopicNames().ShouldBe(
            ["gps_pings", "trips", "driver_status", "surge_updates", "__consumer_offsets"], ignoreOrder: true);
        feed.Partitions("trips").Count.ShouldBe(3);
    }

    [KafkaFact(Dedicated = true, Redis = true)]
    public async Task SASL_SSL_with_SCRAM_SHA_512_runs()
    {
        await using var kafka = await RealKafka.StartAsync(new()
        {
            Sasl = $"{User}:{Password}",
            Tls = true,
            Settings =
            [
                .. NoTopicsByThemselves,
                "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512",
                "listener.name.client.scram-sha-512.sasl.jaas.config="
                + "org.apache.kafka.common.security.scram.ScramLoginModule required;",
            ],
        });
        await kafka.CliAsync(
            "configs", "--alter", "--entity-type", "users", "--entity-name", User,
            "--add-config", $"SCRAM-SHA-512=[password={Password}]");
        await using var redis = await RealRedis.StartAsync();
        using var frontend = await Frontend.SubscribeAsync(redis);
        using var feed = new Feed(new()
        {
            BootstrapServers = kafka.Bootstrap,
            SecurityProtocol = SecurityProtocol.SaslSsl,
            SaslMechanism = SaslMechanism.Plain,
            SaslUsername = User,
            SaslPassword = Password,
            SslCaLocation = kafka.CaFile,
        });
        await using var node = RunningNode.Start(
            ("KAFKA_BOOTSTRAP_SERVERS", kafka.Bootstrap), ("KAFKA_SECURITY_PROTOCOL", "SASL_SSL"),
            ("KAFKA_SASL_MECHANISM", "SCRAM-SHA-512"), ("KAFKA_SASL_USERNAME", User),
            ("KAFKA_SASL_PASSWORD", Password), ("KAFKA_SSL_CA_LOCATION", kafka.CaFile), ("LOG_LEVEL", "DEBUG"),
            ("REDIS_HOST", "127.0.0.1"), ("REDIS_PORT", $"{redis.Port}"));
        await node.ReadyAsync();
        feed.Send("trips", "k", Rides.Trip("t"));

        await node.UntilAsync("the trip", () => frontend.Trips.Count == 1);
        await node.StopAsync();
        feed.Lag("stream-processor", "trips").ShouldBe(0);
        node.Log.ShouldNotContain("canary");
    }

    [KafkaFact(Dedicated = true, Redis = true)]
    public async Task TLS_to_Kafka_and_TLS_with_a_user_to_Redis_run()
    {
        await using var kafka = await RealKafka.StartAsync(new() { Tls = true, Settings = NoTopicsByThemselves });
        await using var redis = await RealRedis.StartAsync(new()
        {
            Tls = true,
            Password = "canary3",
            Users =
            [
                "bridge on >canary4 resetchannels &driver-updates &rider-updates &trip-updates &surge_updates "
                    + "~streamactors:* +@all",
            ],
        });
        using var frontend = await Frontend.SubscribeAsync(redis, "canary3", tls: true);
        using var feed = new Feed(new()
        {
            BootstrapServers = kafka.Bootstrap,
            SecurityProtocol = SecurityProtocol.Ssl,
            SslCaLocation = kafka.CaFile,
        });
        await using var node = RunningNode.Start(
            ("KAFKA_BOOTSTRAP_SERVERS", kafka.Bootstrap), ("KAFKA_SECURITY_PROTOCOL", "SSL"),
            ("KAFKA_SSL_CA_LOCATION", kafka.CaFile), ("KAFKA_DLQ_TOPIC", "ride-share.dlq"), ("LOG_LEVEL", "DEBUG"),
            ("REDIS_HOST", "localhost"), ("REDIS_PORT", $"{redis.Port}"), ("REDIS_TLS", "true"),
            ("REDIS_TLS_CA", redis.CaFile), ("REDIS_USERNAME", "bridge"), ("REDIS_PASSWORD", "canary4"));
        (await CheckAsync(("KAFKA_BOOTSTRAP_SERVERS", kafka.Bootstrap))).ShouldMatch(
            "closes connections at once(.|\n)*It probably expects TLS(.|\n)*KAFKA_SECURITY_PROTOCOL");
        await node.ReadyAsync();
        feed.Send("trips", "k", "{");
        feed.Send("trips", "k", Rides.Trip("t"));

        await node.UntilAsync("the trip", () => frontend.Trips.Count == 1);
        (await node.HealthAsync()).GetProperty("status").GetString().ShouldBe("healthy");
        feed.Read("ride-share.dlq", 1).ShouldHaveSingleItem().Message.Value.ShouldBe("{"u8.ToArray());
        await node.StopAsync();
        feed.Lag("stream-processor", "trips").ShouldBe(0);
        node.Log.ShouldNotContain("canary");
    }

    [RedisFact]
    public async Task A_Redis_password_alone_is_enough()
    {
        await using var theatre = await Theatre.EmbeddedAsync();
        await theatre.Redis.CliAsync("CONFIG", "SET", "requirepass", "canary5");
        var node = await theatre.StartReadyAsync(("REDIS_PASSWORD", "canary5"), ("REDIS_DB", "2"));
        theatre.Feed.Send("trips", "k", Rides.Trip("t"));
        await theatre.TripsShownAsync(["t/0"]);
        await node.StopAsync();
        node.Log.ShouldNotContain("canary");
    }

    /// <summary>What <c>streamactors check</c> says when it finds something to mend.</summary>
    private static async Task<string> CheckAsync(params IEnumerable<(string Name, string Value)> settings)
    {
        var (code, output, _) = await RunningNode.RunToEndAsync(settings, "check");
        code.ShouldBe(1);
        return output;
    }
}
