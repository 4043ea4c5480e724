using StreamActors.Simulation.Tests.World;

namespace StreamActors.Simulation.Tests;

/// <summary>
/// One run of the whole engine in a simulated world: first a time of records and faults, then a time of peace in which
/// everything must be finished and committed, then a clean stop.
/// </summary>
internal sealed class Scenario
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly SimulatedWorld world;
    private readonly Random random;
    private readonly int keys;
    private readonly bool hasFaults;
    private TimeSpan outageUntil;
    private Chances usual;
    private int lastId;

    private Scenario(int seed, List<string>? trace)
    {
        world = new SimulatedWorld(seed, trace);
        random = world.Random;
        keys = random.Next(1, 12);
        hasFaults = random.Next(5) != 0;
        usual = world.Chances;
    }

    /// <summary>Runs the scenario of a seed; throws where a promise is broken.</summary>
    public static void Run(int seed, List<string>? trace = null) => new Scenario(seed, trace).Run();

    private void Run()
    {
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            world.StartProcess();
        }

        world.Broker.Rebalance(stay: 0);
        for (var i = random.Next(200, 900); i > 0; i--)
        {
            Act();
            Observe();
        }

        Finish();
    }

    private void Act()
    {
        switch (random.Next(100))
        {
            case < 40: world.Threads.RunOne(); break;
            case < 65: Step(); break;
            case < 85: world.Time.Advance(TimeSpan.FromMilliseconds(random.Next(1, 6))); break;
            case < 95: Produce(); break;
            default: MakeTrouble(); break;
        }
    }

    private void Step()
    {
        if (outageUntil > TimeSpan.Zero && world.Time.Elapsed > outageUntil)
        {
            (world.Chances, outageUntil) = (usual, TimeSpan.Zero);
        }

        if (world.Alive.Count > 0 && world.Alive[random.Next(world.Alive.Count)] is var process
            && process.FrozenUntil <= world.Time.Elapsed)
        {
            process.Step();
        }
    }

    private void Produce()
    {
        var logs = world.Broker.Partitions.ToList();
        var log = logs[random.Next(logs.Count)];
        for (var i = random.Next(1, 12); i > 0; i--)
        {
            var isRepeated = random.Next(8) == 0 && log.Records.Count > 0;
            if (isRepeated)
            {
                var again = log.Records[random.Next(log.Records.Count)];

                // A record that a window or a call gives up frees its id then: whether one with that id comes before or
                // after is the schedule's, and nothing that the model could foretell.
                var isHeld = world.RouteOf(log.Id).Kind is RouteKind.Latest or RouteKind.Sample or RouteKind.Calls;
                log.Append(again.Key, isHeld && again.Wish == Wish.Throw ? 0 : again.Id, again.Wish, gap: 0);
                continue;
            }

            var key = random.Next(keys + 1) is var drawn && drawn == 0 ? "" : $"k{drawn}";
            var wish = random.Next(20) switch { 0 => Wish.Throw, 1 => Wish.Reject, < 6 => Wish.Ignore, _ => Wish.Emit };
            var gap = random.Next(10) == 0 ? random.Next(1, 5) : 0;
            log.Append(key, random.Next(10) == 0 ? 0 : ++lastId, wish, gap);
        }
    }

    private void MakeTrouble()
    {
        if (!hasFaults)
        {
            return;
        }

        var process = world.Alive.Count == 0 ? null : world.Alive[random.Next(world.Alive.Count)];
        switch (random.Next(15))
        {
            case < 4:
                world.Broker.Rebalance(stay: random.NextDouble());
                break;
            case < 6 when world.Alive.Count < 4:
                world.StartProcess();
                world.Broker.Rebalance(stay: 0.7);
                break;
            case 6 when process is not null:
                world.Trace($"process {process.Number} is fenced");
                world.Broker.Fence(process.Consumer);
                world.Broker.Rebalance(stay: 0.9);
                break;
            case 7 when process is not null:
                process.FrozenUntil = world.Time.Elapsed + TimeSpan.FromMilliseconds(random.Next(300));
                break;
            case 8 when process is not null:
                world.Trace($"process {process.Number} is killed");
                world.Alive.Remove(process);
                process.Kill();
                world.Broker.Rebalance(stay: 0.9);
                break;
            case 9 when process is not null:
                world.Trace($"process {process.Number} stops");
                world.Alive.Remove(process);
                process.Stop();
                world.Broker.Rebalance(stay: 0.9);
                break;
            case 10 when process is not null:
                process.Member.Failed("The client cannot go on.");
                break;
            case 11:
                world.Broker.AddPartition(world.Routes[random.Next(world.Routes.Count)].Topic);
                if (random.Next(2) == 0)
                {
                    world.EvenOut();
                }

                world.Broker.Rebalance(stay: 0.9);
                break;
            case 12:
                Cut();
                break;
            case 14 when world.Store is { } store:
                store.GoBack(random.Next(1, 8));
                break;
            case 13 when outageUntil == TimeSpan.Zero:
                outageUntil = world.Time.Elapsed + TimeSpan.FromMilliseconds(random.Next(500));
                world.Chances = usual with { SinkFails = 1 };
                break;
            default:
                break;
        }
    }

    /// <summary>Retention cuts a log in front of what a member has not read yet.</summary>
    private void Cut()
    {
        var logs = world.Broker.Partitions.ToList();
        var log = logs[random.Next(logs.Count)];
        if (log.End > log.First)
        {
            log.CutBefore(random.NextInt64(log.First, log.End));
            world.Trace($"{log.Id} is cut before {log.First}");
        }
    }

    private void Finish()
    {
        world.Trace($"peace");
        (world.Chances, usual) = (Chances.None, Chances.None);
        if (world.Alive.Count == 0)
        {
            world.StartProcess();
        }

        world.EvenOut();
        world.Broker.Rebalance(stay: 0.9);
        var end = world.Time.Elapsed + Patience;
        while (world.Unfinished is { Count: > 0 } left)
        {
            world.Time.Elapsed.ShouldBeLessThan(end, $"stuck: {string.Join(", ", left)}");
            world.Alive.ForEach(static process => process.Step());
            while (random.Next(10) != 0 && world.Threads.RunOne())
            {
                Observe();
            }

            world.Time.Advance(TimeSpan.FromMilliseconds(random.Next(1, 20)));
            Observe();
        }

        world.Alive.ForEach(static process => process.Stop());
        Observe();

        // What was told to end, and does not heed it, ends by itself.
        world.Time.Advance(TimeSpan.FromSeconds(1));
        while (world.Threads.RunOne())
        {
            Observe();
        }

        world.CheckEnd();
    }

    private void Observe()
    {
        if (world.Violation is { } broken)
        {
            throw broken;
        }
    }
}
