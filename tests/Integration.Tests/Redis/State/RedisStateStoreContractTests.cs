using StreamActors.Redis;
using StreamActors.Snapshots;
using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.RedisTests;

/// <summary>On a real server, over a wire that breaks where it is told to.</summary>
public sealed class RedisStateStoreContractTests : StateStoreContract, IAsyncLifetime
{
    private readonly Dictionary<IStateStore, CountingRelay> wires = [];
    private RealRedis? redis;

    [RedisTheory]
    [MemberData(nameof(Promises))]
    [MemberData(nameof(FaultPromises))]
    public Task It_keeps(string promise) => CheckAsync(promise);

    public async Task InitializeAsync() => redis = RealRedis.WhyNot is null ? await RealRedis.StartAsync() : null;

    public async Task DisposeAsync()
    {
        wires.Values.ToList().ForEach(static wire => wire.Dispose());
        await (redis?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    private protected override Task<IStateStore> OpenAsync()
    {
        var wire = new CountingRelay(redis!.Port);
        var store = new RedisStateStore(new() { Host = "127.0.0.1", Port = wire.Port }, TimeProvider.System);
        lock (wires)
        {
            wires[store] = wire;
        }

        return Task.FromResult<IStateStore>(store);
    }

    private protected override Task EmptyAsync() => redis!.CliAsync("FLUSHALL");

    private protected override Task CopyAsync() => redis!.CliAsync("SAVE");

    private protected override async Task GoBackAsync()
    {
        await redis!.KillAsync();
        await redis.StartAgainAsync();
    }

    private protected override Func<bool> Interrupt(IStateStore store, int exchange, bool takesEffect) =>
        wires[store].BreakAt(exchange, takesEffect);

    /// <summary>Every key is of the current base and listed in the names; a piece of no use expires.</summary>
    private protected override async Task ExpectNoLeftoversAsync(string shard, bool mayExpire)
    {
        var prefix = $"streamactors:{{{shard}}}:";
        var keys = await LinesAsync("--scan", "--pattern", prefix + "*");
        var current = (await LinesAsync("HGET", prefix + "head", "base")).Single();
        var names = await LinesAsync("SMEMBERS", prefix + "names");
        names.ShouldAllBe(name => StateKeys.IsOf(current, name));
        foreach (var key in keys.Select(key => key[prefix.Length..]).Except(names).Except(["head", "names"]))
        {
            key.ShouldStartWith("stage:");
            mayExpire.ShouldBeTrue(key);
            int.Parse((await LinesAsync("TTL", prefix + key)).Single())
                .ShouldBeInRange(1, (int)RedisShardState.StageExpiry.TotalSeconds);
        }
    }

    private async Task<string[]> LinesAsync(params string[] arguments) =>
        (await redis!.CliAsync(arguments)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
