using System.Diagnostics;
using Confluent.Kafka;
using StreamActors.Kafka;
using StreamActors.Sources;

namespace StreamActors.Node.Bench;

/// <summary>The topic that a bench fills. What was there before stays, and is not read.</summary>
internal sealed class BenchTopic(string servers, string topic)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Creates the topic where it is missing, and notes where it ends now.</summary>
    public async Task<IReadOnlyList<TopicPartitionOffset>> PrepareAsync(int partitions, CancellationToken stop)
    {
        using var admin = new KafkaAdmin(new KafkaOptions { BootstrapServers = servers });
        await admin.CreateAsync([new TopicSpec(topic, partitions, 1)], stop);
        var found = (await admin.DescribeAsync([topic], stop)).Single().Partitions;
        using var consumer = new ConsumerBuilder<Ignore, Ignore>(
            new ConsumerConfig { BootstrapServers = servers, GroupId = "bench-offsets" }).Build();
        var ends = new List<TopicPartitionOffset>();
        foreach (var partition in Enumerable.Range(0, found).Select(number => new TopicPartition(topic, number)))
        {
            ends.Add(new TopicPartitionOffset(partition, await EndAsync(consumer, partition, stop)));
        }

        return ends;
    }

    /// <summary>Commits offsets for a group, so that it starts there.</summary>
    public void StartGroup(string group, IReadOnlyList<TopicPartitionOffset> starts)
    {
        using var consumer = new ConsumerBuilder<Ignore, Ignore>(
            new ConsumerConfig { BootstrapServers = servers, GroupId = group }).Build();
        consumer.Assign(starts);
        consumer.Commit(starts);
    }

    /// <summary>Where a partition ends. One that was made a moment ago may have no leader yet: asks again.</summary>
    private static async Task<Offset> EndAsync(
        IConsumer<Ignore, Ignore> consumer, TopicPartition partition, CancellationToken stop)
    {
        var since = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return consumer.QueryWatermarkOffsets(partition, Limit).High;
            }
            catch (KafkaException error) when (Stopwatch.GetElapsedTime(since) < Limit && !error.Error.IsFatal)
            {
                await Task.Delay(Pause, TimeProvider.System, stop);
            }
        }
    }
}
