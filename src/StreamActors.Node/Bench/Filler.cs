using Confluent.Kafka;

namespace StreamActors.Node.Bench;

/// <summary>
/// Produces records into a topic. It keeps its connections between two fills: a record's time is that of its making,
/// so connecting would be taken for latency.
/// </summary>
internal sealed class Filler(string servers, string topic, bool paced) : IDisposable
{
    private readonly IProducer<byte[], byte[]> producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig
    {
        BootstrapServers = servers,
        EnableIdempotence = true,
        LingerMs = paced ? 1 : 20,
        CompressionType = CompressionType.Lz4,
        QueueBufferingMaxMessages = 500_000,
        EnableDeliveryReports = false,
    }).Build();

    /// <summary>Produces records; returns when the broker has them.</summary>
    /// <param name="maker">Makes them.</param>
    /// <param name="records">How many.</param>
    /// <param name="perSecond">The rate; null = as fast as it can.</param>
    /// <param name="stop">Ends it early.</param>
    public void Fill(IRecordMaker maker, long records, int? perSecond, CancellationToken stop)
    {
        var began = TimeProvider.System.GetTimestamp();
        for (long made = 0; made < records && !stop.IsCancellationRequested; made++)
        {
            if (perSecond is { } rate)
            {
                Pace(began, made, rate, stop);
            }

            maker.Next(TimeProvider.System.GetUtcNow(), out var key, out var value);
            var message = new Message<byte[], byte[]> { Key = key.ToArray(), Value = value.ToArray() };
            while (!TryProduce(message))
            {
                producer.Poll(TimeSpan.FromMilliseconds(5));
            }
        }

        producer.Flush(CancellationToken.None);
    }

    /// <inheritdoc/>
    public void Dispose() => producer.Dispose();

    private static void Pace(long began, long made, int rate, CancellationToken stop)
    {
        // Millisecond by millisecond: finer than any latency that is measured, and cheap.
        var ahead = (made * 1000.0 / rate) - TimeProvider.System.GetElapsedTime(began).TotalMilliseconds;
        if (ahead >= 1)
        {
            stop.WaitHandle.WaitOne((int)ahead);
        }
    }

    private bool TryProduce(Message<byte[], byte[]> message)
    {
        try
        {
            producer.Produce(topic, message);
            return true;
        }
        catch (ProduceException<byte[], byte[]> error) when (error.Error.Code == ErrorCode.Local_QueueFull)
        {
            return false;
        }
    }
}
