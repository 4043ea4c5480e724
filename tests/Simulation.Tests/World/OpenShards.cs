using StreamActors.Pipelines;
using StreamActors.Shards;
using StreamActors.Snapshots;

namespace StreamActors.Simulation.Tests.World;

/// <summary>
/// Knows the shards of one process that have not ended, and what they keep. It stands around nothing.
/// </summary>
internal sealed class OpenShards : IShardObserver
{
    private readonly List<(IRouteRunner Runner, string Topic, ShardContext Context)> runners = [];

    /// <summary>Whether a shard has not read all of its state: timers that nobody counts yet may be in it.</summary>
    public bool IsReading => runners.Exists(static each => each.Context.Epoch.IsOpen
        && each.Context.Parts.OfType<ILazyState>().Any(static part => part.IsReading));

    /// <summary>Sees to it that no shard keeps more of a route than it may; between two turns.</summary>
    public void Check(string topic, int mostParked, int mostTimers, Promises promises)
    {
        runners.RemoveAll(static each => !each.Context.Epoch.IsOpen);
        foreach (var (runner, _, context) in runners.Where(each => each.Topic == topic))
        {
            var timers = runner.Kept.Count(static kept => kept.What.StartsWith("timer", StringComparison.Ordinal));
            var parked = runner.Kept.Count() - timers;
            promises.Require(
                Promise.Limits,
                parked <= mostParked && timers <= mostTimers,
                $"{context.Inputs[0]} has parked {parked} records and set {timers} timers: {context.Limits}");
        }
    }

    /// <inheritdoc/>
    public IRouteRunner Around(IRouteRunner runner, RouteDefinition route, ShardContext context)
    {
        runners.Add((runner, route.Topic, context));
        return runner;
    }

    /// <inheritdoc/>
    public IEntity<TIn, TState, TOut> Around<TIn, TState, TOut>(
        IEntity<TIn, TState, TOut> handler, ShardContext context)
        where TIn : allows ref struct
        where TState : new() => handler;

    /// <inheritdoc/>
    public ITimerHandler<TState, TOut> Around<TState, TOut>(
        ITimerHandler<TState, TOut> handler, ShardContext context)
        where TState : new() => handler;

    /// <inheritdoc/>
    public void Passivated(ReadOnlySpan<byte> entityKey, string why, ShardContext context)
    {
    }
}
