using System.Globalization;

namespace StreamActors.Node.Chaos;

/// <summary>
/// A run, from the start of the servers to the verdict:
/// <code>
/// start ─▶ records flow ─▶ (fault ─▶ recovery ─▶ peace)… ─▶ nothing is produced any more ─▶ all has come out
///       ─▶ nodes stop in order ─▶ verdict
/// </code>
/// </summary>
internal sealed class ChaosRun(World world, ChaosState state, Action show)
{
    private const string Start = "start";
    private const string Peace = "peace";

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PeaceLength = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan RecoveryLimit = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan FlushLimit = TimeSpan.FromSeconds(60);

    // What was handled and emitted, but not saved and committed, when the interval was over: a batch on its way, a save
    // under way, both on a busy machine.
    private static readonly TimeSpan OnTheWay = TimeSpan.FromSeconds(3);

    // The run's own brokers and nodes stay below half of this.
    private const double Busy = 6;
    private const long AfterLoss = 10_000;

    private readonly List<FaultSpan> spans = [];
    private readonly List<Breach> breaches = [];
    private readonly ChaosOptions options = state.Options;
    private double busiest;

    /// <summary>How long before a fault an output may have come that comes again after it.</summary>
    public TimeSpan Repeats => options.World.CommitInterval + OnTheWay;

    /// <summary>Runs.</summary>
    /// <exception cref="UserErrorException">The run could not go on: nothing is said about the promises.</exception>
    public async Task<Verdict> RunAsync(CancellationToken stop)
    {
        state.Nodes = () => world.Nodes.Count;
        await ShowWhileAsync(world.StartAsync(phase => state.Phase = phase, stop), stop);
        Begin(Start, mayRepeat: false);
        using var reader = new ProofReader(world.Bootstrap, world.Topics, state.History);
        using var producer = new FeedProducer(
            world.Bootstrap, world.Topics, state.Ledger, new Traffic(options.Rate, options.Seed));
        reader.Start();
        producer.Start();
        state.Phase = "records flow";
        await ShowWhileAsync(Task.Delay(WarmUp, TimeProvider.System, stop), stop);
        await RecoverAsync(Start, stop);
        await StrikeAsync(stop);

        state.Phase = "nothing is produced any more; waiting until all has come out";
        var producedUntil = Now();
        if (!await ShowWhileAsync(Task.Run(() => producer.Stop(FlushLimit), stop), stop)
            || state.Ledger.Refusal is not null)
        {
            throw new UserErrorException(
                $"Kafka has not taken what the driver produced ({state.Ledger.Refusal ?? "it does not answer"}): "
                + "nothing can be said about the pipeline.");
        }

        await DrainAsync(stop);
        state.Phase = "the nodes stop";
        await ShowWhileAsync(world.Nodes.StopAllAsync(), stop);
        state.Phase = "comparing";
        await ShowWhileAsync(Task.Run(reader.StopAtEnd, stop), stop);
        var unplanned = await UnplannedAsync();
        Excuse(unplanned);
        return Judge(reader, producedUntil) with { Unplanned = unplanned };
    }

    private async Task StrikeAsync(CancellationToken stop)
    {
        var began = TimeProvider.System.GetTimestamp();
        foreach (var step in Schedule.Draw(options.Seed, options.Faults))
        {
            if (TimeProvider.System.GetElapsedTime(began) >= options.Length)
            {
                return;
            }

            var at = state.Age;
            var since = TimeProvider.System.GetTimestamp();
            state.Phase = step.Name;
            Begin(step.Name, step.MayRepeat);
            await ShowWhileAsync(StrikeAsync(step, stop), stop);
            var length = TimeProvider.System.GetElapsedTime(since);
            state.Phase = $"{step.Name} is over: recovery";
            var recovery = await RecoverAsync(step.Name, stop);
            state.Add(new DoneStep(step.Name, at, length, recovery));
            if (step.MayRepeat)
            {
                // What waits for a retry comes again as late as that.
                await ShowWhileAsync(Task.Delay(SlowService.LongestWait, TimeProvider.System, stop), stop);
            }

            state.Phase = Peace;
            Begin(Peace, mayRepeat: false);
            await ShowWhileAsync(Task.Delay(PeaceLength, TimeProvider.System, stop), stop);
        }
    }

    private async Task StrikeAsync(Step step, CancellationToken stop)
    {
        var first = step.First.StrikeAsync(world, new Random(step.Seed), stop);
        if (step.Second is { } second)
        {
            await Task.Delay(step.After, TimeProvider.System, stop);
            await second.StrikeAsync(world, new Random(~step.Seed), stop);
        }

        await first;
    }

