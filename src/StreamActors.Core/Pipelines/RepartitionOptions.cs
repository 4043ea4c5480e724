using StreamActors.Sinks;

namespace StreamActors;

/// <summary>The internal topic of a <c>Repartition</c>.</summary>
public sealed record RepartitionOptions
{
    /// <summary>How many partitions it is created with: as many as the topics that feed the same entities.</summary>
    public required int Partitions { get; init; }

    /// <summary>How many replicas it is created with; -1 = as many as the brokers make by default.</summary>
    public short Replication { get; init; } = -1;

    /// <summary>
    /// How a key decides on a partition: as whoever writes the other topics that feed the same entities does it.
    /// </summary>
    public Partitioner Partitioner { get; init; } = Partitioner.Murmur2;
}
