using StreamActors.Sinks;

namespace StreamActors.Kafka;

/// <summary>What pipelines say to write to Kafka.</summary>
public static class Kafka
{
    /// <summary>The name of the connector: of its sink, and of the targets made here.</summary>
    public const string Connector = "kafka";

    /// <summary>Writes each value to a topic, with the key of the record that caused it.</summary>
    /// <param name="topic">The topic's name.</param>
    /// <param name="codec">Writes the value's bytes.</param>
    public static Target<T> Topic<T>(string topic, ICodec<T> codec)
        where T : allows ref struct => new(Connector, topic, codec);
}
