using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using StreamActors.Records;
using StreamActors.Sources;

namespace StreamActors.Kafka;

/// <summary>A topic as the cluster has it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Partitions">How many partitions it has.</param>
/// <param name="Replication">How many replicas each partition has; the least of them where they differ.</param>
/// <param name="Leaderless">How many partitions have no leader now, and can be neither read nor written.</param>
internal sealed record KafkaTopic(string Name, int Partitions, int Replication, int Leaderless);

/// <summary>A member of a group, as the broker knows it.</summary>
/// <param name="ClientId">What its client calls itself.</param>
/// <param name="Host">Where it is connected from.</param>
internal sealed record KafkaGroupMember(string ClientId, string Host);

/// <summary>
/// Administration with the same security as everything else. Any thread may call it; no call blocks one. A question
/// that no broker answers fails with a <see cref="SourceException"/> after <see cref="Limit"/>.
/// </summary>
internal sealed class KafkaAdmin : IDisposable
{
    /// <summary>How long a broker has to answer.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private readonly KafkaOptions options;
    private readonly IAdminClient client;

    // Since the last answer, not since the last question: the client says a thing once, and a health check may ask in
    // the middle of another question.
    private volatile Error? complaint;

    /// <summary>Makes a client; it connects with the first question.</summary>
    /// <exception cref="PipelineException">The Kafka client refuses a setting; the message names it.</exception>
    public KafkaAdmin(KafkaOptions options)
    {
        this.options = options;
        var builder = new AdminClientBuilder(KafkaSettings.Admin(options)).SetErrorHandler((_, error) => Note(error));
        if (!KafkaSettings.Debugs(options))
        {
            builder.SetLogHandler((_, log) => NoteClosing(log));
        }

        client = KafkaClients.Make(options, builder.Build);
    }

    /// <summary>All topics that this user may see, by name, without Kafka's internal ones.</summary>
    /// <exception cref="SourceException">No broker answered.</exception>
    public Task<IReadOnlyList<KafkaTopic>> ListAsync(CancellationToken stop) => AskAsync<IReadOnlyList<KafkaTopic>>(
        "The topics could not be listed",
        async () =>
        {
            // The only blocking question: the asynchronous ones want the names first. It ends by itself.
            var metadata = await Task.Run(() => client.GetMetadata(Limit), stop).WaitAsync(stop);
            return metadata.Topics
                .Where(topic => !topic.Topic.StartsWith("__", StringComparison.Ordinal))
                .Select(topic => new KafkaTopic(
                    topic.Topic,
                    topic.Partitions.Count,
                    topic.Partitions.Select(partition => partition.Replicas.Length).DefaultIfEmpty().Min(),
                    topic.Partitions.Count(partition => partition.Leader < 0)))
                .OrderBy(topic => topic.Name, StringComparer.Ordinal)
                .ToList();
        });

    /// <summary>Those of the topics that exist.</summary>
    /// <exception cref="SourceException">No broker answered, or it does not allow the question.</exception>
    public Task<IReadOnlyList<KafkaTopic>> DescribeAsync(IReadOnlyList<string> names, CancellationToken stop) =>
        AskAsync<IReadOnlyList<KafkaTopic>>(
            "The topics could not be described",
            async () =>
            {
                var question = TopicCollection.OfTopicNames(names);
                try
                {
                    var answer = await client.DescribeTopicsAsync(
                        question, new DescribeTopicsOptions { RequestTimeout = Limit }).WaitAsync(stop);
                    return Existing(answer.TopicDescriptions);
                }
                catch (DescribeTopicsException error)
                {
                    // That a topic does not exist is an answer; anything else that is wrong with one is not.
                    var wrong = error.Results.TopicDescriptions.Find(topic =>
                        topic.Error.IsError && topic.Error.Code != ErrorCode.UnknownTopicOrPart);
                    return wrong is null
                        ? Existing(error.Results.TopicDescriptions)
                        : throw new SourceException(
                            $"The topic {wrong.Name} could not be described: {Explain(wrong.Error)}", error)
                        {
                            Topic = wrong.Name,
                        };
                }
            });

