using StreamActors.Configuration;

namespace StreamActors.Kafka;

/// <summary>Which of Kafka's two group protocols a member speaks.</summary>
public enum KafkaGroupProtocol
{
    /// <summary>KIP-848 where the broker has it, else the classic one.</summary>
    Auto,

    /// <summary>KIP-848; a broker without it fails the member.</summary>
    Consumer,

    /// <summary>The protocol of brokers before 4.0.</summary>
    Classic,
}

/// <summary>How pipelines read. The defaults favour latency; memory is bounded by the last two.</summary>
public sealed record KafkaConsumerOptions
{
    /// <summary>The group protocol. Members of one group should agree.</summary>
    public KafkaGroupProtocol GroupProtocol { get; init; }

    /// <summary>
    /// After how long without a heartbeat a member is dead, in the classic protocol; under KIP-848 the broker says
    /// (<c>group.consumer.session.timeout.ms</c>), and this counts only where it may not be asked
    /// (<c>DescribeConfigs</c> of the group). A node that was frozen or cut off for most of it lets nothing out until
    /// its group has acknowledged a commit.
    /// </summary>
    public TimeSpan SessionTimeout { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>
    /// After how long without a poll a member is out of its group. Under KIP-848 it also bounds a rebalance; in the
    /// classic protocol it may not be below <see cref="SessionTimeout"/>.
    /// </summary>
    public TimeSpan MaxPollInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// A name that this process keeps over restarts, so that a quick restart moves no partition; null for none. A
    /// process that is killed is then refused until its session has ended.
    /// </summary>
    public string? StaticMember { get; init; }

    /// <summary>The least time between two wake-ups of the poll thread by records: less latency or less CPU.</summary>
    public TimeSpan WakeInterval { get; init; } = TimeSpan.FromMilliseconds(3);

    /// <summary>How soon a new partition or topic is noticed.</summary>
    public TimeSpan MetadataRefresh { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How many bytes a broker gathers before it answers a fetch: halves the CPU at 20,000 records/s against 1.
    /// </summary>
    public int FetchMinBytes { get; init; } = 10 * 1024;

    /// <summary>How long a broker gathers at most: the latency that gathering adds where traffic is low.</summary>
    public TimeSpan FetchMaxWait { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>How many bytes of a partition a fetch brings at most; a larger record still comes, alone.</summary>
    public int MaxPartitionFetchBytes { get; init; } = 1024 * 1024;

    /// <summary>How many bytes of each partition are kept unread: the memory is this times partitions.</summary>
    public int QueuedBytesPerPartition { get; init; } = 2 * 1024 * 1024;

    internal static KafkaConsumerOptions Read(SettingsReader reader, KafkaConsumerOptions given)
    {
        var (second, day) = (TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
        var options = new KafkaConsumerOptions
        {
            GroupProtocol = reader.OneOf(nameof(GroupProtocol), given.GroupProtocol),
            SessionTimeout = reader.Time(nameof(SessionTimeout), given.SessionTimeout, second, TimeSpan.FromHours(1)),
            MaxPollInterval = reader.Time(nameof(MaxPollInterval), given.MaxPollInterval, second, day),
            StaticMember = reader.Optional(nameof(StaticMember), given.StaticMember),
            WakeInterval = reader.Time(nameof(WakeInterval), given.WakeInterval, TimeSpan.Zero, second),
            MetadataRefresh = reader.Time(
                nameof(MetadataRefresh), given.MetadataRefresh, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1)),
            FetchMinBytes = reader.Number(nameof(FetchMinBytes), given.FetchMinBytes, 1, 100_000_000),
            FetchMaxWait = reader.Time(
                nameof(FetchMaxWait), given.FetchMaxWait, TimeSpan.Zero, TimeSpan.FromMinutes(5)),
            MaxPartitionFetchBytes = reader.Number(
                nameof(MaxPartitionFetchBytes), given.MaxPartitionFetchBytes, 1, 1_000_000_000),
            QueuedBytesPerPartition = reader.Number(
                nameof(QueuedBytesPerPartition), given.QueuedBytesPerPartition, 1024),
        };
        if (options.GroupProtocol != KafkaGroupProtocol.Consumer && options.MaxPollInterval < options.SessionTimeout)
        {
            reader.Mistake(
                $"The Kafka poll interval {options.MaxPollInterval} is below the session time-out "
                + $"{options.SessionTimeout}, which a classic group does not allow. Raise the one or lower the other "
                + $"({reader.NameOf(nameof(MaxPollInterval))} and {nameof(SessionTimeout)}, or "
                + "KAFKA_MAX_POLL_INTERVAL_MS and KAFKA_SESSION_TIMEOUT_MS), or choose the protocol consumer "
                + $"({nameof(GroupProtocol)}, KAFKA_GROUP_PROTOCOL).");
        }

        return options;
    }
}
