using Confluent.Kafka;
using Confluent.Kafka.Admin;
using StreamActors.Kafka;

namespace StreamActors.Tests.Kafka;

/// <summary>Plain clients of the tests' own: what they put into a topic does not go through what is tested.</summary>
internal static class Topics
{
    /// <summary>Writes records with numbers as values to one partition.</summary>
    public static void Fill(string servers, string topic, int partition, int from, int count)
    {
        using var producer = new ProducerBuilder<byte[]?, byte[]?>(
            new ProducerConfig { BootstrapServers = servers, LingerMs = 5 }).SetLogHandler((_, _) => { }).Build();
        for (var i = from; i < from + count; i++)
        {
            producer.Produce(
                new TopicPartition(topic, partition),
                new Message<byte[]?, byte[]?> { Value = System.Text.Encoding.UTF8.GetBytes($"{i}") });
        }

        producer.Flush(TimeSpan.FromSeconds(30)).ShouldBe(0);
    }

    /// <summary>Writes one record to partition 0.</summary>
    public static void Put(string servers, string topic, byte[]? key, byte[]? value, Headers? headers = null)
    {
        using var producer = new ProducerBuilder<byte[]?, byte[]?>(new ProducerConfig { BootstrapServers = servers })
            .Build();
        producer.Produce(
            new TopicPartition(topic, 0),
            new Message<byte[]?, byte[]?> { Key = key, Value = value, Headers = headers });
        producer.Flush(TimeSpan.FromSeconds(30)).ShouldBe(0);
    }

    /// <summary>An administrator of a real Kafka.</summary>
    public static IAdminClient Admin(string servers) =>
        new AdminClientBuilder(new AdminClientConfig { BootstrapServers = servers }).Build();

    public static async Task CreateAsync(string servers, string topic, int partitions)
    {
        using var admin = Admin(servers);
        await admin.CreateTopicsAsync(
            [new TopicSpecification { Name = topic, NumPartitions = partitions, ReplicationFactor = 1 }]);
    }

    public static KafkaOptions Options(string servers) => new() { BootstrapServers = servers };
}
