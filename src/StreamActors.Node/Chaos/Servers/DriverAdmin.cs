using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace StreamActors.Node.Chaos;

/// <summary>What a driver asks of Kafka, past all relays.</summary>
internal sealed class DriverAdmin(string servers) : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private readonly IAdminClient client = new AdminClientBuilder(
        new AdminClientConfig { BootstrapServers = servers }).SetLogHandler(static (_, _) => { }).Build();

    /// <summary>Whether so many brokers are members, and every replica is in sync.</summary>
    public async Task<bool> IsWholeAsync(int brokers, CancellationToken stop)
    {
        try
        {
            var metadata = await Task.Run(() => client.GetMetadata(Limit), stop);
            return metadata.Brokers.Count == brokers && metadata.Topics.SelectMany(static topic => topic.Partitions)
                .All(static partition => partition.InSyncReplicas.Length == partition.Replicas.Length);
        }
        catch (KafkaException)
        {
            return false;
        }
    }

    /// <summary>
    /// Creates the topics of a run. Proofs carry the broker's time: it tells when something really came out.
    /// </summary>
    /// <exception cref="UserErrorException">Kafka refuses, or does not answer.</exception>
    public async Task CreateAsync(ProofTopics topics)
    {
        var all = Feed.All.Select(feed => Topic(topics.Of(feed), feed.Partitions))
            .Append(Topic(topics.Proof, Feed.Chain.Partitions, ("message.timestamp.type", "LogAppendTime")))
            .Append(Topic(topics.DeadLetters, 1));
        try
        {
            await client.CreateTopicsAsync(all, new CreateTopicsOptions { RequestTimeout = 4 * Limit });
        }
        catch (KafkaException error)
        {
            throw new UserErrorException($"The topics of the run could not be created: {error.Message}", error);
        }
    }

    /// <summary>Deletes the topics of a run, if Kafka lets it: they are of no use to anybody.</summary>
    public async Task DeleteAsync(ProofTopics topics)
    {
        try
        {
            await client.DeleteTopicsAsync([.. Feed.All.Select(topics.Of), topics.Proof, topics.DeadLetters]);
        }
        catch (KafkaException)
        {
            // It does not answer, or does not allow it; the verdict stands either way.
        }
    }

    /// <summary>Sets how often members of a group say that they live, and when they are dead.</summary>
    public Task SetGroupAsync(string group, TimeSpan heartbeat, TimeSpan session)
    {
        var resource = new ConfigResource { Type = ResourceType.Group, Name = group };
        return client.IncrementalAlterConfigsAsync(new Dictionary<ConfigResource, List<ConfigEntry>>
        {
            [resource] =
            [
                Setting("consumer.heartbeat.interval.ms", heartbeat),
                Setting("consumer.session.timeout.ms", session),
            ],
        });
    }

    /// <inheritdoc/>
    public void Dispose() => client.Dispose();

    private static TopicSpecification Topic(
        string name, int partitions, params (string Name, string Value)[] settings) => new()
        {
            Name = name,
            NumPartitions = partitions,
            Configs = settings.ToDictionary(static each => each.Name, static each => each.Value),
        };

    private static ConfigEntry Setting(string name, TimeSpan value) => new()
    {
        Name = name,
        Value = $"{(long)value.TotalMilliseconds}",
        IncrementalOperation = AlterConfigOpType.Set,
    };
}
