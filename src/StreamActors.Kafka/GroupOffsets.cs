using Confluent.Kafka;
using StreamActors.Kafka.Native;
using StreamActors.Records;
using StreamActors.Sources;

namespace StreamActors.Kafka;

/// <summary>
/// The committed offsets of a group for its operator, with the mark that a store has state for them, which the
/// administration of the client does not know. It never joins: Kafka takes its commits while the group has no member,
/// and refuses them otherwise, so no member is overtaken by one.
/// </summary>
internal sealed class GroupOffsets : IDisposable
{
    private readonly KafkaOptions options;
    private readonly string group;
    private readonly IConsumer<Ignore, Ignore> client;
    private readonly CommitQueue commits;

    /// <summary>Makes a client; it connects by itself.</summary>
    /// <exception cref="PipelineException">The Kafka client refuses a setting; the message names it.</exception>
    public GroupOffsets(KafkaOptions options, string group)
    {
        (this.options, this.group) = (options, group);
        var stranger = options with { Consumer = options.Consumer with { StaticMember = null } };
        var settings = KafkaSettings.Consumer(stranger, new GroupSpec("", group, CoPartitioned: false), classic: true);
        var builder = new ConsumerBuilder<Ignore, Ignore>(settings);
        if (!KafkaSettings.Debugs(options))
        {
            builder.SetLogHandler(static (_, _) => { });    // what matters is the answer of a question
        }

        client = KafkaClients.Make(options, builder.Build);
        commits = new CommitQueue(LibRdKafka.HandleOf(client));
    }

    /// <summary>
    /// What is committed of a topic's partitions, and whether a store has state for it; those without are left out.
    /// It blocks, for <see cref="KafkaAdmin.Limit"/> at most.
    /// </summary>
    /// <exception cref="SourceException">The broker did not answer.</exception>
    public IReadOnlyList<CommittedOffset> Committed(string topic, int partitions)
    {
        try
        {
            return
            [
                .. CommitQueue.Committed(
                        LibRdKafka.HandleOf(client), topic, Enumerable.Range(0, partitions), KafkaAdmin.Limit)
                    .Where(static each => each.Offset >= 0)
                    .Select(static each => new CommittedOffset(new(each.Partition, each.Offset), each.HasState)),
            ];
        }
        catch (KafkaException error)
        {
            throw new SourceException(
                $"The committed offsets of the group {group} for {topic} could not be read: "
                + KafkaFault.Explain(error.Error, options),
                error);
        }
    }

    /// <summary>Commits.</summary>
    /// <exception cref="SourceException">
    /// It is not known to be done: the group has members, Kafka does not allow it, or did not answer.
    /// </exception>
    public async Task CommitAsync(IReadOnlyList<CommittedOffset> offsets, CancellationToken stop)
    {
        var marked = offsets.Where(static each => each.HasState).Select(static each => each.Place.Partition);
        try
        {
            await commits.CommitAsync([.. offsets.Select(static each => each.Place)], marked.ToHashSet())
                .WaitAsync(KafkaAdmin.Limit * 2, TimeProvider.System, stop);
        }
        catch (TimeoutException error)
        {
            throw new SourceException(
                $"The group {group}: Kafka did not answer a commit within {KafkaAdmin.Limit.TotalSeconds * 2:0} s.",
                error);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        commits.Close();
        commits.Dispose();
        client.Dispose();
    }
}

/// <summary>An offset that a group has committed.</summary>
/// <param name="Place">The offset.</param>
/// <param name="HasState">Whether a store has state for it.</param>
internal readonly record struct CommittedOffset(PartitionOffset Place, bool HasState);
