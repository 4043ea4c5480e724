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
            if (reader.Mistakes.Count == before && KafkaClients.Refusal(effective) is { } refusal)
            {
                reader.Mistake(refusal);
            }

            return new Peer
            {
                Source = (_, services) => new KafkaSource(effective, services.Time),
                Sink = (pipeline, services) => new KafkaSink(effective, pipeline, services.Events, services.Time),
            };
        })
        {
            Section = "Kafka",
        });
    }
}
