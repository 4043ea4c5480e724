using StreamActors.Parked;
using StreamActors.Stalls;

namespace StreamActors.Calls;

/// <summary>Says what a record waits for that is parked for a call.</summary>
internal static class CallObstacle
{
    /// <summary>What the first record of its key waits for.</summary>
    /// <param name="map">The step's name.</param>
    /// <param name="parked">The record.</param>
    /// <param name="reason">Where it stands in its stage.</param>
    /// <param name="due">When it goes on by the clock.</param>
    public static Obstacle Of(string map, ParkedRecord parked, StallReason reason, long due) => reason switch
    {
        StallReason.Call => new(reason, map, $"call {parked.Attempts} of {map} is under way"),
        StallReason.CallPlace => new(reason, map, $"waits for a place among the calls of {map}"),
        StallReason.Retry => new(
            reason,
            map,
            $"waits for call {parked.Attempts + 1} of {map}, because the one before failed: {parked.LastError}")
        {
            Due = due,
        },
        StallReason.EntityState => new(reason, map, "the state of its entity is being loaded"),
        _ => new(reason, map, $"the call of {map} is done, and waits for room") { NeedsRoom = true },
    };
}
