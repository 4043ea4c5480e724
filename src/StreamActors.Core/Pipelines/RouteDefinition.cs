using StreamActors.Metrics;
using StreamActors.Shards;
using StreamActors.Sources;

namespace StreamActors.Pipelines;

/// <summary>A route as it was composed, whatever its types.</summary>
internal abstract class RouteDefinition
{
    /// <summary>The connector that takes dead letters.</summary>
    public const string DeadLetterConnector = "kafka";

    /// <summary>
    /// The lane of dead letters: apart from the outputs to the same connector, in order and in numbers.
    /// </summary>
    public const string DeadLetterLane = "dead-letters";

    /// <summary>The route's name: the label of its counters; its topic unless it was named.</summary>
    public required string Name { get; set; }

    /// <summary>The topic that it reads.</summary>
    public required string Topic { get; init; }

    /// <summary>
    /// Which routes share shards: those with the same text. Routes that feed the same entities do, and their topics
    /// are co-partitioned; any other route stands alone.
    /// </summary>
    [System.Diagnostics.CodeAnalysis.AllowNull]
    public string ShardGroup { get => field ?? Topic; set; }

    /// <summary>How its topic is created where it is missing; null = it is waited for.</summary>
    public TopicSpec? Create { get; set; }

    /// <summary>Where records go that it gives up; null = they are counted and dropped.</summary>
    public string? DeadLetterTopic { get; set; }

    /// <summary>What is wrong with its composition, a sentence each.</summary>
    public List<string> Mistakes { get; } = [];

    /// <summary>Whether it leads anywhere.</summary>
    public bool HasTargets => TargetConnectors.Any();

    /// <summary>The topics that must exist before it starts.</summary>
    public IEnumerable<TopicSpec> Topics
    {
        get
        {
            var source = Create ?? new TopicSpec(Topic, 0, 0);
            return DeadLetterTopic is null ? [source] : [source, source with { Name = DeadLetterTopic }];
        }
    }

    /// <summary>The lanes that it emits to: its targets' connectors, and the lane of dead letters.</summary>
    public IEnumerable<string> Connectors =>
        DeadLetterTopic is null ? TargetConnectors : TargetConnectors.Append(DeadLetterLane);

    /// <summary>The connectors of its targets.</summary>
    protected abstract IEnumerable<string> TargetConnectors { get; }

    /// <summary>The connector of a lane: its own name, but for the lane of dead letters.</summary>
    public static string ConnectorOf(string lane) => lane == DeadLetterLane ? DeadLetterConnector : lane;

    /// <summary>Makes the route's runner for a shard.</summary>
    public abstract IRouteRunner MakeRunner(RouteCounters counters, ShardContext context);
}

/// <summary>A route over values of a type.</summary>
internal sealed class RouteDefinition<T> : RouteDefinition
    where T : allows ref struct
{
    private readonly HashSet<string> targets = [];
    private StageFactory? stage;

    /// <summary>Makes what stands behind decode and dedup, for a shard.</summary>
    /// <param name="context">What the shard lends.</param>
    /// <param name="deadLetters">Takes what is given up.</param>
    /// <param name="release">
    /// Takes the id of a value out of dedup again: for a stage that gives up a record after its call has returned.
    /// </param>
    public delegate IStage<T> StageFactory(ShardContext context, DeadLetters deadLetters, Action<T> release);

    /// <summary>Reads the values.</summary>
    public required ICodec<T> Codec { get; init; }

    /// <summary>How duplicates are found; null = by position only.</summary>
    public DedupRule? Dedup { get; set; }

    /// <summary>What tells entities with the same record key apart.</summary>
    public List<Func<T, ReadOnlySpan<byte>>> SubKeys { get; } = [];

    /// <inheritdoc/>
    protected override IEnumerable<string> TargetConnectors => targets;

    /// <inheritdoc/>
    public override IRouteRunner MakeRunner(RouteCounters counters, ShardContext context) =>
        new RouteRunner<T>(this, counters, context);

    /// <summary>Ends the route.</summary>
    /// <param name="connectors">The connectors of its targets.</param>
    /// <param name="factory">Makes what stands behind decode and dedup.</param>
    public void End(IEnumerable<string> connectors, StageFactory factory)
    {
        if (stage is not null)
        {
            Mistakes.Add(
                $"The route {Name} ends twice, and would do only what the second says: end it once; "
                + "To takes several targets.");
        }

        targets.UnionWith(connectors);
        stage = factory;
    }

    /// <summary>Makes what stands behind decode and dedup, for a shard.</summary>
    public IStage<T> MakeStage(ShardContext context, DeadLetters deadLetters, Action<T> release) =>
        stage?.Invoke(context, deadLetters, release)
        ?? throw new InvalidOperationException($"The route {Name} leads nowhere.");

    /// <summary>How duplicates are found within a route.</summary>
    /// <param name="Id">The record's id; null = the record has none and is no duplicate.</param>
    /// <param name="Window">How long an id counts as seen; zero turns it off.</param>
    public sealed record DedupRule(Func<T, UInt128?> Id, TimeSpan Window);
}
