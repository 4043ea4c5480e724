using StreamActors.Kafka;
using StreamActors.Sources;

namespace StreamActors.Node.Load;

/// <summary>Sees to the topics that the simulator writes to.</summary>
internal static class LoadTopics
{
    private static readonly TimeSpan RetryWait = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Creates those that are missing. Waits for a Kafka that does not answer, for as long as it takes, and says so once.
    /// </summary>
    public static async Task EnsureAsync(
        KafkaOptions kafka, IReadOnlyList<TopicSpec> topics, Action<string> say, CancellationToken stop)
    {
        using var admin = new KafkaAdmin(kafka);
        if (await FindAsync(admin, topics, say, stop) is not { Count: > 0 } missing)
        {
            return;
        }

        try
        {
            var created = await admin.CreateAsync(missing, stop);
            say($"Created the topics {string.Join(", ", created)}.");
        }
        catch (SourceException error)
        {
            say($"{error.Message} Writing to them all the same: Kafka may create them by itself.");
        }
    }

    private static async Task<List<TopicSpec>> FindAsync(
        KafkaAdmin admin, IReadOnlyList<TopicSpec> topics, Action<string> say, CancellationToken stop)
    {
        var isSaid = false;
        while (true)
        {
            try
            {
                var found = (await admin.ListAsync(stop)).Select(static topic => topic.Name).ToHashSet();
                return [.. topics.Where(topic => !found.Contains(topic.Name))];
            }
            catch (SourceException error)
            {
                if (!isSaid)
                {
                    say($"{error.Message} Waiting for it.");
                    isSaid = true;
                }

                await Task.Delay(RetryWait, TimeProvider.System, stop);
            }
        }
    }
}