    /// <summary>Waits until what was produced before has come out, but for what waits for a retry.</summary>
    /// <returns>How long that took; null where it was given up, which is a breach.</returns>
    private async Task<TimeSpan?> RecoverAsync(string name, CancellationToken stop)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (state.Waiting > options.Rate)
        {
            if (TimeProvider.System.GetElapsedTime(since) > RecoveryLimit)
            {
                breaches.Add(new Breach(
                    Promise.Process,
                    name,
                    $"{state.Waiting} effects had not come out {RecoveryLimit.TotalSeconds} s after it was over"));
                return null;
            }

            await ShowWhileAsync(Task.Delay(Poll, TimeProvider.System, stop), stop);
        }

        return TimeProvider.System.GetElapsedTime(since);
    }

    /// <summary>Waits until every effect and the timer of every key have come out, or nothing does any more.</summary>
    private async Task DrainAsync(CancellationToken stop)
    {
        var (since, best) = (TimeProvider.System.GetTimestamp(), -1L);
        while (!HasAll() && TimeProvider.System.GetElapsedTime(since) < RecoveryLimit / 2)
        {
            if (state.History.Complete > best)
            {
                (since, best) = (TimeProvider.System.GetTimestamp(), state.History.Complete);
            }

            await ShowWhileAsync(Task.Delay(Poll, TimeProvider.System, stop), stop);
        }
    }

    private bool HasAll() => state.Waiting == 0 && Feed.All.All(feed => Enumerable.Range(0, options.Keys).All(
        key => state.History.Of(feed, key).Timer == state.Ledger.Of(feed, key)));

    private Verdict Judge(ProofReader reader, long producedUntil)
    {
        var verdict = new Verifier(state.Ledger, state.History, spans, Repeats).Check(producedUntil);
        breaches.AddRange(verdict.Breaches);
        foreach (var trouble in world.Nodes.Troubles)
        {
            breaches.Add(new Breach(Promise.Process, "", trouble));
        }

        if (reader.DeadLetters > 0)
        {
            breaches.Add(new Breach(Promise.Loss, "", $"{reader.DeadLetters} records were given up as dead letters"));
        }

        if (reader.Trouble is { } unreadable)
        {
            breaches.Add(new Breach(Promise.Origin, "", unreadable));
        }

        return verdict with { Breaches = breaches };
    }

    /// <summary>
    /// A node that was taken for dead is no clean hand-over: what came twice then is told apart. On a machine that has
    /// time for its heartbeats it is a breach of its own.
    /// </summary>
    private void Excuse(IReadOnlyList<LostMembership> unplanned)
    {
        foreach (var lost in unplanned)
        {
            if (busiest < Busy)
            {
                breaches.Add(new Breach(Promise.Process, "", $"{lost.Node} was taken for dead, which no fault did"));
                continue;
            }

            var (from, until) = (lost.At - (2 * (long)World.Session.TotalMilliseconds), lost.At + AfterLoss);
            for (var index = 0; index < spans.Count; index++)
            {
                var end = index + 1 < spans.Count ? spans[index + 1].From : long.MaxValue;
                if (!spans[index].MayRepeat && spans[index].From < until && end > from)
                {
                    spans[index] = new FaultSpan($"{spans[index].Name}, too busy", spans[index].From, MayRepeat: true);
                }
            }
        }
    }

    /// <summary>How many processes wait for each core, over a minute.</summary>
    private static double LoadOfCore() => double.Parse(
        File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture) / Environment.ProcessorCount;

    /// <summary>Nodes that the group took for dead though no fault did that.</summary>
    private async Task<IReadOnlyList<LostMembership>> UnplannedAsync() =>
        [.. (await LostMembership.FindAsync(world.Folder)).Where(lost =>
            spans.FindLast(span => span.From <= lost.At) is { MayRepeat: false })];

    private void Begin(string name, bool mayRepeat) => spans.Add(new FaultSpan(name, Now(), mayRepeat));

    private static long Now() => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    private async Task ShowWhileAsync(Task task, CancellationToken stop)
    {
        while (!task.IsCompleted)
        {
            show();
            busiest = Math.Max(busiest, LoadOfCore());
            await Task.WhenAny(task, Task.Delay(Poll, TimeProvider.System, stop));
            stop.ThrowIfCancellationRequested();
        }

        world.Nodes.Watch();
        await task;
    }

    private async Task<T> ShowWhileAsync<T>(Task<T> task, CancellationToken stop)
    {
        await ShowWhileAsync((Task)task, stop);
        return await task;
    }
}
