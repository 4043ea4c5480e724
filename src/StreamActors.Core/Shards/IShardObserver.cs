using StreamActors.Pipelines;

namespace StreamActors.Shards;

/// <summary>
/// Stands around the parts of a shard that handle records, and sees what becomes of each: the test kit's way to tell
/// the path of a record. In production there is none, and nothing on the path asks for it.
/// </summary>
internal interface IShardObserver
{
    /// <summary>A route's runner with the observer around it.</summary>
    IRouteRunner Around(IRouteRunner runner, RouteDefinition route, ShardContext context);

    /// <summary>A shard's handler object, for records, with the observer around it.</summary>
    IEntity<TIn, TState, TOut> Around<TIn, TState, TOut>(IEntity<TIn, TState, TOut> handler, ShardContext context)
        where TIn : allows ref struct
        where TState : new();

    /// <summary>What a shard's timers call, with the observer around it.</summary>
    ITimerHandler<TState, TOut> Around<TState, TOut>(ITimerHandler<TState, TOut> handler, ShardContext context)
        where TState : new();

    /// <summary>An entity is passivated.</summary>
    /// <param name="entityKey">Its key: the record's alone, or that and the sub-keys, each behind its length.</param>
    /// <param name="why">Why, as the end of a sentence: <c>to make room</c>.</param>
    /// <param name="context">Its shard's.</param>
    void Passivated(ReadOnlySpan<byte> entityKey, string why, ShardContext context);
}

/// <summary>Something that a stage keeps for later.</summary>
/// <param name="Key">The key of its record; null where it has none.</param>
/// <param name="What">What it is, as the start of a sentence: <c>timer "end"</c>.</param>
/// <param name="Due">
/// When it goes on by the clock, in milliseconds of the shard's; <see cref="long.MaxValue"/> = not by the clock.
/// </param>
internal sealed record Kept(byte[]? Key, string What, long Due);
