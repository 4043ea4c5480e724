using System.Text;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.RideShare;

/// <summary>What stands before the node: a plain producer, and a look at topics and groups from outside.</summary>
internal sealed class Feed : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly ClientConfig client;
    private readonly IProducer<byte[]?, byte[]?> producer;

    public Feed(ClientConfig client)
    {
        this.client = client;
        var config = new ProducerConfig(client)
        {
            EnableIdempotence = true,
            MessageMaxBytes = 2_000_000,
            QueueBufferingMaxMessages = 1_000_000,
            TopicMetadataRefreshIntervalMs = 1_000,
        };
        producer = new ProducerBuilder<byte[]?, byte[]?>(config)
            .SetLogHandler(static (_, _) => { })
            .SetErrorHandler(static (_, _) => { })
            .Build();
    }

    /// <summary>Sends a record, and returns once the broker has it.</summary>
    public void Send(string topic, string key, string value)
    {
        Enqueue(topic, key, value);
        Flush();
    }

    /// <summary>Sends a record as bytes, or as nothing at all, and returns once the broker has it.</summary>
    public void Send(string topic, byte[]? key, byte[]? value, Headers? headers = null)
    {
        producer.Produce(topic, new Message<byte[]?, byte[]?> { Key = key, Value = value, Headers = headers });
        Flush();
    }

    /// <summary>Hands a record to the producer; <see cref="Flush"/> waits for it.</summary>
    public void Enqueue(string topic, string key, string value) => producer.Produce(
        topic,
        new Message<byte[]?, byte[]?> { Key = Encoding.UTF8.GetBytes(key), Value = Encoding.UTF8.GetBytes(value) });

    /// <summary>Hands a record for one partition to the producer.</summary>
    public void Enqueue(string topic, int partition, string key, string value) => producer.Produce(
        new TopicPartition(topic, partition),
        new Message<byte[]?, byte[]?> { Key = Encoding.UTF8.GetBytes(key), Value = Encoding.UTF8.GetBytes(value) });

    /// <summary>Returns once the broker has all that was sent.</summary>
    public void Flush() => producer.Flush(Limit).ShouldBe(0);

    /// <summary>
    /// The partitions of a topic, asked over the producer's own connections: it can send to those that it has seen.
    /// </summary>
    public IReadOnlyList<TopicPartition> Partitions(string topic)
    {
        using var admin = new DependentAdminClientBuilder(producer.Handle).Build();
        return [.. admin.GetMetadata(topic, Limit).Topics[0].Partitions
            .Select(each => new TopicPartition(topic, each.PartitionId))];
    }

    /// <summary>The names of all topics.</summary>
    public IReadOnlyList<string> TopicNames()
    {
        using var admin = Admin();
        return [.. admin.GetMetadata(Limit).Topics.Select(each => each.Topic)];
    }

    /// <summary>How many records lie between a group's committed offsets and the ends of topics.</summary>
    public long Lag(string group, params IEnumerable<string> topics)
    {
        var partitions = topics.SelectMany(Partitions).ToList();
        using var consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig(client) { GroupId = group })
            .SetLogHandler(static (_, _) => { })
            .Build();
        return consumer.Committed(partitions, Limit).Sum(each =>
            consumer.QueryWatermarkOffsets(each.TopicPartition, Limit).High.Value - Math.Max(each.Offset.Value, 0));
    }

    /// <summary>The first so many records of a topic, from its beginning.</summary>
    public IReadOnlyList<ConsumeResult<byte[]?, byte[]?>> Read(string topic, int count)
    {
        var config = new ConsumerConfig(client) { GroupId = $"reader-{Guid.NewGuid():N}" };
        using var consumer = new ConsumerBuilder<byte[]?, byte[]?>(config).SetLogHandler(static (_, _) => { }).Build();
        consumer.Assign(Partitions(topic).Select(each => new TopicPartitionOffset(each, Offset.Beginning)));
        var read = new List<ConsumeResult<byte[]?, byte[]?>>();
        for (var until = DateTime.UtcNow + Limit; read.Count < count && DateTime.UtcNow < until;)
        {
            if (consumer.Consume(100) is { } record)
            {
                read.Add(record);
            }
        }

        return read;
    }

    public async Task CreateAsync(string topic, int partitions)
    {
        using var admin = Admin();
        await admin.CreateTopicsAsync(
            [new TopicSpecification { Name = topic, NumPartitions = partitions, ReplicationFactor = 1 }]);
    }

    public async Task DeleteAsync(string topic)
    {
        using var admin = Admin();
        await admin.DeleteTopicsAsync([topic]);
    }

    /// <summary>Returns once the producer can send to them.</summary>
    public async Task AddPartitionsAsync(string topic, int upTo)
    {
        using var admin = Admin();
        await admin.CreatePartitionsAsync([new PartitionsSpecification { Topic = topic, IncreaseTo = upTo }]);
        await Machine.UntilAsync(
            "the new partitions", Limit, () => Task.FromResult(Partitions(topic).Count == upTo));
    }

    public void Dispose() => producer.Dispose();

    private IAdminClient Admin() =>
        new AdminClientBuilder(new AdminClientConfig(client)).SetLogHandler(static (_, _) => { }).Build();
}