    /// <summary>Creates those of the topics that do not exist yet.</summary>
    /// <returns>The names of those that were created.</returns>
    /// <exception cref="SourceException">No broker answered, or it refused.</exception>
    public Task<IReadOnlyList<string>> CreateAsync(IReadOnlyList<TopicSpec> topics, CancellationToken stop) =>
        AskAsync<IReadOnlyList<string>>(
            $"The topics {string.Join(", ", topics.Select(static topic => topic.Name))} could not be created",
            async () =>
            {
                var wanted = topics.Select(topic => new TopicSpecification
                {
                    Name = topic.Name,
                    NumPartitions = topic.Partitions,
                    ReplicationFactor = topic.Replication,
                });
                var existing = new HashSet<string>(StringComparer.Ordinal);
                try
                {
                    await client.CreateTopicsAsync(wanted, new CreateTopicsOptions { RequestTimeout = Limit })
                        .WaitAsync(stop);
                }
                catch (CreateTopicsException error)
                {
                    var refused = error.Results.Find(result =>
                        result.Error.IsError && result.Error.Code != ErrorCode.TopicAlreadyExists);
                    if (refused is not null)
                    {
                        throw new SourceException(
                            $"Topic {refused.Topic} could not be created: {refused.Error.Reason}.", error);
                    }

                    existing.UnionWith(error.Results.Where(result => result.Error.IsError).Select(r => r.Topic));
                }

                return topics.Select(topic => topic.Name).Where(name => !existing.Contains(name)).ToList();
            });

    /// <summary>
    /// After how long without a heartbeat a member of a KIP-848 group is dead: the group's setting, or its broker's.
    /// Null where the cluster does not say: it has no such groups, does not answer, or does not let this user ask.
    /// </summary>
    public async Task<TimeSpan?> SessionTimeoutAsync(string group)
    {
        const string Setting = "consumer.session.timeout.ms";
        try
        {
            var answers = await client.DescribeConfigsAsync(
                [new ConfigResource { Type = ResourceType.Group, Name = group }],
                new DescribeConfigsOptions { RequestTimeout = Limit });
            return answers.Single().Entries.TryGetValue(Setting, out var entry)
                && int.TryParse(entry.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds)
                ? TimeSpan.FromMilliseconds(milliseconds)
                : null;
        }
        catch (KafkaException)
        {
            return null;
        }
    }

    /// <summary>Who is in a group; empty for one that does not exist.</summary>
    /// <exception cref="SourceException">No broker answered, or it cannot say.</exception>
    public Task<IReadOnlyList<KafkaGroupMember>> MembersAsync(string group, CancellationToken stop) =>
        AskAsync<IReadOnlyList<KafkaGroupMember>>(
            $"Whether the group {group} has members could not be found out",
            async () =>
            {
                try
                {
                    var answer = await client.DescribeConsumerGroupsAsync(
                        [group], new DescribeConsumerGroupsOptions { RequestTimeout = Limit }).WaitAsync(stop);
                    return MembersOf(answer.ConsumerGroupDescriptions);
                }
                catch (DescribeConsumerGroupsException error)
                {
                    // That a group does not exist is an answer.
                    var wrong = error.Results.ConsumerGroupDescriptions.Find(each =>
                        each.Error.IsError && each.Error.Code != ErrorCode.GroupIdNotFound);
                    return wrong?.Error.Code switch
                    {
                        null => MembersOf(error.Results.ConsumerGroupDescriptions),
                        ErrorCode.Local_UnsupportedFeature => throw new SourceException(
                            $"The brokers at {options.BootstrapServers} cannot say who is in the group {group}: the "
                            + "embedded broker of the demo cannot, and Kafka can.",
                            error),
                        _ => throw new KafkaException(wrong!.Error, error),
                    };
                }
            });

    /// <summary>The topics of which a group has committed offsets.</summary>
    /// <exception cref="SourceException">No broker answered, or it does not allow the question.</exception>
    public Task<IReadOnlyList<string>> CommittedTopicsAsync(string group, CancellationToken stop) =>
        AskAsync<IReadOnlyList<string>>(
            $"The committed offsets of the group {group} could not be read",
            async () =>
            {
                var answer = await client.ListConsumerGroupOffsetsAsync(
                    [new ConsumerGroupTopicPartitions(group, null)],
                    new ListConsumerGroupOffsetsOptions { RequestTimeout = Limit }).WaitAsync(stop);
                return answer.SelectMany(static result => result.Partitions)
                    .Where(static partition => partition.Offset.Value >= 0)
                    .Select(static partition => partition.Topic)
                    .Distinct().Order(StringComparer.Ordinal).ToList();
            });

