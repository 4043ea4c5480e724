namespace StreamActors.Node.Chaos;

/// <summary>Brokers that die and freeze, one at a time.</summary>
internal static class BrokerFaults
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<Fault> All { get; } =
    [
        new("broker-kill", FaultPlace.Broker, "a broker is killed and comes back", KillAsync),
        new("broker-freeze", FaultPlace.Broker, "a broker stands still for longer than its session", FreezeAsync),
        new("controller-kill", FaultPlace.Broker, "the broker is killed that leads the controllers", KillLeaderAsync),
    ];

    private static Task KillAsync(World world, Random chance, CancellationToken stop) =>
        KillAsync(world.Kafka!, chance.Next(world.Kafka!.Brokers), Fault.Between(chance, 3, 10), stop);

    private static async Task KillLeaderAsync(World world, Random chance, CancellationToken stop) => await KillAsync(
        world.Kafka!, await world.Kafka!.ControllerAsync(stop), Fault.Between(chance, 3, 10), stop);

    private static async Task KillAsync(OwnKafka kafka, int broker, TimeSpan length, CancellationToken stop)
    {
        await kafka.KillAsync(broker);
        await Fault.ForAsync(length, stop);
        await kafka.UpAsync(broker);
        await kafka.WholeAsync(stop);
    }

    private static async Task FreezeAsync(World world, Random chance, CancellationToken stop)
    {
        var broker = chance.Next(world.Kafka!.Brokers);
        await world.Kafka!.SignalAsync(broker, "STOP");
        await Fault.ForAsync(Fault.Between(chance, 5, 12), stop);
        await world.Kafka.SignalAsync(broker, "CONT");
        await world.Kafka.WholeAsync(stop);
    }
}
