using Confluent.Kafka;
using StreamActors.Configuration;
using StreamActors.Kafka;
using StreamActors.Limits;
using StreamActors.Redis;

namespace StreamActors.Pipelines.RideShare;

/// <summary>The settings of the ride-share pipeline, by the names of the service that it replaces.</summary>
public sealed record RideShareSettings
{
    private const string RetriesForever =
        "a delivery is repeated until it succeeds, so there is no number of attempts to set";

    /// <summary>How to reach Kafka.</summary>
    public required KafkaOptions Kafka { get; init; }

    /// <summary>How to reach Redis.</summary>
    public required RedisOptions Redis { get; init; }

    /// <summary>The consumer group.</summary>
    public required string GroupId { get; init; }

    /// <summary>Where a new group starts.</summary>
    public required StartAt StartAt { get; init; }

    /// <summary>The topics that are read.</summary>
    public required IReadOnlyList<RideShareTopic> Topics { get; init; }

    /// <summary>How long GPS pings are gathered.</summary>
    public required TimeSpan Window { get; init; }

    /// <summary>Of how many GPS pings of an entity one goes on; null = the last one of each window does.</summary>
    public required int? SampleRate { get; init; }

    /// <summary>How long an event id counts as seen; zero turns it off.</summary>
    public required TimeSpan DedupWindow { get; init; }

    /// <summary>When offsets are committed.</summary>
    public required PipelineTiming Timing { get; init; }

    /// <summary>Where invalid events go; null = they are counted and dropped.</summary>
    public required string? DeadLetterTopic { get; init; }

    /// <summary>How many partitions and replicas missing topics get.</summary>
    public required (int Partitions, short Replication) NewTopics { get; init; }

    /// <summary>Reads the settings; mistakes are the reader's.</summary>
    public static RideShareSettings Read(SettingsReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var settings = new RideShareSettings
        {
            Kafka = ReadKafka(reader),
            Redis = ReadRedis(reader),
            GroupId = reader.Text("KAFKA_GROUP_ID", "stream-processor"),
            StartAt = reader.OneOf("KAFKA_AUTO_OFFSET_RESET", "latest", "earliest", "latest") == "earliest"
                ? StartAt.Earliest
                : StartAt.Latest,
            Timing = ReadTiming(reader),
            DeadLetterTopic = reader.Text("KAFKA_DLQ_TOPIC", "") is { Length: > 0 } topic ? topic : null,
            NewTopics = (
                reader.Number("KAFKA_TOPIC_PARTITIONS", RideShareTopic.DefaultPartitions, 1, 10_000),
                (short)reader.Number("KAFKA_TOPIC_REPLICATION", RideShareTopic.DefaultReplication, 1, 100)),
            Topics = ReadTopics(reader),
            Window = Milliseconds(reader.Number("PROCESSOR_WINDOW_SIZE_MS", 100, 50, 5_000)),
            SampleRate = ReadSampleRate(reader),
            DedupWindow = TimeSpan.FromSeconds(reader.Number("PROCESSOR_DEDUP_WINDOW_SECONDS", 60, 0, 86_400)),
        };
        reader.Ignored("PROCESSOR_MAX_RETRIES", RetriesForever);
        reader.Ignored("PROCESSOR_RETRY_BACKOFF_BASE_MS", RetriesForever);
        return settings;
    }

