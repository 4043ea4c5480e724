using StreamActors.Pipelines;
using StreamActors.Records;

namespace StreamActors.Calls;

/// <summary>A step that awaits, as it was composed: what its shards share in this process.</summary>
/// <param name="Map">The step.</param>
/// <param name="Reader">Reads the route's values.</param>
/// <param name="Make">Makes the object that a call is made to, out of the call's scope.</param>
internal sealed record CallPlan<TIn, TOut>(
    MapDefinition Map, IReader<TIn> Reader, Func<IScope, IAsyncMap<TIn, TOut>> Make)
    where TIn : allows ref struct
{
    /// <summary>The step's name.</summary>
    public string Name => Map.Name;

    /// <summary>How it calls: configuration is applied by now.</summary>
    public MapAsyncOptions Options { get; } = Map.Options;

    /// <summary>The places for calls under way.</summary>
    public CallSlots Slots { get; } = new(Map.Options.MaxInFlight);
}
