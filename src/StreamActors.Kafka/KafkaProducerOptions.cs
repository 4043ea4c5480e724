namespace StreamActors.Kafka;

/// <summary>How the sink writes: always idempotent, acknowledged by all replicas, compressed by lz4.</summary>
public sealed record KafkaProducerOptions
{
    /// <summary>How long records are gathered into a batch: fewer requests for more latency.</summary>
    public TimeSpan Linger { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>
    /// The largest record that is sent, in bytes; a larger one is refused. The default is Kafka's own; raise it
    /// together with the topic's <c>max.message.bytes</c>.
    /// </summary>
    public int MaxRecordBytes { get; init; } = 1_000_000;

    /// <summary>How many bytes may wait for an acknowledgement before the sink makes its callers wait.</summary>
    public int QueuedBytes { get; init; } = 64 * 1024 * 1024;

    internal void AddProblems(List<string> problems)
    {
        if (Linger < TimeSpan.Zero || Linger > TimeSpan.FromMinutes(1))
        {
            problems.Add($"The Kafka producer's linger {Linger} is not between 0 and one minute.");
        }

        if (MaxRecordBytes < 1000)
        {
            problems.Add($"The largest Kafka record, {MaxRecordBytes} bytes, is below 1,000.");
        }

        if (QueuedBytes < MaxRecordBytes)
        {
            problems.Add($"The Kafka producer's queue, {QueuedBytes} bytes, does not hold one largest record.");
        }
    }
}
