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

    /// <summary>Creates a target's topic at the start where it is missing; one that exists is left as it is.</summary>
    /// <param name="target">A target of <see cref="Topic{T}"/>: its topic is known at the start.</param>
    /// <param name="partitions">How many partitions the topic gets.</param>
    /// <param name="replication">How many replicas; -1 = as many as the brokers make by default.</param>
    public static Target<T> CreateTopic<T>(this Target<T> target, int partitions, short replication = -1)
        where T : allows ref struct
    {
        ArgumentNullException.ThrowIfNull(target);
        return target.Created(partitions, replication);
    }
}
