using StreamActors.Configuration;

namespace StreamActors.Kafka;

/// <summary>Connects pipelines to Kafka.</summary>
public static class KafkaSetup
{
    /// <summary>Reads from Kafka, and offers it as a sink, for all pipelines that do not bring their own.</summary>
    /// <param name="node">The node.</param>
    /// <param name="options">What the code sets; the host's configuration (section <c>Kafka</c>) wins over it.</param>
    public static StreamActorsBuilder AddKafka(this StreamActorsBuilder node, KafkaOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(node);
        node.Connectors.AddKafka(options);
        return node;
    }

    /// <inheritdoc cref="AddKafka(StreamActorsBuilder, KafkaOptions)"/>
    /// <param name="connectors">The peers of a pipeline.</param>
    /// <param name="options">What the code sets.</param>
    public static Connectors AddKafka(this Connectors connectors, KafkaOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(connectors);
        return connectors.Add(new Connector(Kafka.Connector, reader =>
        {
            var before = reader.Mistakes.Count;
            var effective = reader.Over(options ?? new KafkaOptions(), new KafkaOptions(), KafkaOptions.Read);
            var tried = reader.Mistakes.Count == before ? effective : WithoutMistakes(effective);
            if (KafkaClients.Refusal(tried) is { } refusal)
            {
                reader.Mistake(Named(refusal, tried, reader));
            }

            return new Peer
            {
                Source = (_, services) => new KafkaSource(effective, services.Time),
                Sink = (pipeline, services) => new KafkaSink(effective, pipeline, services.Events, services.Time),
                BytesPerPartition = effective.Consumer.QueuedBytesPerPartition,
                BytesToSend = effective.Producer.QueuedBytes,
            };
        })
        {
            Section = "Kafka",
        });
    }

    /// <summary>The client settings alone, which are told with the mistakes that the rest has.</summary>
    private static KafkaOptions WithoutMistakes(KafkaOptions options) => new()
    {
        ClientSettings = options.ClientSettings.Where(static each => !KafkaSettings.Reserved.Contains(each.Key))
            .ToDictionary(static each => each.Key, static each => each.Value),
    };

    /// <summary>librdkafka names a client setting by its own name: who gave it knows it by a longer one.</summary>
    private static string Named(string refusal, KafkaOptions options, SettingsReader reader) =>
        options.ClientSettings.Keys.FirstOrDefault(name => refusal.Contains($"\"{name}\"", StringComparison.Ordinal))
            is { } named
            ? $"{reader.NameOf($"{nameof(KafkaOptions.ClientSettings)}:{named}")}: {refusal}"
            : refusal;
}
