namespace StreamActors.Node.Chaos;

/// <summary>Networks between nodes and servers that are slow, cut, or break connections.</summary>
internal static class NetworkFaults
{
    private const int Resets = 3;
    private const string Slow = "everything arrives 0.05 to 0.25 s later, both ways, for all nodes";
    private const string Reset = "all connections of all nodes break, three times";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Fault> All { get; } =
    [
        new("kafka-slow", FaultPlace.KafkaNetwork, Slow, (world, chance, stop) =>
            SlowAsync(KafkaOf(world), chance, stop)),
        new("kafka-cut", FaultPlace.KafkaNetwork, "one node loses Kafka for longer than its session", CutKafkaAsync)
        {
            MayRepeat = true,
        },
        new("kafka-reset", FaultPlace.KafkaNetwork, Reset, (world, _, stop) =>
            ResetAsync(KafkaOf(world), stop)),
        new("redis-slow", FaultPlace.RedisNetwork, Slow, (world, chance, stop) =>
            SlowAsync(world.RedisRelays, chance, stop)),
        new("redis-cut", FaultPlace.RedisNetwork, "one node loses Redis for 5 to 10 s", CutRedisAsync),
        new("redis-reset", FaultPlace.RedisNetwork, Reset, (world, _, stop) =>
            ResetAsync(world.RedisRelays, stop)),
    ];

    private static List<Relay> KafkaOf(World world) =>
        [.. world.RedisRelays.Index().SelectMany(each => world.Kafka!.RelaysOf(each.Index))];

    private static async Task SlowAsync(IReadOnlyList<Relay> relays, Random chance, CancellationToken stop)
    {
        var delay = Fault.Between(chance, 0.05, 0.25);
        foreach (var relay in relays)
        {
            relay.Delay = delay;
        }

        await Fault.ForAsync(Fault.Between(chance, 5, 12), stop);
        foreach (var relay in relays)
        {
            relay.Delay = TimeSpan.Zero;
        }
    }

    private static async Task ResetAsync(IReadOnlyList<Relay> relays, CancellationToken stop)
    {
        for (var times = 0; times < Resets; times++)
        {
            foreach (var relay in relays)
            {
                relay.Reset();
            }

            await Fault.ForAsync(TimeSpan.FromSeconds(1.5), stop);
        }
    }

    private static async Task CutKafkaAsync(World world, Random chance, CancellationToken stop)
    {
        var node = await world.Nodes.TakeAsync(chance, stop);
        await CutAsync(
            world.Kafka!.RelaysOf(node.Slot), World.Session + Fault.Between(chance, 1, 6), stop);
        await node.ReadyAsync(stop);
        world.Nodes.Return(node);
    }

    private static async Task CutRedisAsync(World world, Random chance, CancellationToken stop)
    {
        var node = await world.Nodes.TakeAsync(chance, stop);
        await CutAsync([world.RedisRelays[node.Slot]], Fault.Between(chance, 5, 10), stop);
        await node.ReadyAsync(stop);
        world.Nodes.Return(node);
    }

    private static async Task CutAsync(IReadOnlyList<Relay> relays, TimeSpan length, CancellationToken stop)
    {
        foreach (var relay in relays)
        {
            relay.IsCut = true;
        }

        await Fault.ForAsync(length, stop);
        foreach (var relay in relays)
        {
            relay.IsCut = false;
        }
    }
}
