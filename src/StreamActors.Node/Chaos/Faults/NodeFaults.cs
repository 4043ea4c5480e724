namespace StreamActors.Node.Chaos;

/// <summary>Processes that die, freeze, come and go.</summary>
internal static class NodeFaults
{
    private static readonly TimeSpan HearsOfIt = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan ChurnLength = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ChurnStep = TimeSpan.FromSeconds(3);

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Fault> All { get; } =
    [
        new("kill", FaultPlace.Node, "kill -9; another node a little later", KillAsync) { MayRepeat = true },
        new("freeze", FaultPlace.Node, "SIGSTOP, and SIGCONT after the session time-out", FreezeAsync)
        {
            MayRepeat = true,
        },
        new("leave", FaultPlace.Node, "SIGTERM; another node a little later", LeaveAsync),
        new("join", FaultPlace.Node, "one node more; later one less", JoinAsync),
        new("rolling", FaultPlace.Node, "each node in turn is stopped and replaced", RollAsync),
        new("churn", FaultPlace.Node, "a node joins or leaves every 3 s for 20 s", ChurnAsync),
        new(
            "upgrade",
            FaultPlace.Node,
            "nodes of the previous build are replaced by this build's, one by one, half of them back, and all again",
            UpgradeAsync)
        {
            IsUpgrade = true,

            // What breaks under another one may be the previous build's.
            IsAlone = true,
        },
    ];

    private static async Task KillAsync(World world, Random chance, CancellationToken stop)
    {
        await world.Nodes.KillAsync(await world.Nodes.TakeAsync(chance, stop));
        await Fault.ForAsync(Fault.Between(chance, 0, 8), stop);
        await world.Nodes.AddAsync(stop);
    }

    private static async Task FreezeAsync(World world, Random chance, CancellationToken stop)
    {
        var node = await world.Nodes.TakeAsync(chance, stop);
        await node.SignalAsync("STOP");
        await Fault.ForAsync(World.Session + Fault.Between(chance, 1, 5), stop);
        await node.SignalAsync("CONT");

        // Until it has heard that it is no member any more, it takes itself for one.
        await Fault.ForAsync(HearsOfIt, stop);
        await node.ReadyAsync(stop);
        world.Nodes.Return(node);
    }

    private static async Task LeaveAsync(World world, Random chance, CancellationToken stop)
    {
        await world.Nodes.StopAsync(await world.Nodes.TakeAsync(chance, stop));
        await Fault.ForAsync(Fault.Between(chance, 0, 5), stop);
        await world.Nodes.AddAsync(stop);
    }

    private static async Task JoinAsync(World world, Random chance, CancellationToken stop)
    {
        await world.Nodes.AddAsync(stop);
        await Fault.ForAsync(Fault.Between(chance, 1, 6), stop);
        await world.Nodes.StopAsync(await world.Nodes.TakeAsync(chance, stop));
    }

    private static async Task RollAsync(World world, Random chance, CancellationToken stop)
    {
        for (var left = world.Nodes.Count; left > 0; left--)
        {
            await world.Nodes.StopAsync(await world.Nodes.TakeAsync(chance: null, stop));
            await world.Nodes.AddAsync(stop);
        }
    }

    private static async Task UpgradeAsync(World world, Random chance, CancellationToken stop)
    {
        var (before, now) = (world.Previous!, NodeBuild.This);
        await ReplaceAsync(world.Nodes, now, before, world.Nodes.CountOf(now), stop);    // none at the first time
        await ReplaceAsync(world.Nodes, before, now, (world.Nodes.Count + 1) / 2, stop);
        await ReplaceAsync(world.Nodes, now, before, world.Nodes.CountOf(now), stop);
        await ReplaceAsync(world.Nodes, before, now, world.Nodes.CountOf(before), stop);
    }

    private static async Task ReplaceAsync(
        Fleet nodes, NodeBuild from, NodeBuild to, int count, CancellationToken stop)
    {
        for (var left = count; left > 0; left--)
        {
            await nodes.StopAsync(await nodes.TakeAsync(from, stop));
            await nodes.AddAsync(to, stop);
        }
    }

    private static async Task ChurnAsync(World world, Random chance, CancellationToken stop)
    {
        var began = TimeProvider.System.GetTimestamp();
        for (var isIn = false; TimeProvider.System.GetElapsedTime(began) < ChurnLength || isIn; isIn = !isIn)
        {
            var next = Fault.ForAsync(ChurnStep, stop);
            await (isIn
                ? world.Nodes.StopAsync(await world.Nodes.TakeAsync(chance, stop))
                : world.Nodes.AddAsync(stop));
            await next;
        }
    }
}
