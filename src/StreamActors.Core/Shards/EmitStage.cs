using StreamActors.Metrics;

namespace StreamActors.Shards;

/// <summary>Emits each value as it comes: a stateless route.</summary>
internal sealed class EmitStage<T>(Emitter<T> emitter) : IStage<T>
    where T : allows ref struct
{
    /// <inheritdoc/>
    public long NextDue => long.MaxValue;

    /// <inheritdoc/>
    public bool HasRoom => true;

    /// <inheritdoc/>
    public void Handle(scoped in T value, in Keyed from, ref RouteCounters.Turnover counts)
    {
        emitter.Scope.Begin(from.Origin);
        try
        {
            emitter.Emit(in value, from.Record.Key, from.Record.HasKey, from.Origin);
        }
        catch
        {
            emitter.Scope.Undo();
            throw;
        }

        counts.WithoutOutput += emitter.Scope.IsEmpty ? 1 : 0;
    }

    /// <inheritdoc/>
    public void OnTime(ref RouteCounters.Turnover counts)
    {
    }

    /// <inheritdoc/>
    public bool Flush(ref RouteCounters.Turnover counts) => true;
}
