namespace StreamActors.Kafka;

/// <summary>Connects pipelines to Kafka.</summary>
public static class KafkaSetup
{
    /// <summary>Reads from Kafka, and offers it as a sink.</summary>
    /// <exception cref="PipelineException">The Kafka client refuses a setting; the message names it.</exception>
    public static Connectors AddKafka(this Connectors connectors, KafkaOptions options, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(connectors);
        KafkaClients.Try(options);
        connectors.Source = new KafkaSource(options, clock);
        return connectors.AddSink(
            Kafka.Connector, (pipeline, events) => new KafkaSink(options, pipeline, events, clock));
    }
}
