using StreamActors.Node.Cli;

namespace StreamActors.Node.Chaos;

/// <summary>A Redis that dies, freezes, forgets.</summary>
internal static class RedisFaults
{
    private static readonly TimeSpan Behind = TimeSpan.FromSeconds(1.5);

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Fault> All { get; } =
    [
        new("redis-kill", FaultPlace.Redis, "Redis is killed and comes back with what was on its disk", KillAsync)
        {
            MayRepeat = true,
        },
        new("redis-freeze", FaultPlace.Redis, "Redis stands still for longer than a call may take", FreezeAsync),
        new("redis-empty", FaultPlace.Redis, "Redis is killed and comes back with nothing", EmptyAsync)
        {
            MayRepeat = true,

            // What only a node's memory still has is lost with that node.
            IsAlone = true,
        },
        new(
            "redis-failover",
            FaultPlace.Redis,
            "Redis dies, and Sentinel promotes a replica that misses the last 1.5 s of writes",
            FailOverAsync)
        {
            MayRepeat = true,
        },
    ];

    private static async Task KillAsync(World world, Random chance, CancellationToken stop)
    {
        await world.Redis!.KillAsync();
        await Fault.ForAsync(Fault.Between(chance, 1, 8), stop);
        await world.Redis.StartAgainAsync(empty: false, stop);
    }

    private static async Task FreezeAsync(World world, Random chance, CancellationToken stop)
    {
        await world.Redis!.SignalAsync("STOP");
        await Fault.ForAsync(Fault.Between(chance, 5, 9), stop);
        await world.Redis.SignalAsync("CONT");
    }

    private static async Task EmptyAsync(World world, Random chance, CancellationToken stop)
    {
        await world.Redis!.KillAsync();
        await Fault.ForAsync(Fault.Between(chance, 1, 4), stop);
        await world.Redis.StartAgainAsync(empty: true, stop);
    }

    private static async Task FailOverAsync(World world, Random chance, CancellationToken stop)
    {
        var redis = world.Redis!;
        await using var sentinels = await redis.WatchAsync(stop);
        await redis.FailOverAsync(sentinels, Behind, stop);

        // The address that nodes know stays, and leads to where Sentinel says.
        foreach (var relay in world.RedisRelays)
        {
            relay.LeadTo(new HostPort("127.0.0.1", redis.Port));
        }

        await redis.ReturnAsync(stop);
    }
}
