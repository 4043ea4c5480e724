using StreamActors.Snapshots;

namespace StreamActors.Tests;

/// <summary>
/// The promises that every state store must keep: what the engine builds on. A store's tests inherit it, say how the
/// store is opened and how it is hurt, and run each promise by <see cref="CheckAsync"/>.
/// </summary>
public abstract class StateStoreContract
{
    /// <summary>What a store promises while it answers, a case each.</summary>
    public static IEnumerable<object[]> Promises => Cases([.. StatePromises.All, .. StateOwnerPromises.All]);

    /// <summary>What it promises when it loses data, or an answer.</summary>
    public static IEnumerable<object[]> FaultPromises => Cases(StateFaultPromises.All);

    /// <summary>Opens a store on the data that all stores of the case share.</summary>
    private protected abstract Task<IStateStore> OpenAsync();

    /// <summary>Loses everything.</summary>
    private protected abstract Task EmptyAsync();

    /// <summary>Takes a copy of the data.</summary>
    private protected abstract Task CopyAsync();

    /// <summary>Goes on from the copy: what was acknowledged since is lost.</summary>
    private protected abstract Task GoBackAsync();

    /// <summary>Makes one exchange of an opened store with its data fail, some exchanges from now.</summary>
    /// <param name="store">The store.</param>
    /// <param name="exchange">Which: 0 is the next.</param>
    /// <param name="takesEffect">Whether what was asked for is done all the same.</param>
    /// <returns>Ends it, and tells whether it has come so far.</returns>
    private protected abstract Func<bool> Interrupt(IStateStore store, int exchange, bool takesEffect);

    /// <summary>Fails where, of a shard that is at rest, the store keeps anything that nobody can read.</summary>
    /// <param name="shard">The shard.</param>
    /// <param name="mayExpire">Whether a save was given up: what is left of it may stay for a while.</param>
    private protected virtual Task ExpectNoLeftoversAsync(string shard, bool mayExpire) => Task.CompletedTask;

    /// <summary>Checks one promise.</summary>
    protected async Task CheckAsync(string promise)
    {
        var check = StatePromises.All.Concat(StateOwnerPromises.All).Concat(StateFaultPromises.All)
            .Single(each => each.Promise == promise).Check;
        await using var trial = new StateTrial(this, $"trial-{Guid.NewGuid():N}");
        await check(trial);
    }

    private static IEnumerable<object[]> Cases(IEnumerable<(string Promise, Func<StateTrial, Task> Check)> list) =>
        list.Select(static each => new object[] { each.Promise });

    /// <summary>A case under way: a shard of its own, and the stores that were opened for it.</summary>
    internal sealed class StateTrial(StateStoreContract contract, string shard) : IAsyncDisposable
    {
        private readonly List<IStateStore> stores = [];

        public string Shard => shard;

        public Task EmptyAsync() => contract.EmptyAsync();

        public Task CopyAsync() => contract.CopyAsync();

        public Task GoBackAsync() => contract.GoBackAsync();

        public Func<bool> Interrupt(IStateStore store, int exchange, bool takesEffect) =>
            contract.Interrupt(store, exchange, takesEffect);

        public Task ExpectNoLeftoversAsync(string? of = null, bool mayExpire = false) =>
            contract.ExpectNoLeftoversAsync(of ?? shard, mayExpire);

        public async Task<IStateStore> OpenAsync()
        {
            var store = await contract.OpenAsync();
            stores.Add(store);
            return store;
        }

        /// <summary>Claims the case's shard, or another, as a process of its own would.</summary>
        public async Task<IShardState> ClaimAsync(string? other = null) =>
            await ClaimAsync(await OpenAsync(), other ?? shard);

        public static async Task<IShardState> ClaimAsync(IStateStore store, string shard, long generation = 1) =>
            (await store.ClaimAsync(shard, generation, force: false, default)).State.ShouldNotBeNull();

        public async ValueTask DisposeAsync()
        {
            foreach (var store in stores)
            {
                await store.DisposeAsync();
            }
        }
    }
}
