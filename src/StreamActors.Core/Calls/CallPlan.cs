using StreamActors.Records;

namespace StreamActors.Calls;

/// <summary>A step that awaits, as it was composed: what its shards share in this process.</summary>
/// <param name="Name">The step's name, for logs.</param>
/// <param name="Options">How it calls.</param>
/// <param name="Reader">Reads the route's values.</param>
/// <param name="Make">Makes the object that a call is made to, out of the call's scope.</param>
internal sealed record CallPlan<TIn, TOut>(
    string Name, MapAsyncOptions Options, IReader<TIn> Reader, Func<IScope, IAsyncMap<TIn, TOut>> Make)
    where TIn : allows ref struct
{
    /// <summary>The places for calls under way.</summary>
    public CallSlots Slots { get; } = new(Options.MaxInFlight);
}
