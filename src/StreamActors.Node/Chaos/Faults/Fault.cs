namespace StreamActors.Node.Chaos;

/// <summary>What a fault happens to. Two at once are of different places, or both of nodes.</summary>
internal enum FaultPlace
{
    /// <summary>A node process.</summary>
    Node,

    /// <summary>A broker of the run's own.</summary>
    Broker,

    /// <summary>The run's own Redis.</summary>
    Redis,

    /// <summary>The network between nodes and brokers of the run's own.</summary>
    KafkaNetwork,

    /// <summary>The network between nodes and Redis.</summary>
    RedisNetwork,
}

/// <summary>Something that goes wrong, or is done, while records flow; it is over when its task is.</summary>
/// <param name="Name">Its name, on the command line too.</param>
/// <param name="Place">What it happens to.</param>
/// <param name="Story">What happens, in a few words.</param>
/// <param name="StrikeAsync">Does it, and makes it good again.</param>
internal sealed record Fault(
    string Name, FaultPlace Place, string Story, Func<World, Random, CancellationToken, Task> StrikeAsync)
{
    /// <summary>Whether records may come out twice.</summary>
    public bool MayRepeat { get; init; }

    /// <summary>Whether it happens alone: with another at once, what it breaks is not promised.</summary>
    public bool IsAlone { get; init; }

    /// <summary>
    /// Whether it replaces nodes of the previous build. The run begins with these, so it comes before all others, which
    /// are to strike nodes of this build.
    /// </summary>
    public bool IsUpgrade { get; init; }

    /// <summary>Every fault there is.</summary>
    public static IReadOnlyList<Fault> All { get; } =
        [.. NodeFaults.All, .. BrokerFaults.All, .. RedisFaults.All, .. NetworkFaults.All];

    /// <summary>Why it cannot happen to this world; null where it can.</summary>
    public string? WhyNot(World world) => Place switch
    {
        FaultPlace.Broker or FaultPlace.KafkaNetwork when world.Kafka is null =>
            "the brokers are not the run's own (--kafka)",
        FaultPlace.Redis when world.Redis is null => "the Redis is not the run's own (--redis)",
        FaultPlace.Node when IsUpgrade && world.Previous is null =>
            "there is no previous build to begin with (--previous FOLDER)",
        _ => null,
    };

    /// <summary>Whether both can happen at once.</summary>
    public bool GoesWith(Fault other) => !IsAlone && !other.IsAlone
        && this != other && (Place != other.Place || Place == FaultPlace.Node);

    /// <summary>A time between two.</summary>
    public static TimeSpan Between(Random chance, double from, double to) =>
        TimeSpan.FromSeconds(from + (chance.NextDouble() * (to - from)));

    /// <summary>Lets some time pass.</summary>
    public static Task ForAsync(TimeSpan time, CancellationToken stop) => Task.Delay(time, TimeProvider.System, stop);
}
