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
    /// (<c>group.consumer.session.timeout.ms</c>), and this is not used.
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

    internal void AddProblems(List<string> problems)
    {
        if (SessionTimeout < TimeSpan.FromSeconds(1))
        {
            problems.Add($"The Kafka session time-out {SessionTimeout} is below one second.");
        }

        if (GroupProtocol != KafkaGroupProtocol.Consumer && MaxPollInterval < SessionTimeout)
        {
            problems.Add(
                $"The Kafka poll interval {MaxPollInterval} is below the session time-out {SessionTimeout}, which a "
                + "classic group does not allow. Raise the one or lower the other (such as KAFKA_MAX_POLL_INTERVAL_MS "
                + "and KAFKA_SESSION_TIMEOUT_MS), or choose the protocol consumer (KAFKA_GROUP_PROTOCOL).");
        }

        if (WakeInterval < TimeSpan.Zero || WakeInterval > TimeSpan.FromSeconds(1))
        {
            problems.Add($"The Kafka wake interval {WakeInterval} is not between 0 and one second.");
        }

        if (MetadataRefresh < TimeSpan.FromMilliseconds(100))
        {
            problems.Add($"The Kafka metadata refresh {MetadataRefresh} is below 100 milliseconds.");
        }

        if (FetchMinBytes < 1 || MaxPartitionFetchBytes < 1 || QueuedBytesPerPartition < 1024)
        {
            problems.Add("A Kafka fetch size is not positive, or the queue of a partition is below 1,024 bytes.");
        }
    }
}
