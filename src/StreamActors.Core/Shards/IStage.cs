using StreamActors.Metrics;
using StreamActors.Records;
using StreamActors.Sinks;

namespace StreamActors.Shards;

/// <summary>
/// What a route does with a value that was read and is no duplicate: emit it, hold it in a window, give it to an
/// entity. The place for <c>MapAsync</c> is in front of it. Only the shard's turn calls it.
/// </summary>
internal interface IStage<T>
    where T : allows ref struct
{
    /// <summary>When it wants <see cref="OnTime"/>, in milliseconds; <see cref="long.MaxValue"/> = never.</summary>
    long NextDue { get; }

    /// <summary>Whether it can take a value now; if not, it wants a turn when the outbox has room again.</summary>
    bool HasRoom { get; }

    /// <summary>
    /// Takes a value. What user code throws passes through; then the call has left no trace.
    /// </summary>
    void Handle(scoped in T value, in Keyed from, ref RouteCounters.Turnover counts);

    /// <summary>Does what is due by the clock, as far as the outbox has room.</summary>
    void OnTime(ref RouteCounters.Turnover counts);

    /// <summary>Emits what it holds, as far as the outbox has room.</summary>
    /// <returns>Whether nothing is held any more.</returns>
    bool Flush(ref RouteCounters.Turnover counts);
}

/// <summary>A record with its entity's key.</summary>
internal readonly ref struct Keyed
{
    /// <summary>The record.</summary>
    public required Record Record { get; init; }

    /// <summary>The entity's key: the record's, with the sub-key where the route has one.</summary>
    public required ReadOnlySpan<byte> EntityKey { get; init; }

    /// <summary>Where the record came from.</summary>
    public required Origin Origin { get; init; }
}
