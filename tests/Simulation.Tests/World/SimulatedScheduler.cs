using StreamActors.Shards;
using StreamActors.Testing;

namespace StreamActors.Simulation.Tests.World;

/// <summary>
/// All threads of the simulated processes, on one: turns wait in a bag, and chance decides which is next and how much
/// time passes between two.
/// </summary>
internal sealed class SimulatedThreads(VirtualTime time, Chance chance)
{
    private readonly List<(SimulatedScheduler Process, IThreadPoolWorkItem Turn)> waiting = [];

    public int Waiting => waiting.Count;

    public void Add(SimulatedScheduler process, IThreadPoolWorkItem turn) => waiting.Add((process, turn));

    /// <summary>Runs one of the turns that wait.</summary>
    public bool RunOne()
    {
        waiting.RemoveAll(static each => each.Process.IsDead);
        var index = waiting.Count == 0 ? 0 : chance.Next(waiting.Count);
        for (var left = waiting.Count; left > 0 && waiting[index].Process.IsFrozen; left--)
        {
            index = (index + 1) % waiting.Count;
        }

        if (waiting.Count == 0 || waiting[index].Process.IsFrozen)
        {
            return false;
        }

        var turn = waiting[index].Turn;
        waiting.RemoveAt(index);
        turn.Execute();
        return true;
    }

    /// <summary>What the world does while a poll thread waits: some turn, or some time.</summary>
    public void GoOn()
    {
        if (chance.Next(8) == 0 || !RunOne())
        {
            time.Advance(TimeSpan.FromMilliseconds(chance.Next(1, 8)));
        }
    }
}

/// <summary>The turns of one simulated process.</summary>
internal sealed class SimulatedScheduler(SimulatedThreads threads, VirtualTime time) : ITurnScheduler
{
    /// <summary>Whether the process was killed: its turns do not run any more.</summary>
    public bool IsDead { get; set; }

    /// <summary>Until when its threads do not get on (SIGSTOP, a stopped machine).</summary>
    public TimeSpan FrozenUntil { get; set; }

    public bool IsFrozen => FrozenUntil > time.Elapsed;

    public void Schedule(IThreadPoolWorkItem turn) => threads.Add(this, turn);

    public bool WaitUntil(Func<bool> condition, TimeSpan limit)
    {
        var end = time.Elapsed + limit;
        while (!condition())
        {
            if (time.Elapsed >= end)
            {
                return false;
            }

            threads.GoOn();
        }

        return true;
    }

    public void Signal()
    {
    }
}
