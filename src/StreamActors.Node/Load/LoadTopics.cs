using StreamActors.Kafka;
using StreamActors.Sources;

namespace StreamActors.Node.Load;

/// <summary>Sees to the topics that the simulator writes to.</summary>
internal static class LoadTopics
{
    private static readonly TimeSpan RetryWait = TimeSpan.FromSeconds(1);

    /// <summary>Waits for a Kafka that does not answer, for as long as it takes, and says so once.</summary>
    public static async Task UntilKafkaAnswersAsync(KafkaOptions kafka, Action<string> say, CancellationToken stop)
    {
        using var admin = new KafkaAdmin(kafka);
        for (var isSaid = false; ; isSaid = true)
        {
            try
            {
                await admin.ListAsync(stop);
                return;
            }
            catch (SourceException error)
            {
                if (!isSaid)
                {
                    say($"{error.Message} Waiting for it.");
                }

                await Task.Delay(RetryWait, TimeProvider.System, stop);
            }
        }
    }

    /// <summary>Creates the topics that are missing. Where Kafka refuses, it says so.</summary>
    /// <exception cref="SourceException">Kafka does not answer.</exception>
    public static async Task CreateMissingAsync(
        KafkaOptions kafka, IReadOnlyList<TopicSpec> topics, Action<string> say, CancellationToken stop)
    {
        using var admin = new KafkaAdmin(kafka);
        var existing = (await admin.ListAsync(stop)).Select(static topic => topic.Name).ToHashSet();
        var missing = topics.Where(topic => !existing.Contains(topic.Name)).ToList();
        if (missing.Count == 0)
        {
            return;
        }

        try
        {
            say($"Created the topics {string.Join(", ", await admin.CreateAsync(missing, stop))}.");
        }
        catch (SourceException error)
        {
            say($"{error.Message} Writing to them all the same: Kafka may create them by itself.");
        }
    }
}
