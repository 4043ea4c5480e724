namespace StreamActors.Kafka;

/// <summary>How to reach a Kafka cluster, and how to read from it and write to it.</summary>
public sealed record KafkaOptions
{
    /// <summary>Brokers to ask first, <c>host:port</c> separated by commas; the others are learned from them.</summary>
    public required string BootstrapServers { get; init; }

    /// <summary>The name by which brokers' logs and quotas know this program.</summary>
    public string ClientId { get; init; } = "streamactors";

    /// <summary>Encryption and log-in, for consumers, producers and administration alike.</summary>
    public KafkaSecurityOptions Security { get; init; } = new();

    /// <summary>How pipelines read.</summary>
    public KafkaConsumerOptions Consumer { get; init; } = new();

    /// <summary>How the sink writes.</summary>
    public KafkaProducerOptions Producer { get; init; } = new();

    /// <summary>
    /// Settings of librdkafka by its own names, for every client; they win over those above. The few that the promises
    /// rest on (<see cref="Problems"/> names them) are refused.
    /// </summary>
    public IReadOnlyDictionary<string, string> ClientSettings { get; init; } = new Dictionary<string, string>();

    /// <summary>Everything that is wrong with the options, a sentence each; empty when nothing is.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        if (string.IsNullOrWhiteSpace(BootstrapServers))
        {
            problems.Add("The Kafka bootstrap servers are empty; give at least one as host:port.");
        }

        foreach (var name in ClientSettings.Keys.Where(name => KafkaSettings.Reserved.Contains(name)))
        {
            problems.Add($"The Kafka client setting {name} cannot be changed: the delivery promises rest on it.");
        }

        Security.AddProblems(problems);
        Consumer.AddProblems(problems);
        Producer.AddProblems(problems);
        return problems;
    }

    /// <summary>The servers and the kind of security; no secret, and no value of a client setting.</summary>
    public override string ToString() => $"Kafka at {BootstrapServers} ({Security})";
}
