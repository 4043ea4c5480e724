using StreamActors.Limits;

namespace StreamActors.Simulation.Tests.World;

/// <summary>
/// How often what goes wrong, in shares of 1; all zero when a scenario comes to its end. An acknowledgement that comes
/// twice is not among it: the ports answer by a task, which completes once. What can come twice is a request.
/// </summary>
internal sealed record Chances
{
    public double CommitFails { get; init; }

    /// <summary>A commit arrives, and is acknowledged, when a drain has given it up.</summary>
    public double CommitIsLate { get; init; }

    /// <summary>The answer is lost, and the client sends the commit again, over what came between.</summary>
    public double CommitRepeats { get; init; }

    public double BrokerSilent { get; init; }

    public double SinkFails { get; init; }

    /// <summary>A delivery takes longer than any drain: it may be acknowledged when its epoch has ended.</summary>
    public double SinkIsLate { get; init; }

    public double SinkDefect { get; init; }

    public double SinkRefuses { get; init; }

    /// <summary>The group gives a partition to another member than its co-partition.</summary>
    public double OutOfStep { get; init; }

    public double CallFails { get; init; }

    public double StoreFails { get; init; }

    public static Chances None { get; } = new();
}

/// <summary>How much may go wrong in a scenario.</summary>
internal enum Trouble
{
    /// <summary>Nothing, and nothing moves.</summary>
    None,

    /// <summary>Members come and go, as they should: everything is handed over.</summary>
    Gentle,

    /// <summary>Anything.</summary>
    Any,
}

/// <summary>The shape of a rebalance.</summary>
internal enum GroupProtocol
{
    /// <summary>Classic, <c>range</c>: every member lets go of everything, then gets its new share at once.</summary>
    Eager,

    /// <summary>Classic, <c>cooperative-sticky</c>: what moves is let go, and given when all of it is free.</summary>
    Cooperative,

    /// <summary>KIP-848: each partition is given as soon as it is free, co-partitions one after the other.</summary>
    Incremental,
}

/// <summary>What is fixed in a scenario, drawn from its seed.</summary>
internal sealed record Setting
{
    private const int ManyTimers = 1_000;

    public required IReadOnlyList<RouteShape> Routes { get; init; }

    /// <summary>How many partitions each topic begins with.</summary>
    public required IReadOnlyList<int> Partitions { get; init; }

    public required bool HasStore { get; init; }

    public required GroupProtocol Protocol { get; init; }

    public required Trouble Trouble { get; init; }

    public required Chances Chances { get; init; }

    public required StartAt StartAt { get; init; }

    public required PipelineLimits Limits { get; init; }

    public required PipelineTiming Timing { get; init; }

    /// <summary>How many entities a shard reads from the store before it handles records.</summary>
    public required int ReadAtOnce { get; init; }

    /// <summary>How long windows hold records: some for longer than a save waits for them.</summary>
    public required TimeSpan Window { get; init; }

    public required MapAsyncOptions Calls { get; init; }

    /// <summary>How many processes there are at the beginning.</summary>
    public required int Processes { get; init; }

    /// <summary>How many keys the records have.</summary>
    public required int Keys { get; init; }

    /// <summary>Whether calls may fail because so many timers are set.</summary>
    public bool HasFewTimers => Limits.TimersPerShard < ManyTimers;

    /// <summary>Whether two topics feed the same shards.</summary>
    public bool HasCoPartitions => Routes.Any(static route => route.ShardGroup != route.Topic);

    public static Setting Draw(Chance chance)
    {
        var routes = DrawRoutes(chance);
        var hasStore = chance.Next(2) == 0;
        var limits = DrawLimits(chance, routes.Any(static route => route.Kind == RouteKind.Sample), hasStore);
        if (limits.Parking.WhenFull == WhenParkingFull.DeadLetterOldest)
        {
            routes =
            [
                .. routes.Select(static route => route.Kind == RouteKind.Calls
                    ? route with { DeadLetters = true, GivesUpOldest = true }
                    : route),
            ];
        }

        var trouble = chance.Next(10) switch { 0 => Trouble.None, < 3 => Trouble.Gentle, _ => Trouble.Any };
        return new Setting
        {
            Routes = routes,
            Partitions = [.. routes.Select(_ => chance.Next(1, 4))],
            HasStore = hasStore,
            Protocol = (GroupProtocol)chance.Next(3),
            Trouble = trouble,
            Chances = trouble != Trouble.Any || chance.Next(4) == 0 ? Chances.None : DrawChances(chance),
            StartAt = chance.Next(4) == 0 ? StartAt.Latest : StartAt.Earliest,
            Limits = limits,
            Timing = DrawTiming(chance, hasStore),
            ReadAtOnce = chance.Next(2) == 0 ? 10_000 : chance.Next(6),
            Window = chance.Next(3) == 0 ? TimeSpan.FromMilliseconds(20) : Milliseconds(chance, 20, 600),
            Calls = new MapAsyncOptions
            {
                MaxInFlight = chance.Next(1, 6),
                Timeout = Milliseconds(chance, 2, 20),
                Retry = Retry.On<SimulatedTrouble>(chance.Next(1, 4), Milliseconds(chance, 1, 20)),
            },
            Processes = chance.Next(1, 4),
            Keys = chance.Next(1, 12),
        };
    }

