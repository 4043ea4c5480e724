using StreamActors.Snapshots;

namespace StreamActors.Stalls;

/// <summary>What a shard's turn says, when it is asked, of what is in the way of its inputs.</summary>
/// <param name="At">The turn's time, in milliseconds.</param>
/// <param name="Records">For each input, what its lowest record waits for that is not done; null = for nothing.</param>
/// <param name="Saves">For each input, why what is done is not saved; null = it is, or is not due.</param>
/// <param name="Reading">How far the reading of its state has come; null where all is read.</param>
internal sealed record ShardView(
    long At, IReadOnlyList<Obstacle?> Records, IReadOnlyList<Obstacle?> Saves, ReadProgress? Reading);
