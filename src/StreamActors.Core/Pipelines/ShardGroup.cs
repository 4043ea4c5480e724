using StreamActors.Records;

namespace StreamActors.Pipelines;

/// <summary>
/// Topics whose partitions with the same number share a shard, because their routes feed the same entities: they are
/// co-partitioned. A topic whose route shares its entities with no other stands alone.
/// </summary>
internal sealed class ShardGroup
{
    private ShardGroup(string name, IReadOnlyList<string> topics) => (Name, Topics) = (name, topics);

    /// <summary>What its routes have in common: their entities; of a topic that stands alone, its name.</summary>
    public string Name { get; }

    /// <summary>Its topics, in the order of their routes, which is that of a shard's inputs.</summary>
    public IReadOnlyList<string> Topics { get; }

    /// <summary>Whether it has more than one topic.</summary>
    public bool IsCoPartitioned => Topics.Count > 1;

    /// <summary>The groups of these routes; each topic is in one.</summary>
    public static IReadOnlyList<ShardGroup> Of(IEnumerable<RouteDefinition> routes) =>
    [
        .. routes.GroupBy(static route => route.ShardGroup, StringComparer.Ordinal)
            .Select(static same => new ShardGroup(same.Key, [.. same.Select(static route => route.Topic)])),
    ];

    /// <summary>The inputs of its shard with this number.</summary>
    public IReadOnlyList<PartitionId> Inputs(int number) =>
        [.. Topics.Select(topic => new PartitionId(topic, number))];

    /// <summary>Why it can have no shards: a sentence with the remedies; null where it can.</summary>
    /// <param name="partitions">How many partitions each topic has.</param>
    public string? Mismatch(IReadOnlyDictionary<string, int> partitions) =>
        Topics.Select(topic => partitions[topic]).Distinct().Count() == 1
            ? null
            : $"The topics {string.Join(" and ", Topics.Select(topic => $"{topic} ({partitions[topic]} partitions)"))} "
                + $"feed the same shards ({Name}), but have different numbers of partitions, so the records of one key "
                + "would lie in two of them. Make the counts equal, or bring all but one over to a topic of the right "
                + "count with .Repartition(name).";
}
