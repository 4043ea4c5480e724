using StreamActors.Configuration;

namespace StreamActors.Kafka;

/// <summary>How to reach a Kafka cluster, and how to read from it and write to it.</summary>
public sealed record KafkaOptions
{
    /// <summary>Brokers to ask first, <c>host:port</c> separated by commas; the others are learned from them.</summary>
    public string BootstrapServers { get; init; } = "localhost:9092";

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

    /// <summary>Reads the options over those that the code gives; mistakes are the reader's.</summary>
    internal static KafkaOptions Read(SettingsReader reader, KafkaOptions given)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ArgumentNullException.ThrowIfNull(given);
        var options = new KafkaOptions
        {
            BootstrapServers = reader.Text(nameof(BootstrapServers), given.BootstrapServers),
            ClientId = reader.Text(nameof(ClientId), given.ClientId),
            Security = KafkaSecurityOptions.Read(reader.Section(nameof(Security)), given.Security),
            Consumer = KafkaConsumerOptions.Read(reader.Section(nameof(Consumer)), given.Consumer),
            Producer = KafkaProducerOptions.Read(reader.Section(nameof(Producer)), given.Producer),
            ClientSettings = reader.Secrets(nameof(ClientSettings), given.ClientSettings),
        };
        if (string.IsNullOrWhiteSpace(options.BootstrapServers))
        {
            reader.Mistake("The Kafka bootstrap servers are empty; give at least one as host:port.");
        }

        foreach (var name in options.ClientSettings.Keys.Where(KafkaSettings.Reserved.Contains))
        {
            reader.Mistake($"The Kafka client setting {name} cannot be changed: the delivery promises rest on it.");
        }

        return options;
    }

    /// <summary>Everything that is wrong with the options, a sentence each; empty when nothing is.</summary>
    public IReadOnlyList<string> Problems()
    {
        var reader = new SettingsReader();
        Read(reader.Section("Kafka"), this);
        return reader.Mistakes;
    }

    /// <summary>The servers and the kind of security; no secret, and no value of a client setting.</summary>
    public override string ToString() => $"Kafka at {BootstrapServers} ({Security})";
}
