using System.Diagnostics;
using Confluent.Kafka;
using StreamActors.Kafka;
using StreamActors.Sources;

namespace StreamActors.Node.Bench;

/// <summary>The topic that a bench fills. What was there before stays, and is not read.</summary>
internal sealed class BenchTopic(string servers, string topic)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>Creates the topic where it is missing, and notes where it ends now.</summary>
    public async Task<IReadOnlyList<TopicPartitionOffset>> PrepareAsync(int partitions, CancellationToken stop)
    {
        using var admin = new KafkaAdmin(new KafkaOptions { BootstrapServers = servers });
        await admin.CreateAsync([new TopicSpec(topic, partitions, 1)], stop);
        var found = (await admin.DescribeAsync([topic], stop)).Single().Partitions;
        using var consumer = new ConsumerBuilder<Ignore, Ignore>(
            new ConsumerConfig { BootstrapServers = servers, GroupId = "bench-offsets" }).Build();
        return
        [
            .. Enumerable.Range(0, found).Select(number =>
            {
                var partition = new TopicPartition(topic, number);
                return new TopicPartitionOffset(partition, consumer.QueryWatermarkOffsets(partition, Limit).High);
            }),
        ];
    }

    /// <summary>Commits offsets for a group, so that it starts there.</summary>
    public void StartGroup(string group, IReadOnlyList<TopicPartitionOffset> starts)
    {
        using var consumer = new ConsumerBuilder<Ignore, Ignore>(
            new ConsumerConfig { BootstrapServers = servers, GroupId = group }).Build();
        consumer.Assign(starts);
        consumer.Commit(starts);
    }

    /// <summary>Produces records as fast as it can, or at a rate.</summary>
    /// <param name="maker">Makes them.</param>
    /// <param name="records">How many.</param>
    /// <param name="perSecond">The rate; null = as fast as it can.</param>
    /// <param name="stop">Ends it early.</param>
    public void Fill(IRecordMaker maker, long records, int? perSecond, CancellationToken stop)
    {
        using var producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig
        {
            BootstrapServers = servers,
            EnableIdempotence = true,
            LingerMs = perSecond is null ? 20 : 1,
            CompressionType = CompressionType.Lz4,
            QueueBufferingMaxMessages = 500_000,
            EnableDeliveryReports = false,
        }).Build();
        var clock = Stopwatch.StartNew();
        for (long made = 0; made < records && !stop.IsCancellationRequested; made++)
        {
            if (perSecond is { } rate)
            {
                Pace(clock, made, rate, stop);
            }

            maker.Next(TimeProvider.System.GetUtcNow(), out var key, out var value);
            var message = new Message<byte[], byte[]> { Key = key.ToArray(), Value = value.ToArray() };
            while (!TryProduce(producer, message))
            {
                producer.Poll(TimeSpan.FromMilliseconds(5));
            }
        }

        producer.Flush(CancellationToken.None);
    }

    private static void Pace(Stopwatch clock, long made, int rate, CancellationToken stop)
    {
        // Millisecond by millisecond: finer than any latency that is measured, and cheap.
        var ahead = (made * 1000.0 / rate) - clock.Elapsed.TotalMilliseconds;
        if (ahead >= 1)
        {
            stop.WaitHandle.WaitOne((int)ahead);
        }
    }

    private bool TryProduce(IProducer<byte[], byte[]> producer, Message<byte[], byte[]> message)
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
