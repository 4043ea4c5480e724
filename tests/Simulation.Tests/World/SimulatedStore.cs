using StreamActors.Records;
using StreamActors.Snapshots;
using StreamActors.Testing;

namespace StreamActors.Simulation.Tests.World;

/// <summary>
/// The store of all processes. It takes its time, fails before or after it did what it was asked for, and sometimes
/// turns out to be a copy that lags behind. It sees to it that the engine keeps the contract of stores.
/// </summary>
internal sealed class SimulatedStore(SimulatedWorld world) : IStateStore
{
    private readonly MemoryStateStore inner = new() { PageEntries = world.Chance.Next(1, 5) };
    private readonly Dictionary<PartitionId, long> saved = [];
    private readonly SortedDictionary<string, PartitionId> names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> lastClaims = [];
    private ReadOnlyMemory<byte> fingerprint;
    private long lastFirstSave;

    private SimulatedWorld World => world;

    public string Name => "store";

    public ValueTask<bool> IsReachableAsync(CancellationToken stop) => ValueTask.FromResult(true);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Whether an owner was told that it is none any more, or that saves were lost.</summary>
    public bool HasRefused { get; private set; }

    /// <summary>Whether it is written down which program the state is of, and there is state to be spread.</summary>
    public bool HasFingerprint =>
        !fingerprint.IsEmpty && world.Setting.Routes.Any(static route => route.Kind == RouteKind.Entity);

    /// <summary>Whether something was ever saved of the partition's shard.</summary>
    public bool HasState(PartitionId partition) => saved.ContainsKey(partition);

    /// <summary>Up to where a save of the partition's shard went that was ever current.</summary>
    public long Saved(PartitionId partition) => saved[partition];

    /// <summary>
    /// A copy that lags behind takes its place: the last changes are gone, claims and saves; but no shard is without a
    /// save that had one, which would look like a shard that is new.
    /// </summary>
    public void GoBack(int changes)
    {
        lastClaims.Clear();
        inner.GoBackTo(Math.Max(inner.Changes - changes, lastFirstSave));
        world.Trace($"store: goes back by {changes} changes, not before {lastFirstSave}");
    }

    /// <summary>The text is gone by which programs know whose state it is: the next one writes its own.</summary>
    public void ForgetFingerprint()
    {
        fingerprint = default;
        world.Trace($"store: the fingerprint is gone");
    }

    public async Task<Claim> ClaimAsync(string shard, long generation, bool force, CancellationToken stop)
    {
        await HinderAsync(stop);
        var claim = await inner.ClaimAsync(shard, generation, force, stop);
        lastClaims[shard] = claim.State?.Token ?? lastClaims.GetValueOrDefault(shard);
        await HinderAsync(stop);
        world.Trace($"store: {shard} is claimed in {generation} at {claim.State?.Number}");
        return claim.State is null ? claim : claim with { State = new State(this, shard, claim.State) };
    }

    public async Task<ReadOnlyMemory<byte>> ReplaceAsync(
        string group, ReadOnlyMemory<byte> seen, ReadOnlyMemory<byte> by, CancellationToken stop)
    {
        await HinderAsync(stop);
        fingerprint = seen.Span.SequenceEqual(fingerprint.Span) ? by : fingerprint;
        var found = fingerprint;
        await HinderAsync(stop);
        return found;
    }

    public Task DeleteAsync(string shard, CancellationToken stop) => inner.DeleteAsync(shard, stop);

    /// <summary>What is stored of each shard, part by part. It must be at rest.</summary>
    public IEnumerable<((string Name, int Number) Shard, string Part, StoredPart Stored)> ReadAll()
    {
        foreach (var (shard, partition) in names)
        {
            var claim = inner.ClaimAsync(shard, long.MaxValue, force: true, CancellationToken.None);
            var read = ShardRestore.ReadAsync(claim.Result.State!, shard, [], CancellationToken.None);
            foreach (var (part, stored) in read.Result.Parts)
            {
                yield return ((shard, partition.Number), part.Name, stored);
            }
        }
    }

    private async Task HinderAsync(CancellationToken stop)
    {
        if (world.Chance.Next(3) != 0)
        {
            // A request that is long on its way may come behind those of the next owner.
            var isSlow = world.Chances.StoreFails > 0 && world.Chance.Next(10) == 0;
            await world.Delay(isSlow ? 200 : 8, CancellationToken.None);
        }

        stop.ThrowIfCancellationRequested();
        if (world.Chance.NextDouble() < world.Chances.StoreFails)
        {
            throw new StateStoreException("The store is away.");
        }
    }

    private sealed class State(SimulatedStore store, string shard, IShardState inner) : IShardState
    {
        private ShardSave? underWay;

        public long Token => inner.Token;

        public long Number => inner.Number;

        public ReadOnlyMemory<byte> Head => inner.Head;

        public async Task<SaveOutcome> SaveAsync(ShardSave save, CancellationToken stop)
        {
            store.World.Promises.Require(
                Promise.Contract,
                underWay is null || underWay == save,
                $"{shard}: the save {save.Number} begins before the one before it is current");
            underWay = save;
            await store.HinderAsync(stop);
            var outcome = await inner.SaveAsync(save, stop);
            if (outcome == SaveOutcome.Current)
            {
                var last = store.lastClaims.GetValueOrDefault(shard);
                store.World.Promises.Require(
                    Promise.Ownership,
                    last <= Token,
                    $"{shard}: a save of the owner {Token} becomes current, and {last} has claimed since");
                store.lastFirstSave = save.Number == 1 ? store.inner.Changes : store.lastFirstSave;
                foreach (var (partition, offset) in ShardHead.Read(shard, save.Head.Span).Positions)
                {
                    store.names[shard] = partition;
                    store.saved[partition] = Math.Max(store.saved.GetValueOrDefault(partition), offset);
                }
            }

            store.HasRefused |= outcome != SaveOutcome.Current;
            store.World.Trace($"store: {shard} save {save.Number} is {outcome}");
            await store.HinderAsync(stop);
            underWay = null;
            return outcome;
        }

        public async Task<IReadOnlyList<ReadOnlyMemory<byte>?>> GetAsync(
            string part, IReadOnlyList<ReadOnlyMemory<byte>> keys, CancellationToken stop)
        {
            await store.HinderAsync(stop);
            return await inner.GetAsync(part, keys, stop);
        }

        public async Task<StatePage> ScanAsync(string part, string cursor, CancellationToken stop)
        {
            await store.HinderAsync(stop);
            return await inner.ScanAsync(part, cursor, stop);
        }

        public async Task<ReadOnlyMemory<byte>> ReadLogAsync(string log, long from, long to, CancellationToken stop)
        {
            await store.HinderAsync(stop);
            return await inner.ReadLogAsync(log, from, to, stop);
        }
    }
}
