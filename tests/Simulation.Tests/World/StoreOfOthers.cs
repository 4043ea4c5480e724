using StreamActors.Snapshots;

namespace StreamActors.Simulation.Tests.World;

/// <summary>
/// The store in the hands of a process whose program the state is not of: it may ask whose it is, and no more.
/// </summary>
internal sealed class StoreOfOthers(SimulatedWorld world) : IStateStore
{
    public string Name => world.Store!.Name;

    public ValueTask<bool> IsReachableAsync(CancellationToken stop) => world.Store!.IsReachableAsync(stop);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public Task<Claim> ClaimAsync(string shard, long generation, bool force, CancellationToken stop)
    {
        Refuse($"claims {shard}");
        return world.Store!.ClaimAsync(shard, generation, force, stop);
    }

    public Task<ReadOnlyMemory<byte>> ReplaceAsync(
        string group, ReadOnlyMemory<byte> seen, ReadOnlyMemory<byte> by, CancellationToken stop) =>
        world.Store!.ReplaceAsync(group, seen, by, stop);

    public Task DeleteAsync(string shard, CancellationToken stop)
    {
        Refuse($"deletes {shard}");
        return world.Store!.DeleteAsync(shard, stop);
    }

    private void Refuse(string what) => world.Promises.Require(
        Promise.Ownership, isKept: false, $"a program that the state is not of {what}");
}
