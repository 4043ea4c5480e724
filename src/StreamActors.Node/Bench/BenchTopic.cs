using Confluent.Kafka;
using StreamActors.Kafka;
using StreamActors.Sources;

namespace StreamActors.Node.Bench;

/// <summary>
/// The topic that a bench fills. What was there before stays, and is not read. Where it ended after a bench is kept in
/// Kafka, as the offsets of the group <c>bench-offsets</c>: a topic that ends elsewhere is not the bench's alone.
/// </summary>
internal sealed class BenchTopic(string servers, string topic)
{
    private const string OffsetsGroup = "bench-offsets";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Creates the topic where it is missing, and says where it ends now.</summary>
    /// <param name="partitions">How many it gets where it is missing.</param>
    /// <param name="yes">Whether a topic that is not the bench's alone may be filled.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="UserErrorException">It may not.</exception>
    public async Task<IReadOnlyList<TopicPartitionOffset>> PrepareAsync(
        int partitions, bool yes, CancellationToken stop)
    {
        using var admin = new KafkaAdmin(new KafkaOptions { BootstrapServers = servers });
        var isNew = !(await admin.ListAsync(stop)).Any(each => each.Name == topic);
        if (isNew)
        {
            await admin.CreateAsync([new TopicSpec(topic, partitions, 1)], stop);
        }

        var ends = await EndsAsync(stop);
        using var consumer = Consumer(OffsetsGroup);
        if (!isNew && !yes && !consumer.Committed(ends.Select(static end => end.TopicPartition), Limit)
            .ToHashSet().IsSupersetOf(ends))
        {
            throw new UserErrorException(
                $"The topic {topic} at {servers} exists, and not from a bench alone: whoever reads it would take "
                + "millions of made-up records for real ones. Name a Kafka without it (--kafka HOST:PORT), or fill it "
                + "all the same: --yes.");
        }

        return ends;
    }

    /// <summary>Keeps where the topic ends: all up to there is the bench's.</summary>
    public async Task KeepEndsAsync() => StartGroup(OffsetsGroup, await EndsAsync(CancellationToken.None));

    /// <summary>Where the topic ends now.</summary>
    public async Task<IReadOnlyList<TopicPartitionOffset>> EndsAsync(CancellationToken stop)
    {
        using var admin = new KafkaAdmin(new KafkaOptions { BootstrapServers = servers });
        var found = (await admin.ListAsync(stop)).Single(each => each.Name == topic).Partitions;
        using var consumer = Consumer(OffsetsGroup);
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
        using var consumer = Consumer(group);
        consumer.Assign(starts);
        consumer.Commit(starts);
    }

    private IConsumer<Ignore, Ignore> Consumer(string group) => new ConsumerBuilder<Ignore, Ignore>(
        new ConsumerConfig { BootstrapServers = servers, GroupId = group }).Build();

    /// <summary>Where a partition ends. One that was made a moment ago may have no leader yet: asks again.</summary>
    private static async Task<Offset> EndAsync(
        IConsumer<Ignore, Ignore> consumer, TopicPartition partition, CancellationToken stop)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                return consumer.QueryWatermarkOffsets(partition, Limit).High;
            }
            catch (KafkaException error)
                when (TimeProvider.System.GetElapsedTime(since) < Limit && !error.Error.IsFatal)
            {
                await Task.Delay(Pause, TimeProvider.System, stop);
            }
        }
    }
}
