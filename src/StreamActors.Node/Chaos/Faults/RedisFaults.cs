using StreamActors.Records;

namespace StreamActors.Node.Chaos;

/// <summary>A Redis that dies, freezes, forgets.</summary>
internal static class RedisFaults
{
    private static readonly TimeSpan Behind = TimeSpan.FromSeconds(1.5);

    // The group takes 6 s to know of a death, and what stands still is told after 10; the rest is for a busy machine.
    private static readonly TimeSpan ToldLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);

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
            "redis-empty-kill",
            FaultPlace.Redis,
            "a node and Redis are killed, and Redis comes back with nothing: what that node had stands still and says "
                + "so, until an export is put back",
            LoseStateAsync)
        {
            MayRepeat = true,
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

    /// <summary>
    /// Nobody has the state of the dead node's shards any more, and their commits say that there was one. So whoever
    /// takes them over may not begin them empty, which the verifier would see: they stand still, all of them and no
    /// other, and say so. Then an operator takes a way out.
    /// </summary>
    private static async Task LoseStateAsync(World world, Random chance, CancellationToken stop)
    {
        var nodes = world.Nodes;
        var count = nodes.Count;
        var dead = await nodes.TakeAsync(chance, stop);
        IReadOnlyList<PartitionId> owned;
        while ((owned = await dead.Pages.PartitionsAsync(stop)).Count == 0)
        {
            await Fault.ForAsync(Poll, stop);
        }

        var copy = await world.ExportAsync();
        await Task.WhenAll(world.Redis!.KillAsync(), nodes.KillAsync(dead));
        await world.Redis.StartAgainAsync(empty: true, stop);
        await UntilToldAsync(nodes, dead.Name, owned, stop);

        await nodes.StopAllAsync();
        await world.ImportAsync(copy);
        await Task.WhenAll(Enumerable.Range(0, count).Select(_ => nodes.AddAsync(stop)));
    }

    /// <summary>Waits until nodes say of exactly these partitions that their state is lost; else it is noted.</summary>
    private static async Task UntilToldAsync(
        Fleet nodes, string dead, IReadOnlyList<PartitionId> owned, CancellationToken stop)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var pages = await Task.WhenAll(nodes.Free.Select(node => node.Pages.WithoutStateAsync(stop)));
            var told = pages.SelectMany(static page => page).ToHashSet();
            if (told.SetEquals(owned))
            {
                return;
            }

            if (TimeProvider.System.GetElapsedTime(since) > ToldLimit)
            {
                nodes.Note(
                    $"Redis lost the state of {Names(owned)} with their node {dead}; {ToldLimit.TotalSeconds} s later "
                    + $"the others say so of {Names(told)}");
                return;
            }

            await Fault.ForAsync(Poll, stop);
        }
    }

    private static string Names(IReadOnlyCollection<PartitionId> partitions) => partitions.Count == 0
        ? "none"
        : string.Join(", ", partitions.Select(static each => $"{each}").Order(StringComparer.Ordinal));

    private static async Task FailOverAsync(World world, Random chance, CancellationToken stop)
    {
        var redis = world.Redis!;
        await using var sentinels = await redis.WatchAsync(stop);
        await redis.FailOverAsync(sentinels, Behind, stop);

        // The address that nodes know stays, and leads to where Sentinel says.
        foreach (var relay in world.RedisRelays)
        {
            relay.LeadTo(world.RedisAt);
        }

        await redis.ReturnAsync(stop);
    }
}
