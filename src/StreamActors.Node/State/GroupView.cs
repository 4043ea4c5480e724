using Confluent.Kafka.Admin;
using StreamActors.Kafka;
using StreamActors.Records;

namespace StreamActors.Node.State;

/// <summary>A group as Kafka has it, for commands that move its offsets.</summary>
internal sealed class GroupView : IDisposable
{
    private readonly string group;
    private readonly KafkaAdmin admin;
    private readonly GroupOffsets offsets;

    /// <summary>Makes it; it connects with the first question.</summary>
    /// <exception cref="PipelineException">The Kafka client refuses a setting; the message names it.</exception>
    public GroupView(KafkaOptions options, string group)
    {
        this.group = group;
        admin = new KafkaAdmin(options);
        offsets = new GroupOffsets(options, group);
    }

    /// <summary>The topics of which the group has committed offsets.</summary>
    /// <exception cref="Sources.SourceException">Kafka did not answer.</exception>
    public Task<IReadOnlyList<string>> TopicsAsync(CancellationToken stop) => admin.CommittedTopicsAsync(group, stop);

    /// <summary>Who is in the group.</summary>
    /// <exception cref="Sources.SourceException">Kafka did not answer, or cannot say.</exception>
    public Task<IReadOnlyList<KafkaGroupMember>> MembersAsync(CancellationToken stop) =>
        admin.MembersAsync(group, stop);

    /// <summary>All partitions of topics, with what is committed: as a move that changes nothing.</summary>
    /// <exception cref="RefusedException">A topic does not exist.</exception>
    /// <exception cref="Sources.SourceException">Kafka did not answer.</exception>
    public async Task<IReadOnlyList<OffsetMove>> PartitionsAsync(IReadOnlyList<string> topics, CancellationToken stop)
    {
        if (topics.Count == 0)
        {
            return [];
        }

        var existing = await admin.DescribeAsync(topics, stop);
        var missing = topics.Except(existing.Select(static topic => topic.Name)).ToList();
        if (missing.Count > 0)
        {
            throw new RefusedException(
                $"Kafka has no topic {string.Join(", ", missing)}. Check its name, or the cluster (--kafka).");
        }

        PartitionId[] partitions =
        [
            .. existing.SelectMany(static topic =>
                Enumerable.Range(0, topic.Partitions).Select(number => new PartitionId(topic.Name, number))),
        ];
        var first = await admin.OffsetsAsync(partitions, OffsetSpec.Earliest(), stop);
        var end = await admin.OffsetsAsync(partitions, OffsetSpec.Latest(), stop);
        var committed = existing.SelectMany(topic => offsets.Committed(topic.Name, topic.Partitions))
            .ToDictionary(static each => each.Place.Partition);
        return
        [
            .. partitions.Select(partition => (Partition: partition, Committed: Find(partition)))
                .Select(each => new OffsetMove(each.Partition, each.Committed)
                {
                    To = each.Committed?.Place.Offset ?? end[each.Partition],
                    HasState = each.Committed is { HasState: true },
                    First = first[each.Partition],
                    End = end[each.Partition],
                }),
        ];

        CommittedOffset? Find(PartitionId partition) =>
            committed.TryGetValue(partition, out var found) ? found : null;
    }

    /// <summary>The offsets of the first records of a time or later; the end where there are none.</summary>
    /// <exception cref="Sources.SourceException">Kafka did not answer.</exception>
    public async Task<IReadOnlyDictionary<PartitionId, long>> OffsetsOfAsync(
        IReadOnlyList<PartitionId> partitions, DateTimeOffset time, CancellationToken stop) =>
        await admin.OffsetsAsync(partitions, OffsetSpec.ForTimestamp(time.ToUnixTimeMilliseconds()), stop);

    /// <summary>Commits; Kafka refuses it while the group has a member.</summary>
    /// <exception cref="Sources.SourceException">It is not known to be done.</exception>
    public Task CommitAsync(IReadOnlyList<CommittedOffset> wanted, CancellationToken stop) =>
        offsets.CommitAsync(wanted, stop);

    /// <inheritdoc/>
    public void Dispose()
    {
        offsets.Dispose();
        admin.Dispose();
    }
}
