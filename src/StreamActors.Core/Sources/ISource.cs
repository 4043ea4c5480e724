using StreamActors.Events;

namespace StreamActors.Sources;

/// <summary>Where pipelines read from: makes topics ready and members of consumer groups.</summary>
internal interface ISource
{
    /// <summary>The name that logs, metrics and health pages use, such as <c>kafka</c>.</summary>
    string Name { get; }

    /// <summary>
    /// Waits until every topic exists, creating those that are missing where that is allowed. Rides out a broker that
    /// is away, for as long as it takes; reports once what it waits for.
    /// </summary>
    /// <returns>How many partitions each of the topics has, by its name.</returns>
    Task<IReadOnlyDictionary<string, int>> PrepareAsync(
        string pipeline, IReadOnlyList<TopicSpec> topics, IEngineEvents events, CancellationToken stop);

    /// <summary>Makes a member of a group; it joins by <see cref="IGroupConsumer.Subscribe"/>.</summary>
    IGroupConsumer Open(GroupSpec group, IGroupEvents members, IEngineEvents events);

    /// <summary>Whether a broker answers now: for health pages. Never throws for a broker that is away.</summary>
    ValueTask<bool> IsReachableAsync(CancellationToken stop);
}

/// <summary>A topic that a pipeline needs.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Partitions">How many partitions to create it with; 0 = never create it, wait for it.</param>
/// <param name="Replication">
/// How many replicas to create it with; -1 = as many as the brokers make by default.
/// </param>
internal sealed record TopicSpec(string Name, int Partitions, short Replication)
{
    /// <summary>
    /// Who needs it, as the end of the sentence that says what is wrong with it, such as <c>the route trips reads
    /// it</c>; empty = not said.
    /// </summary>
    public string Need { get; init; } = "";

    /// <summary>What to do where it is missing, without the full stop; empty = not said.</summary>
    public string Remedy { get; init; } = "";
}

/// <summary>How a pipeline joins its group.</summary>
/// <param name="Pipeline">The pipeline's name, for logs.</param>
/// <param name="GroupId">The consumer group.</param>
/// <param name="CoPartitioned">Whether partitions with the same number of different topics must share a member.</param>
internal sealed record GroupSpec(string Pipeline, string GroupId, bool CoPartitioned);
