using StreamActors.Node.Chaos;

namespace StreamActors.Node.Bench;

/// <summary>How hand-overs are measured.</summary>
internal sealed record HandoverOptions
{
    /// <summary>Servers and nodes.</summary>
    public required WorldOptions World { get; init; }

    /// <summary>Entities of a shard, all of them active.</summary>
    public required int Entities { get; init; }

    /// <summary>Records a second.</summary>
    public required int Rate { get; init; }

    /// <summary>How often each hand-over is made.</summary>
    public required int Times { get; init; }

    /// <summary>Whether to measure with a broker's own heartbeat and session time-out too.</summary>
    public required bool Defaults { get; init; }
}

/// <summary>How often members say that they live, and when they are dead.</summary>
/// <param name="Heartbeat">Between two heartbeats.</param>
/// <param name="Session">Without a heartbeat.</param>
internal sealed record GroupPace(TimeSpan Heartbeat, TimeSpan Session)
{
    /// <summary>What <c>streamactors</c> is measured with.</summary>
    public static GroupPace Quick { get; } = new(TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(6));

    /// <summary>What a broker has by itself.</summary>
    public static GroupPace Default { get; } = new(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(45));

    /// <summary>How long a change of members may go on showing.</summary>
    public TimeSpan Settling => (2 * Heartbeat) + TimeSpan.FromSeconds(3);
}

/// <summary>
/// Lets nodes join, leave and die under load, and reads from the outputs how long each partition was silent.
/// </summary>
internal sealed class HandoverRun(World world, HandoverOptions options, Action<string> progress)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan WarmUpLimit = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan FlushLimit = TimeSpan.FromSeconds(60);

    private readonly List<(string Name, GroupPace Pace, Window Window)> windows = [];
    private readonly int keys = options.Entities * Feed.Chain.Partitions;

    /// <summary>Measures.</summary>
    public async Task<IReadOnlyList<HandoverRow>> RunAsync(CancellationToken stop)
    {
        await world.StartAsync(progress, stop);
        var (ledger, history) = (new Ledger(keys), new History(keys));
        using var reader = new ProofReader(world.Bootstrap, world.Topics, history);
        using var producer = new FeedProducer(
            world.Bootstrap, world.Topics, ledger, new Traffic(options.Rate, Seed: 1) { Calls = 0, TwiceOneIn = 0 });
        reader.Start();
        producer.Start();
        progress($"records flow, until {keys:N0} entities are active");
        await WarmUpAsync(ledger, history, stop);
        await MeasureAsync(GroupPace.Quick, stop);
        if (options.Defaults)
        {
            await MeasureAsync(GroupPace.Default, stop);
        }

        producer.Stop(FlushLimit);
        reader.StopAtEnd();
        await world.Nodes.StopAllAsync();
        return [.. windows.GroupBy(static each => (each.Name, each.Pace)).Select(each => new HandoverRow(
            each.Key.Name, each.Key.Pace, [.. each.Select(one => Handover.Measure(history, keys, one.Window))]))];
    }

    private async Task WarmUpAsync(Ledger ledger, History history, CancellationToken stop)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (history.Complete < 2 * keys || ledger.Produced - history.Complete > options.Rate)
        {
            if (TimeProvider.System.GetElapsedTime(since) > WarmUpLimit)
            {
                throw new UserErrorException(
                    $"After {WarmUpLimit.TotalSeconds} s {history.Complete:N0} outputs of {ledger.Produced:N0} records "
                    + "have come: this machine is too slow for this rate. Choose a lower one: --rate N.");
            }

            await Task.Delay(Poll, TimeProvider.System, stop);
        }
    }

    private async Task MeasureAsync(GroupPace pace, CancellationToken stop)
    {
        using (var admin = new DriverAdmin(world.Bootstrap))
        {
            await admin.SetGroupAsync(world.Topics.Run, pace.Heartbeat, pace.Session);
        }

        // A member learns it with its next heartbeat, which is at the pace before.
        await Task.Delay(GroupPace.Default.Heartbeat, TimeProvider.System, stop);
        var chance = new Random(1);
        for (var time = 1; time <= options.Times; time++)
        {
            await WatchAsync("join", pace, () => world.Nodes.AddAsync(stop), stop);
            await WatchAsync(
                "leave",
                pace,
                async () => await world.Nodes.StopAsync(await world.Nodes.TakeAsync(chance, stop)),
                stop);
            await WatchAsync(
                "kill -9",
                pace,
                async () =>
                {
                    await world.Nodes.KillAsync(await world.Nodes.TakeAsync(chance, stop));
                    await Task.Delay(pace.Session, TimeProvider.System, stop);
                },
                stop);
            await world.Nodes.AddAsync(stop);
            await Task.Delay(pace.Settling, TimeProvider.System, stop);
        }
    }

    private async Task WatchAsync(string name, GroupPace pace, Func<Task> change, CancellationToken stop)
    {
        progress($"{name}, heartbeat {pace.Heartbeat.TotalSeconds:0.#} s");
        var from = Now();
        await change();
        await Task.Delay(pace.Settling, TimeProvider.System, stop);
        windows.Add((name, pace, new Window(from, Now())));
    }

    private static long Now() => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
}
