using StreamActors.Metrics;

namespace StreamActors.Shards;

/// <summary>Emits any number of values for each: all of a record's leave, or, when user code throws, none.</summary>
internal sealed class FlatMapStage<T, TOut>(Func<T, IEnumerable<TOut>> map, Emitter<TOut> emitter) : IStage<T>
    where T : allows ref struct
{
    /// <inheritdoc/>
    public long NextDue => long.MaxValue;

    /// <inheritdoc/>
    public bool HasRoom => true;

    /// <inheritdoc/>
    public void Handle(scoped in T value, in Keyed from, ref RouteCounters.Turnover counts)
    {
        emitter.EmitAll(map(value).GetEnumerator(), from.Record.Key, from.Record.HasKey, from.Origin);
        counts.WithoutOutput += emitter.Scope.IsEmpty ? 1 : 0;
    }

    /// <inheritdoc/>
    public void OnTime(ref RouteCounters.Turnover counts)
    {
    }

    /// <inheritdoc/>
    public bool Flush(ref RouteCounters.Turnover counts) => true;
}