    private static KafkaOptions ReadKafka(SettingsReader reader)
    {
        var servers = reader.Text("KAFKA_BOOTSTRAP_SERVERS", "localhost:9092");
        var user = reader.Text("KAFKA_SASL_USERNAME", "");
        var protocol = reader.OneOf(
            "KAFKA_SECURITY_PROTOCOL",
            user.Length > 0 ? "SASL_PLAINTEXT" : "PLAINTEXT",
            "PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL");
        var mechanism = reader.OneOf("KAFKA_SASL_MECHANISM", "PLAIN", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512");
        var security = new KafkaSecurityOptions
        {
            Protocol = Parse<SecurityProtocol>(protocol),
            Mechanism = Parse<SaslMechanism>(mechanism),
            User = user.Length > 0 ? user : null,
            Password = reader.Secret("KAFKA_SASL_PASSWORD") is { Length: > 0 } password ? password : null,
            CaFile = reader.Text("KAFKA_SSL_CA_LOCATION", "") is { Length: > 0 } file ? file : null,
        };
        IgnoreSecurity(reader, protocol);
        var options = new KafkaOptions
        {
            BootstrapServers = servers,
            Security = security,
            Consumer = ReadConsumer(reader),
        };
        foreach (var problem in options.Problems())
        {
            reader.Mistake(problem);
        }

        return options;
    }

    private static void IgnoreSecurity(SettingsReader reader, string protocol)
    {
        if (!protocol.StartsWith("SASL", StringComparison.Ordinal))
        {
            const string NoLogin = "KAFKA_SECURITY_PROTOCOL is one without a log-in";
            reader.Ignored("KAFKA_SASL_MECHANISM", NoLogin);
            reader.Ignored("KAFKA_SASL_USERNAME", NoLogin);
            reader.Ignored("KAFKA_SASL_PASSWORD", NoLogin);
        }

        if (!protocol.EndsWith("SSL", StringComparison.Ordinal))
        {
            reader.Ignored("KAFKA_SSL_CA_LOCATION", "KAFKA_SECURITY_PROTOCOL is one without TLS");
        }
    }

    private static KafkaConsumerOptions ReadConsumer(SettingsReader reader)
    {
        var protocol = reader.OneOf("KAFKA_GROUP_PROTOCOL", "auto", "auto", "consumer", "classic");
        var session = reader.Number("KAFKA_SESSION_TIMEOUT_MS", 30_000, 1_000, 1_800_000);
        if (protocol != "classic")
        {
            reader.Ignored(
                "KAFKA_SESSION_TIMEOUT_MS",
                "the broker sets it for KIP-848 groups (group.consumer.session.timeout.ms); it holds for classic ones");
        }

        return new KafkaConsumerOptions
        {
            GroupProtocol = Enum.Parse<KafkaGroupProtocol>(protocol, ignoreCase: true),
            SessionTimeout = Milliseconds(session),
            MaxPollInterval = Milliseconds(reader.Number("KAFKA_MAX_POLL_INTERVAL_MS", 300_000, 10_000, 86_400_000)),
            FetchMinBytes = reader.Number("KAFKA_FETCH_MIN_BYTES", 10_240, 1, 100_000_000),
            FetchMaxWait = Milliseconds(reader.Number("KAFKA_FETCH_MAX_WAIT_MS", 10, 0, 300_000)),
            MaxPartitionFetchBytes = reader.Number("KAFKA_MAX_PARTITION_FETCH_BYTES", 1_048_576, 1_024, 1_000_000_000),
        };
    }

    private static PipelineTiming ReadTiming(SettingsReader reader)
    {
        var byTimer = reader.Flag("KAFKA_ENABLE_AUTO_COMMIT", false);
        var timer = Milliseconds(reader.Number("KAFKA_AUTO_COMMIT_INTERVAL_MS", 5_000, 100, 3_600_000));
        var count = reader.Number("KAFKA_BATCH_COMMIT_SIZE", 100, 1);
        var interval = reader.Seconds("KAFKA_COMMIT_INTERVAL_SEC", 5, 0.1, 3_600);
        if (byTimer)
        {
            const string ByTimer = "with KAFKA_ENABLE_AUTO_COMMIT, KAFKA_AUTO_COMMIT_INTERVAL_MS alone decides";
            reader.Ignored("KAFKA_BATCH_COMMIT_SIZE", ByTimer);
            reader.Ignored("KAFKA_COMMIT_INTERVAL_SEC", ByTimer);
            return new PipelineTiming { CommitInterval = timer, CommitRecords = int.MaxValue };
        }

        reader.Ignored(
            "KAFKA_AUTO_COMMIT_INTERVAL_MS",
            "without KAFKA_ENABLE_AUTO_COMMIT, KAFKA_COMMIT_INTERVAL_SEC and KAFKA_BATCH_COMMIT_SIZE decide");
        return new PipelineTiming { CommitInterval = interval, CommitRecords = count };
    }

    private static RedisOptions ReadRedis(SettingsReader reader)
    {
        var user = reader.Text("REDIS_USERNAME", "");
        var caFile = reader.Text("REDIS_TLS_CA", "");
        var options = new RedisOptions
        {
            Host = reader.Text("REDIS_HOST", "localhost"),
            Port = reader.Number("REDIS_PORT", 6379, 1, 65_535),
            User = user.Length > 0 ? user : null,
            Password = reader.Secret("REDIS_PASSWORD"),
            Database = reader.Number("REDIS_DB", 0, 0),
            Tls = reader.Flag("REDIS_TLS", false),
            TlsCaFile = caFile.Length > 0 ? caFile : null,
        };
        foreach (var problem in options.Problems())
        {
            reader.Mistake(problem);
        }

        return options;
    }

    private static List<RideShareTopic> ReadTopics(SettingsReader reader)
    {
        var topics = new List<RideShareTopic>();
        foreach (var name in reader.List("PROCESSOR_TOPICS", "gps_pings,trips,driver_status,surge_updates").Distinct())
        {
            if (RideShareTopics.Find(name) is { } topic)
            {
                topics.Add(topic);
            }
            else
            {
                var known = string.Join(", ", RideShareTopics.All.Select(static each => each.Name));
                reader.Mistake($"PROCESSOR_TOPICS names {name}, which has no handler. Known: {known}.");
            }
        }

        foreach (var (flag, topic) in Switches)
        {
            if (!reader.Flag(flag, true))
            {
                topics.Remove(topic);
            }
        }

        if (topics.Count == 0)
        {
            reader.Mistake("PROCESSOR_TOPICS and the PROCESSOR_…_ENABLED switches leave no topic to read.");
        }

        return topics;
    }

    private static IEnumerable<(string Flag, RideShareTopic Topic)> Switches =>
    [
        ("PROCESSOR_GPS_ENABLED", RideShareTopics.GpsPings),
        ("PROCESSOR_TRIPS_ENABLED", RideShareTopics.Trips),
        ("PROCESSOR_DRIVER_STATUS_ENABLED", RideShareTopics.DriverStatus),
        ("PROCESSOR_SURGE_ENABLED", RideShareTopics.SurgeUpdates),
    ];

    private static int? ReadSampleRate(SettingsReader reader)
    {
        var strategy = reader.OneOf("PROCESSOR_AGGREGATION_STRATEGY", "latest", "latest", "sample");
        var rate = reader.Number("PROCESSOR_SAMPLE_RATE", 10, 1);
        if (strategy == "latest")
        {
            reader.Ignored("PROCESSOR_SAMPLE_RATE", "it counts with PROCESSOR_AGGREGATION_STRATEGY=sample");
        }

        return strategy == "latest" ? null : rate;
    }

    private static T Parse<T>(string word)
        where T : struct, Enum => Enum.Parse<T>(string.Concat(word.Where(char.IsLetterOrDigit)), ignoreCase: true);

    private static TimeSpan Milliseconds(int number) => TimeSpan.FromMilliseconds(number);
}
