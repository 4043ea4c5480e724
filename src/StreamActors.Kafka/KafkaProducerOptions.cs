using StreamActors.Configuration;

namespace StreamActors.Kafka;

/// <summary>How the sink writes: always idempotent, acknowledged by all replicas, compressed by lz4.</summary>
public sealed record KafkaProducerOptions
{
    /// <summary>
    /// How long records are gathered into a batch: fewer requests for more latency. Where an acknowledgement takes
    /// longer than this, and five records of a partition are on their way, the client's thread for that broker asks
    /// without rest whether it may send: longer than an acknowledgement spares a core.
    /// </summary>
    public TimeSpan Linger { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>
    /// The largest record that is sent, in bytes; a larger one is refused. The default is Kafka's own; raise it
    /// together with the topic's <c>max.message.bytes</c>.
    /// </summary>
    public int MaxRecordBytes { get; init; } = 1_000_000;

    /// <summary>How many bytes may wait for an acknowledgement before the sink makes its callers wait.</summary>
    public int QueuedBytes { get; init; } = 64 * 1024 * 1024;

    internal static KafkaProducerOptions Read(SettingsReader reader, KafkaProducerOptions given)
    {
        var largest = reader.Number(nameof(MaxRecordBytes), given.MaxRecordBytes, 1000, 1_000_000_000);
        return new KafkaProducerOptions
        {
            Linger = reader.Time(nameof(Linger), given.Linger, TimeSpan.Zero, TimeSpan.FromMinutes(1)),
            MaxRecordBytes = largest,
            // It must hold one largest record.
            QueuedBytes = reader.Number(nameof(QueuedBytes), given.QueuedBytes, largest),
        };
    }
}
