using StreamActors.Events;
using StreamActors.Shards;

namespace StreamActors;

/// <summary>What the engine takes from its surroundings: time, chance, threads and a place for what happened.</summary>
/// <param name="Time">The clock.</param>
/// <param name="Random">
/// Chance, for jitter and hash seeds; used by whoever makes the pipeline, then by its poll thread alone. Each pipeline
/// needs its own.
/// </param>
/// <param name="Scheduler">Where turns come from.</param>
/// <param name="Events">Where to say what happened.</param>
public sealed record EngineServices(TimeProvider Time, Random Random, ITurnScheduler Scheduler, IEngineEvents Events);
