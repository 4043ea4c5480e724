using System.Globalization;
using StreamActors.Simulation.Tests.World;

namespace StreamActors.Simulation.Tests;

/// <summary>
/// One run of the whole engine in a simulated world: first the moves of its schedule, then a time of peace in which
/// everything must be finished and committed, then a clean stop. The same schedule gives the same run.
/// </summary>
internal sealed class Scenario
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Schedule schedule;
    private readonly SimulatedWorld world;
    private readonly Chance chance;
    private readonly Reckoning reckoning;
    private readonly List<string> trace = [];
    private readonly List<(int Number, string What)> told = [];
    private readonly bool isTold;
    private TimeSpan outageUntil;
    private int ids;

    private Scenario(Schedule schedule, bool isTold)
    {
        (this.schedule, this.isTold) = (schedule, isTold);
        chance = new Chance(schedule.Seed);
        world = new SimulatedWorld(schedule.Setting, chance, isTold ? trace : null);
        reckoning = new Reckoning(world);
    }

    /// <summary>Runs a schedule.</summary>
    /// <param name="schedule">The schedule.</param>
    /// <param name="isTold">Whether a failure has its story.</param>
    /// <returns>What went wrong; null where nothing did.</returns>
    public static Failure? Run(Schedule schedule, bool isTold = false)
    {
        var scenario = new Scenario(schedule, isTold);
        try
        {
            scenario.Run();
            return null;
        }
        catch (Exception error)
        {
            // What is broken first is what matters: it may have made the engine fail.
            return new Failure(schedule, scenario.world.Promises.Broken ?? error, scenario.told, scenario.trace);
        }
    }

    /// <summary>What happens in a run, line by line.</summary>
    public static IReadOnlyList<string> Trace(Schedule schedule)
    {
        var scenario = new Scenario(schedule, isTold: true);
        scenario.Run();
        return scenario.trace;
    }

    private void Run()
    {
        for (var left = schedule.Setting.Processes; left > 0; left--)
        {
            world.StartProcess();
        }

        world.Broker.Rebalance(stay: 0);
        foreach (var move in schedule.Moves)
        {
            Make(move);
            Observe();
        }

        chance.Begin(schedule.Seed);
        Finish();
    }

    private void Make(Move move)
    {
        chance.Begin(move.Seed);
        ids = (move.Number + 1) * 16;
        if (outageUntil > TimeSpan.Zero && world.Time.Elapsed > outageUntil)
        {
            (world.Chances, outageUntil) = (schedule.Setting.Chances, TimeSpan.Zero);
        }

        switch (move.Kind)
        {
            case MoveKind.Turn:
                Tell(move, $"{(world.Threads.RunOne() ? "a turn" : "nothing waits")}");
                break;
            case MoveKind.Time:
                var passes = TimeSpan.FromMilliseconds(chance.Next(1, 6));
                Tell(move, $"{passes.TotalMilliseconds} ms pass");
                world.Time.Advance(passes);
                break;
            case MoveKind.Produce:
                Produce(move);
                break;
            case MoveKind.Rebalance or MoveKind.Start or MoveKind.AddPartition or MoveKind.Regroup
                or MoveKind.StartStranger:
                ChangeGroup(move);
                break;
            case MoveKind.Cut or MoveKind.StoreBack or MoveKind.Outage:
                TroublePeers(move);
                break;
            default:
                if (world.Alive.Count > 0)
                {
                    MoveProcess(move, world.Alive[chance.Next(world.Alive.Count)]);
                }

                break;
        }
    }

    private void Produce(Move move)
    {
        var logs = world.Broker.Partitions.ToList();
        var log = logs[chance.Next(logs.Count)];
        var before = log.Records.Count;
        for (var left = chance.Next(1, 12); left > 0; left--)
        {
            var time = world.UtcNow + (chance.Next(30) == 0 ? 7_200_000 : chance.Next(-30, 10));
            if (chance.Next(8) == 0 && log.Records.Count > 0)
            {
                var again = log.Records[chance.Next(log.Records.Count)];

                // A record that a window or a call gives up frees its id then: whether one with that id comes before or
                // after is the schedule's, and nothing that the model could foretell.
                var route = world.RouteOf(log.Id);
                var isHeld = route.Kind is RouteKind.Latest or RouteKind.Sample or RouteKind.Calls;
                var mayFail = route.GivesUpOldest
                    || (route.Kind == RouteKind.Entity && schedule.Setting.HasFewTimers);
                var isFreed = mayFail || (isHeld && again.Wish == Wish.Throw);
                log.Append(again.Key, isFreed ? 0 : again.Id, again.Wish, time);
                continue;
            }

            var key = DrawKey(move);
            var wish = chance.Next(20) switch { 0 => Wish.Throw, 1 => Wish.Reject, < 6 => Wish.Ignore, _ => Wish.Emit };
            var gap = chance.Next(10) == 0 ? chance.Next(1, 5) : 0;
            log.Append(key, chance.Next(10) == 0 ? 0 : ++ids, wish, time, gap);
        }

        var added = log.Records.Skip(before).Select(static record => record.Short);
        Tell(move, $"{log.Id} gets {string.Join(", ", added)}");
    }

    /// <summary>
    /// Some keys get records of this move alone, and then none: nothing that comes later hides that one is lost.
    /// </summary>
    private string DrawKey(Move move)
    {
        if (chance.Next(2) == 0)
        {
            return $"m{move.Number}-{chance.Next(4)}";
        }

        return chance.Next(schedule.Setting.Keys + 1) is var drawn && drawn == 0 ? "" : $"k{drawn}";
    }

    private void ChangeGroup(Move move)
    {
        var stay = 0.9;
        switch (move.Kind)
        {
            case MoveKind.Rebalance:
                stay = chance.NextDouble();
                Tell(move, $"the group gives partitions to others");
                break;
            case MoveKind.Start when world.Alive.Count < 4:
                stay = 0.7;
                Tell(move, $"process {world.StartProcess().Number} joins");
                break;
            case MoveKind.StartStranger when world.Alive.Count < 4 && world.Store is { HasFingerprint: true }:
                stay = 0.7;
                Tell(move, $"process {world.StartProcess(isStranger: true).Number} joins, of another program");
                break;
            case MoveKind.AddPartition when world.MayGrow.ToList() is { Count: > 0 } topics:
                var added = world.Broker.AddPartition(topics[chance.Next(topics.Count)]);
                if (chance.Next(2) == 0)
                {
                    world.EvenOut();
                }

                Tell(move, $"{added.Id} comes");
                break;
            case MoveKind.Regroup:
                world.MayRepeat = true;
                world.Broker.Regroup();
                Tell(move, $"the group is made again");
                break;
            default:
                return;
        }

        world.Broker.Rebalance(stay);
    }

    private void MoveProcess(Move move, SimulatedProcess process)
    {
        world.MayRepeat |= move.Kind is not (MoveKind.Poll or MoveKind.Stop);
        switch (move.Kind)
        {
            case MoveKind.Poll:
                Tell(move, $"process {process.Number} {(process.IsFrozen ? "is frozen" : "polls")}");
                if (!process.IsFrozen)
                {
                    process.Step();
                }

                return;
            case MoveKind.Freeze:
                var isLong = chance.Next(2) == 0;
                var session = (int)SimulatedBroker.Session.TotalMilliseconds;
                var time = TimeSpan.FromMilliseconds(isLong ? chance.Next(session, 1_500) : chance.Next(session));
                Tell(move, $"process {process.Number} is frozen for {time.TotalMilliseconds} ms");
                process.Freeze(world.Time.Elapsed + time);
                if (!isLong)
                {
                    return;
                }

                process.Consumer.FallSilent();
                break;
            case MoveKind.Fence:
                Tell(move, $"process {process.Number} is fenced");
                world.Broker.Fence(process.Consumer);
                break;
            case MoveKind.FailClient:
                Tell(move, $"the client of process {process.Number} fails");
                process.Member.Failed("The client cannot go on.");
                return;
            default:
                Tell(move, $"process {process.Number} {(move.Kind == MoveKind.Kill ? "is killed" : "stops")}");
                world.Alive.Remove(process);
                process.End(isKilled: move.Kind == MoveKind.Kill);
                break;
        }

        world.Broker.Rebalance(stay: 0.9);
    }

    private void TroublePeers(Move move)
    {
        world.MayRepeat = true;
        switch (move.Kind)
        {
            case MoveKind.Cut:
                var logs = world.Broker.Partitions.Where(static log => log.End > log.First).ToList();
                if (logs.Count > 0 && logs[chance.Next(logs.Count)] is var log)
                {
                    log.CutBefore(log.First + chance.Next((int)(log.End - log.First)));
                    Tell(move, $"{log.Id} is cut before {log.First}");
                }

                break;
            case MoveKind.StoreBack when world.Store is { } store:
                var changes = chance.Next(1, 8);
                Tell(move, $"the store forgets {changes} changes");
                store.GoBack(changes);
                if (chance.Next(2) == 0 && !world.Alive.Exists(static process => process.IsStranger))
                {
                    // Its program would be the first to write one else, and the state be that program's.
                    store.ForgetFingerprint();
                }

                break;
            case MoveKind.Outage when outageUntil == TimeSpan.Zero:
                var time = TimeSpan.FromMilliseconds(chance.Next(500));
                Tell(move, $"no sink answers for {time.TotalMilliseconds} ms");
                outageUntil = world.Time.Elapsed + time;
                world.Chances = schedule.Setting.Chances with { SinkFails = 1 };
                break;
            default:
                break;
        }
    }

    private void Finish()
    {
        world.Trace($"peace");
        world.Chances = Chances.None;
        world.Alive.ForEach(static process => process.Freeze(TimeSpan.Zero));
        if (world.Alive.TrueForAll(static process => process.IsStranger))
        {
            world.StartProcess();
        }

        world.EvenOut();
        world.Broker.Rebalance(stay: 0.9);
        var end = world.Time.Elapsed + Patience;
        while (world.Broker.CommitsUnderWay > 0 && world.Time.Elapsed < end)
        {
            // One that was late may arrive over what the next owner has committed: there is more to commit after it.
            GoOn();
        }

        Beat();
        while (world.Unfinished is var left && (left.Count > 0 || world.HasTimers))
        {
            world.Promises.Require(
                Promise.Progress,
                world.Time.Elapsed < end,
                $"nothing hinders, and this does not end: {string.Join(", ", left)}");
            if (left.Count == 0)
            {
                Beat();
            }

            GoOn();
        }

        reckoning.CheckTimers();
        world.Alive.ForEach(static process => process.End(isKilled: false));
        Observe();

        // What was told to end, and does not heed it, ends by itself.
        world.Time.Advance(TimeSpan.FromSeconds(1));
        while (world.Threads.RunOne())
        {
            Observe();
        }

        reckoning.CheckAll();
    }

    private void GoOn()
    {
        world.Alive.ToList().ForEach(static process => process.Step());
        RunSome();
        world.Time.Advance(TimeSpan.FromMilliseconds(chance.Next(1, 20)));
        Observe();
    }

    /// <summary>A record of each partition takes the records' time past all timers.</summary>
    private void Beat()
    {
        foreach (var log in world.Broker.Partitions)
        {
            log.Append("", 0, Wish.Ignore, world.UtcNow + 10_000);
        }
    }

    private void RunSome()
    {
        while (chance.Next(10) != 0 && world.Threads.RunOne())
        {
            Observe();
        }
    }

    private void Observe()
    {
        world.CheckBounds();
        if (world.Promises.Broken is { } broken)
        {
            throw broken;
        }
    }

    private void Tell(Move move, FormattableString what)
    {
        if (isTold)
        {
            told.Add((move.Number, what.ToString(CultureInfo.InvariantCulture)));
            world.Trace($"#{move.Number} {told[^1].What}");
        }
    }
}
