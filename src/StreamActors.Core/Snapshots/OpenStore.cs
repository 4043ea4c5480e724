using StreamActors.Metrics;
using StreamActors.Sinks;

namespace StreamActors.Snapshots;

/// <summary>A store that a pipeline has open, with what all its shards share.</summary>
/// <param name="Store">The store.</param>
/// <param name="Trouble">Says once that it does not answer, and once that it does again.</param>
/// <param name="Counters">What became of saves and restores.</param>
internal sealed record OpenStore(IStateStore Store, PeerEpisode Trouble, StateCounters Counters);