    /// <summary>An offset of each of these partitions; that of a time behind the last record is the end.</summary>
    /// <exception cref="SourceException">No broker answered, or a partition has none.</exception>
    public Task<IReadOnlyDictionary<PartitionId, long>> OffsetsAsync(
        IReadOnlyList<PartitionId> partitions, OffsetSpec of, CancellationToken stop) =>
        AskAsync<IReadOnlyDictionary<PartitionId, long>>(
            "The offsets of partitions could not be read",
            async () =>
            {
                if (partitions.Count == 0)
                {
                    return new Dictionary<PartitionId, long>();
                }

                var answer = await client.ListOffsetsAsync(
                    partitions.Select(partition => new TopicPartitionOffsetSpec
                    {
                        TopicPartition = new TopicPartition(partition.Topic, partition.Number),
                        OffsetSpec = of,
                    }),
                    new ListOffsetsOptions { RequestTimeout = Limit }).WaitAsync(stop);
                var found = answer.ResultInfos.Select(static info => info.TopicPartitionOffsetError)
                    .ToDictionary(static each => new PartitionId(each.Topic, each.Partition), static each => each);
                return found.Values.FirstOrDefault(static each => each.Error.IsError) is { } wrong
                    ? throw new KafkaException(wrong.Error)
                    : found.ToDictionary(static each => each.Key, static each => each.Value.Offset.Value);
            });

    /// <summary>Whether a broker answers within <see cref="Limit"/>. Never throws for one that does not.</summary>
    public async ValueTask<bool> IsReachableAsync(CancellationToken stop)
    {
        try
        {
            return await BrokersAsync(stop) > 0;
        }
        catch (KafkaException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => client.Dispose();

    /// <summary>
    /// How many brokers the cluster has. It is asked over the wire each time, never taken from what the client knows
    /// (<c>rd_kafka_admin_MetadataRequest</c> is always forced).
    /// </summary>
    /// <exception cref="KafkaException">No broker answered; <see cref="Explain"/> says more.</exception>
    internal async Task<int> BrokersAsync(CancellationToken stop)
    {
        var cluster = await client.DescribeClusterAsync(new DescribeClusterOptions { RequestTimeout = Limit })
            .WaitAsync(stop);
        complaint = null;
        return cluster.Nodes.Count;
    }

    /// <summary>What is wrong when no answer came: the client's last complaint that said more than that.</summary>
    internal KafkaFault Explain(Error error) =>
        KafkaFault.Explain(complaint is { } said && KafkaFault.Weight(error) == 0 ? said : error, options);

    // That a broker hung up is logged and is no error; it is all that tells of a port that wants TLS.
    private void NoteClosing(LogMessage log)
    {
        if (log.Facility == "FAIL")
        {
            var text = log.Message.AsSpan(log.Message.IndexOf(']') + 1);    // behind the name of librdkafka's thread
            Note(new Error(ErrorCode.Local_Transport, text.TrimStart(": ").ToString()));
        }
    }

    private void Note(Error error)
    {
        if (complaint is null || KafkaFault.Weight(error) >= KafkaFault.Weight(complaint))
        {
            complaint = error;
        }
    }

    private static List<KafkaGroupMember> MembersOf(IEnumerable<ConsumerGroupDescription> groups) =>
    [
        .. groups.Where(static group => !group.Error.IsError).SelectMany(static group => group.Members)
            .Select(static member => new KafkaGroupMember(member.ClientId, member.Host.TrimStart('/'))),
    ];

    private static List<KafkaTopic> Existing(IEnumerable<TopicDescription> descriptions) => descriptions
        .Where(topic => !topic.Error.IsError)
        .Select(topic => new KafkaTopic(
            topic.Name,
            topic.Partitions.Count,
            topic.Partitions.Select(partition => partition.Replicas.Count).DefaultIfEmpty().Min(),
            topic.Partitions.Count(partition => partition.Leader is null)))
        .ToList();

    private async Task<T> AskAsync<T>(string what, Func<Task<T>> ask)
    {
        try
        {
            var answer = await ask();
            complaint = null;
            return answer;
        }
        catch (KafkaException error)
        {
            throw new SourceException($"{what}: {Explain(error.Error)}", error);
        }
    }
}
