using StreamActors.Events;
using StreamActors.Sources;

namespace StreamActors.Kafka;

/// <summary>Kafka as the place that pipelines read from.</summary>
/// <param name="options">How to reach the cluster.</param>
/// <param name="clock">Measures waits.</param>
internal sealed class KafkaSource(KafkaOptions options, TimeProvider clock) : ISource, IDisposable
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    private readonly KafkaAdmin admin = new(options);

    /// <inheritdoc/>
    public string Name => Kafka.Connector;

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<string, int>> PrepareAsync(
        string pipeline, IReadOnlyList<TopicSpec> topics, IEngineEvents events, CancellationToken stop)
    {
        var reported = "";
        while (true)
        {
            var (found, why) = await FindAsync(pipeline, topics, events, stop);
            if (why.Length == 0)
            {
                return found.ToDictionary(
                    static topic => topic.Name, static topic => topic.Partitions, StringComparer.Ordinal);
            }

            if (why != reported)
            {
                reported = why;
                events.Report(new EngineEvent.WaitingForSource(pipeline, why));
            }

            await Task.Delay(RetryPause, clock, stop);
        }
    }

    /// <inheritdoc/>
    public IGroupConsumer Open(GroupSpec group, IGroupEvents members, IEngineEvents events)
    {
        var member = new KafkaGroupConsumer(options, group, members, events, clock);
        _ = member.LearnAsync(admin.SessionTimeoutAsync(group.GroupId));
        return member;
    }

    /// <inheritdoc/>
    public ValueTask<bool> IsReachableAsync(CancellationToken stop) => admin.IsReachableAsync(stop);

    /// <inheritdoc/>
    public void Dispose() => admin.Dispose();

    /// <returns>The topics that exist, and why not all are ready; empty when they are.</returns>
    private async Task<(IReadOnlyList<KafkaTopic> Found, string Why)> FindAsync(
        string pipeline, IReadOnlyList<TopicSpec> topics, IEngineEvents events, CancellationToken stop)
    {
        try
        {
            var existing = await admin.DescribeAsync(topics.Select(topic => topic.Name).ToList(), stop);
            var missing = topics.Where(topic => existing.All(found => found.Name != topic.Name)).ToList();
            if (missing.Count == 0)
            {
                return (existing, "");
            }

            var awaited = missing.Where(topic => topic.Partitions == 0).ToList();
            var creatable = missing.Where(topic => topic.Partitions > 0).ToList();
            if (creatable.Count > 0)
            {
                var created = await admin.CreateAsync(creatable, stop);
                if (created.Count > 0)
                {
                    events.Report(new EngineEvent.TopicsCreated(pipeline, created));
                }
            }

            if (awaited.Count > 0)
            {
                return (existing, string.Join(' ', awaited.Select(static topic =>
                    topic.Need.Length == 0
                        ? $"The topic {topic.Name} does not exist."
                        : $"The topic {topic.Name} does not exist: {topic.Need}. {topic.Remedy}.")));
            }

            // Created is not yet known to every broker: what counts is that it can be described.
            existing = await admin.DescribeAsync(topics.Select(topic => topic.Name).ToList(), stop);
            return (existing, existing.Count == topics.Count ? "" : "The topics were created and are not there yet.");
        }
        catch (SourceException error)
        {
            var need = topics.FirstOrDefault(topic => topic.Name == error.Topic)?.Need;
            return ([], string.IsNullOrEmpty(need) ? error.Message : $"{error.Message} ({need})");
        }
    }
}