    /// <summary>What a reader of a failure wants to know first, a line each.</summary>
    public IEnumerable<string> Describe() =>
    [
        .. Routes.Zip(Partitions, static (route, partitions) => $"{route.Topic}: {partitions} partitions, {route.Kind}"
            + $"{(route.Dedup ? ", dedup" : "")}{(route.DeadLetters ? ", dead letters" : "")}"
            + $"{(route.HasEventTime ? ", time in the value" : "")} to {string.Join(" and ", route.Sinks)}"
            + $"{(route.ShardGroup == route.Topic ? "" : ", shards shared")}"
            + $"{(route.EntityName == route.Topic ? "" : ", entities shared")}"),
        $"{ReadAtOnce} entities read at once",
        $"windows of {Window}",
        $"{Processes} processes, {Protocol}, {(HasStore ? "a store" : "no store")}, from {StartAt}",
        $"{Limits}",
        $"{Timing}",
        $"{Chances}",
    ];

    private static RouteShape[] DrawRoutes(Chance chance)
    {
        RouteShape[] routes =
            [.. Enumerable.Range(0, chance.Next(1, 4)).Select(number => DrawRoute(chance, $"topic-{number}"))];
        if (routes.Length == 1 || chance.Next(2) == 0)
        {
            return routes;
        }

        for (var index = 0; index < 2; index++)
        {
            routes[index] = routes[index] with { ShardGroup = "pair" };
        }

        if (chance.Next(2) == 0 || routes[..2].Any(static route => route.Kind == RouteKind.Entity))
        {
            routes[0] = routes[0] with { Kind = RouteKind.Entity, EntityName = "shared" };
            routes[1] = routes[1] with { Kind = RouteKind.Entity, EntityName = "shared", Sinks = routes[0].Sinks };
        }

        return routes;
    }

    private static RouteShape DrawRoute(Chance chance, string topic) => new(
        topic,
        chance.Next(6) is var kind && kind == 5 ? RouteKind.Entity : (RouteKind)kind,
        Dedup: chance.Next(2) == 0,
        DeadLetters: chance.Next(2) == 0,
        chance.Next(3) switch { 0 => ["redis"], 1 => ["kafka"], _ => ["redis", "kafka"] },
        SampleRate: chance.Next(1, 5))
    {
        HasEventTime = chance.Next(3) == 0,
    };

    private static PipelineLimits DrawLimits(Chance chance, bool hasSample, bool hasStore) => new()
    {
        MailboxRecords = chance.Next(1, 40),
        BatchRecords = chance.Next(1, 16),
        OutboxRecords = chance.Next(1, 20),
        OutboxBytes = chance.Next(50, 2_000),
        WindowBytes = chance.Next(100, 3_000),
        UncommittedRecords = chance.Next(1, 200),
        Parking = new ParkingLimits
        {
            Records = chance.Next(1, 16),
            Bytes = chance.Next(50, 2_000),
            Age = chance.Next(4) == 0 ? Milliseconds(chance, 1, 50) : TimeSpan.Zero,
            WhenFull = chance.Next(3) == 0 ? WhenParkingFull.DeadLetterOldest : WhenParkingFull.Hold,
        },

        // The model of a sample knows no counts that were forgotten.
        EntitiesPerShard = hasSample ? 1_000 : chance.Next(1, 20),

        // What others have set that a store keeps, the model does not know.
        TimersPerShard = !hasStore && chance.Next(3) == 0 ? chance.Next(1, 8) : ManyTimers,
    };

    private static PipelineTiming DrawTiming(Chance chance, bool hasStore) => new()
    {
        // Some save again and again what a window, or a call, holds.
        CommitInterval = Milliseconds(chance, 10, hasStore && chance.Next(2) == 0 ? 30 : 200),
        CommitSpacing = Milliseconds(chance, 1, 20),
        CommitRecords = chance.Next(1, 50),
        DrainLimit = Milliseconds(chance, 20, 300),
        StopLimit = TimeSpan.FromSeconds(2),
        StartLimit = TimeSpan.FromMilliseconds(100),
        PassivateAfter = hasStore && chance.Next(2) == 0 ? Milliseconds(chance, 1, 100) : TimeSpan.FromMinutes(10),
        EventTimeIdleAfter = chance.Next(3) == 0 ? Milliseconds(chance, 10, 200) : TimeSpan.Zero,
        Restart = new Backoff(TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(100)),
        RestartLimit = int.MaxValue,
    };

    private static Chances DrawChances(Chance chance) => new()
    {
        CommitFails = Rarely(chance, 0.2),
        CommitIsLate = Rarely(chance, 0.1),
        CommitRepeats = Rarely(chance, 0.1),
        BrokerSilent = Rarely(chance, 0.1),
        SinkFails = Rarely(chance, 0.4),
        SinkIsLate = Rarely(chance, 0.2),
        SinkDefect = Rarely(chance, 0.05),
        SinkRefuses = Rarely(chance, 0.05),
        OutOfStep = Rarely(chance, 0.1),
        CallFails = Rarely(chance, 0.4),
        StoreFails = Rarely(chance, 0.3),
    };

    private static double Rarely(Chance chance, double share) => chance.Next(2) == 0 ? share : 0;

    private static TimeSpan Milliseconds(Chance chance, int min, int below) =>
        TimeSpan.FromMilliseconds(chance.Next(min, below));
}
