using StreamActors.Records;
using StreamActors.Snapshots;
using StreamActors.Stalls;

namespace StreamActors.Metrics;

/// <summary>The numbers of a pipeline, since the start of the process. Any thread may read them at any time.</summary>
public sealed class PipelineMetrics
{
    private IReadOnlyList<PartitionStatus> partitions = [];
    private long forgottenEntities;
    private long forgottenTimers;
    private long forgottenIds;

    internal PipelineMetrics(IEnumerable<string> routes, IEnumerable<string> sinks)
    {
        Routes = [.. routes.Select(static name => new RouteMetrics(name, new RouteCounters()))];
        Sinks = [.. sinks.Select(static name => new SinkMetrics(name, new SinkCounters()))];
    }

    /// <summary>The routes, in the order in which they were composed.</summary>
    public IReadOnlyList<RouteMetrics> Routes { get; }

    /// <summary>The <c>MapAsync</c> steps, in the order in which they were composed.</summary>
    public IReadOnlyList<MapMetrics> Maps { get; internal init; } = [];

    /// <summary>The sinks, by the connectors that opened them.</summary>
    public IReadOnlyList<SinkMetrics> Sinks { get; }

    /// <summary>What its store has done; nothing, where it has none.</summary>
    internal StateCounters State { get; } = new();

    /// <summary>Outputs that sinks have taken, dead letters left out.</summary>
    internal long Published => Sum(isOfDeadLetters: false, static sink => sink.Acknowledged);

    /// <summary>Outputs that sinks will never take, dead letters left out.</summary>
    internal long Refused => Sum(isOfDeadLetters: false, static sink => sink.Refused);

    /// <summary>Dead letters that their topic has taken.</summary>
    internal long DeadLetters => Sum(isOfDeadLetters: true, static sink => sink.Acknowledged);

    /// <summary>The partitions that this node owns, as of at most half a second ago.</summary>
    internal IReadOnlyList<PartitionStatus> Partitions
    {
        get => Volatile.Read(ref partitions);
        set => Volatile.Write(ref partitions, value);
    }

    /// <summary>What went with shards that were let go or failed, because nothing keeps it.</summary>
    internal Holding Forgotten => new(
        Interlocked.Read(ref forgottenEntities),
        Interlocked.Read(ref forgottenTimers),
        Interlocked.Read(ref forgottenIds));

    /// <summary>Counts what went with a shard.</summary>
    internal void Forget(Holding holding)
    {
        Interlocked.Add(ref forgottenEntities, holding.Entities);
        Interlocked.Add(ref forgottenTimers, holding.Timers);
        Interlocked.Add(ref forgottenIds, holding.Ids);
    }

    private long Sum(bool isOfDeadLetters, Func<SinkCounters, long> value) => Sinks
        .Where(sink => sink.Name == Pipelines.RouteDefinition.DeadLetterLane == isOfDeadLetters)
        .Sum(sink => value(sink.Counters));
}

/// <summary>The counters of a route.</summary>
public sealed class RouteMetrics
{
    internal RouteMetrics(string name, RouteCounters counters) => (Name, Counters) = (name, counters);

    /// <summary>The route's name.</summary>
    public string Name { get; }

    /// <summary>What became of its records.</summary>
    public RouteCounters Counters { get; }
}

/// <summary>The counters of a <c>MapAsync</c> step.</summary>
public sealed class MapMetrics
{
    internal MapMetrics(string name, string route, CallCounters counters) =>
        (Name, Route, Counters) = (name, route, counters);

    /// <summary>The step's name.</summary>
    public string Name { get; }

    /// <summary>The name of the route that it is a step of.</summary>
    public string Route { get; }

    /// <summary>What became of its calls.</summary>
    public CallCounters Counters { get; }
}

/// <summary>The counters of a sink.</summary>
public sealed class SinkMetrics
{
    internal SinkMetrics(string name, SinkCounters counters) => (Name, Counters) = (name, counters);

    /// <summary>The name of the connector that opened it.</summary>
    public string Name { get; }

    /// <summary>What became of the outputs to it.</summary>
    public SinkCounters Counters { get; }
}

/// <summary>How an owned partition stands.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="State">Whether it is read.</param>
/// <param name="Committable">The offset below which every record is done.</param>
/// <param name="Committed">
/// The offset last committed by this node, and before its first commit the one from which it started; null until the
/// start is known.
/// </param>
/// <param name="Lag">Records behind the committable offset; null until the client knows.</param>
/// <param name="Why">What it waits for, where it is not simply running; otherwise empty.</param>
internal sealed record PartitionStatus(
    PartitionId Partition, PartitionState State, long Committable, long? Committed, long? Lag, string Why)
{
    /// <summary>
    /// How far the event time of its shard's entities has come, in milliseconds since 1970 (UTC); null without any.
    /// </summary>
    public long? Watermark { get; init; }

    /// <summary>The stall that it is in; null while it is in none.</summary>
    public Stall? Stall { get; init; }
}

/// <summary>Whether an owned partition is read.</summary>
internal enum PartitionState
{
    /// <summary>Its start is not known yet, a co-partition is not here, or its shard failed and starts again.</summary>
    Starting,

    /// <summary>It is read.</summary>
    Running,

    /// <summary>It is not read for now: its shard's mailbox is full.</summary>
    Held,
}
