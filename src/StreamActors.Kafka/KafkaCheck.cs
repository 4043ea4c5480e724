using Confluent.Kafka;
using StreamActors.Sources;

namespace StreamActors.Kafka;

/// <summary>
/// Answers, for a person: can the brokers be reached, does the log-in work, are the topics there and usable. It changes
/// nothing, and ends within about <see cref="Limit"/> however sick the cluster is.
/// </summary>
internal static class KafkaCheck
{
    /// <summary>How long the brokers have to answer.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    /// <summary>Checks the options, the brokers, and the topics; what depends on a failure is left out.</summary>
    /// <param name="options">How to reach the cluster.</param>
    /// <param name="topics">The topics that are needed.</param>
    /// <param name="stop">Ends the check.</param>
    public static async Task<IReadOnlyList<Finding>> RunAsync(
        KafkaOptions options, IReadOnlyList<TopicSpec> topics, CancellationToken stop)
    {
        var findings = options.Problems().Select(problem => new Finding(false, problem, "")).ToList();
        if (findings.Count > 0)
        {
            return findings;
        }

        KafkaAdmin admin;
        try
        {
            KafkaClients.Try(options);
            admin = new KafkaAdmin(options);
        }
        catch (PipelineException error)
        {
            var fault = KafkaFault.Refused(error.InnerException!.Message, options);
            return [new(false, fault.What, fault.Remedy)];
        }

        using (admin)
        {
            findings.Add(await BrokersAsync(admin, options, stop));
            if (findings[0].Ok && topics.Count > 0)
            {
                findings.AddRange(await TopicsAsync(admin, topics, stop));
            }
        }

        return findings;
    }

    private static async Task<Finding> BrokersAsync(KafkaAdmin admin, KafkaOptions options, CancellationToken stop)
    {
        try
        {
            var brokers = await admin.BrokersAsync(stop);
            return new(true, $"{options} answers with {brokers} broker{(brokers == 1 ? "" : "s")}.", "");
        }
        catch (KafkaException error)
        {
            var fault = admin.Explain(error.Error);
            return new(false, fault.What, fault.Remedy);
        }
    }

    private static async Task<IEnumerable<Finding>> TopicsAsync(
        KafkaAdmin admin, IReadOnlyList<TopicSpec> topics, CancellationToken stop)
    {
        try
        {
            var found = await admin.DescribeAsync(topics.Select(topic => topic.Name).ToList(), stop);
            return topics.Select(topic => Finding(topic, found.FirstOrDefault(f => f.Name == topic.Name)));
        }
        catch (SourceException error)
        {
            return [new Finding(false, error.Message, "")];
        }
    }

    private static string Partitions(int number) => number == 1 ? "1 partition" : $"{number} partitions";

    private static Finding Finding(TopicSpec wanted, KafkaTopic? found) => found switch
    {
        null when wanted.Partitions > 0 => new(
            true,
            $"Topic {wanted.Name} does not exist yet; it is created at start with {Partitions(wanted.Partitions)}.",
            ""),
        null => new(
            false, $"Topic {wanted.Name} does not exist.", "Create it: streamactors topics create."),
        { Leaderless: > 0 } => new(
            false,
            $"Topic {wanted.Name} has {found.Leaderless} of {Partitions(found.Partitions)} without a leader.",
            "Bring the brokers that hold them back."),
        _ => new(
            true,
            $"Topic {wanted.Name} has {Partitions(found.Partitions)}"
            + (wanted.Partitions == 0 || found.Partitions == wanted.Partitions
                ? "."
                : $" (configured: {wanted.Partitions}; its own number holds)."),
            ""),
    };
}
