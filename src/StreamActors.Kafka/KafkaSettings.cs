using System.Collections.Frozen;
using Confluent.Kafka;
using StreamActors.Sources;

namespace StreamActors.Kafka;

/// <summary>
/// Turns options into the settings of librdkafka's clients. What is set here beyond the options is what the promises
/// rest on, and what CLIENT.md measured; each has its reason beside it.
/// </summary>
internal static class KafkaSettings
{
    /// <summary>
    /// The settings that <see cref="KafkaOptions.ClientSettings"/> may not change, with all their aliases
    /// (CONFIGURATION.md of librdkafka).
    /// </summary>
    internal static readonly FrozenSet<string> Reserved = new[]
    {
        "group.id", "group.protocol", "group.remote.assignor", "partition.assignment.strategy", "auto.offset.reset",
        "enable.auto.commit", "auto.commit.enable", "enable.auto.offset.store", "enable.partition.eof",
        "enable.idempotence", "acks", "request.required.acks",
        // A record that is given up while later ones are delivered breaks the order, whatever it was given up for.
        "message.timeout.ms", "delivery.timeout.ms", "retries", "message.send.max.retries",
        "delivery.report.only.error",    // a delivery would wait for ever
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>A member of a group.</summary>
    internal static ConsumerConfig Consumer(KafkaOptions options, GroupSpec group, bool classic)
    {
        var reading = options.Consumer;
        var config = new ConsumerConfig(Common(options))
        {
            GroupId = group.GroupId,
            GroupInstanceId = reading.StaticMember,
            EnableAutoCommit = false,        // the engine commits, and only what is done
            EnableAutoOffsetStore = false,
            EnablePartitionEof = false,
            MaxPollIntervalMs = Milliseconds(reading.MaxPollInterval),
            AutoOffsetReset = AutoOffsetReset.Error,    // an offset that is gone is the engine's decision
            AllowAutoCreateTopics = false,
            FetchMinBytes = reading.FetchMinBytes,
            FetchWaitMaxMs = Milliseconds(reading.FetchMaxWait),
            MaxPartitionFetchBytes = reading.MaxPartitionFetchBytes,
            FetchQueueBackoffMs = 10,    // the default, 1,000, stands still for a second each time a queue is full
            QueuedMaxMessagesKbytes = reading.QueuedBytesPerPartition / 1024,    // counts per partition queue
            TopicMetadataRefreshIntervalMs = Milliseconds(reading.MetadataRefresh),
            MetadataMaxAgeMs = 3 * Milliseconds(reading.MetadataRefresh),
            SocketTimeoutMs = 15_000,    // bounds a commit to a frozen coordinator
            LogConnectionClose = false,    // brokers close idle connections: no complaint
        };

        // Set by name: the typed property of a protocol that the other refuses would be set even when it is null.
        if (classic)
        {
            config.Set("group.protocol", "classic");
            config.Set("partition.assignment.strategy", group.CoPartitioned ? "range" : "cooperative-sticky");
            config.Set("session.timeout.ms", $"{Milliseconds(reading.SessionTimeout)}");
            config.Set("heartbeat.interval.ms", $"{Math.Clamp(Milliseconds(reading.SessionTimeout) / 10, 100, 3000)}");
        }
        else
        {
            config.Set("group.protocol", "consumer");
            config.Set("group.remote.assignor", group.CoPartitioned ? "range" : "uniform");
        }

        return Overridden(config, options);
    }

    /// <summary>The sink's producer, and any other that must lose nothing.</summary>
    public static ProducerConfig Producer(KafkaOptions options) =>
        Overridden(
            new ProducerConfig(Common(options))
            {
                EnableIdempotence = true,
                Acks = Acks.All,
                MessageTimeoutMs = 0,    // an outage of any length loses nothing and keeps the order
                LingerMs = options.Producer.Linger.TotalMilliseconds,
                CompressionType = CompressionType.Lz4,
                MessageMaxBytes = options.Producer.MaxRecordBytes,
                QueueBufferingMaxKbytes = options.Producer.QueuedBytes / 1024,
                QueueBufferingMaxMessages = 0,    // bytes are the bound
                DeliveryReportFields = "key",
                LogConnectionClose = false,
            },
            options);

    /// <summary>
    /// Administration, and the questions of health pages. It hears of closed connections: they tell of a
    /// port that wants TLS.
    /// </summary>
    internal static AdminClientConfig Admin(KafkaOptions options) =>
        Overridden(new AdminClientConfig(Common(options)), options);

    /// <summary>Whether librdkafka's own log is wanted, on standard error.</summary>
    internal static bool Debugs(KafkaOptions options) => options.ClientSettings.ContainsKey("debug");

    private static Dictionary<string, string> Common(KafkaOptions options)
    {
        var security = options.Security;
        var common = new ClientConfig
        {
            BootstrapServers = options.BootstrapServers,
            ClientId = options.ClientId,
            SecurityProtocol = security.Protocol,
            ReconnectBackoffMs = 50,
            ReconnectBackoffMaxMs = 1000,    // the default, 10,000, is how long a broker that is back goes unnoticed
            SocketKeepaliveEnable = true,
        };
        if (security.LogsIn)
        {
            common.SaslMechanism = security.Mechanism;
            common.SaslUsername = security.User;
            common.SaslPassword = security.Password;
        }

        if (security is { Encrypts: true, CaFile: not null })
        {
            common.SslCaLocation = security.CaFile;
        }

        return common.ToDictionary(setting => setting.Key, setting => setting.Value);
    }

    private static TConfig Overridden<TConfig>(TConfig config, KafkaOptions options)
        where TConfig : ClientConfig
    {
        foreach (var (name, value) in options.ClientSettings)
        {
            config.Set(name, value);
        }

        return config;
    }

    private static int Milliseconds(TimeSpan span) => (int)span.TotalMilliseconds;
}
