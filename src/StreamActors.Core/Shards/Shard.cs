using StreamActors.Offsets;
using StreamActors.Records;
using StreamActors.Sinks;
using StreamActors.Snapshots;
using StreamActors.Stalls;

namespace StreamActors.Shards;

/// <summary>
/// Step 2 of a record's path: the actor that owns one partition number of its topics, with all its entities, windows,
/// dedup sets and outputs. It takes turns, one at a time, each by one thread over at most one batch; whatever happens
/// elsewhere (a batch was posted, a sink acknowledged, a timer is due) merely asks for a turn.
/// <code>
///                post, ack, timer                 drain                  all acknowledged
///   (running) ───────────────────▶ turn … ─────▶ (draining) ─────▶ turn … ──────────────▶ (drained)
///       └──── lost, failed, let go, or nothing more can be done within the drain's limit ─▶ (closed)
/// </code>
/// The poll thread makes it, posts to it, drains and closes it; it never waits for the poll thread.
/// </summary>
internal sealed class Shard : IThreadPoolWorkItem
{
    // A timer takes no more than 49 days; a turn that comes early does nothing but to set it again.
    private const long LongestWait = 24 * 60 * 60 * 1000;

    private readonly ShardContext context;
    private readonly Epoch epoch;
    private readonly IRouteRunner[] runners;
    private readonly OffsetLedger[] ledgers;
    private readonly ShardProgress progress;
    private readonly SnapshotCycle? cycle;
    private readonly Intake intake;
    private readonly ShardHost host;
    private readonly ITimer timer;
    private readonly Action<SinkLane, OutputBatch, long> acknowledged;

    // Touched by the turn only.
    private long armedFor = long.MaxValue;
    private bool progressed;

    // Touched by any thread.
    private readonly TurnRequests turns = new();
    private Holding forgotten;    // written once, before life says so
    private long drainUntil;      // as the above
    private volatile bool timerFired;
    private volatile bool isOpen;
    private volatile bool isRestored;
    private volatile Life life;
    private volatile Exception? failure;
    private volatile SnapshotException? unusable;

    /// <summary>Makes a shard; where a store has its state, it takes records once it is restored.</summary>
    public Shard(ShardHost host, Ownership ownership, IReadOnlyList<PartitionOffset> starts, double phase)
    {
        this.host = host;
        epoch = ownership.Epoch;
        Inputs = [.. starts.Select(static start => start.Partition)];
        ledgers = [.. starts.Select(start => new OffsetLedger(start.Offset, host.Limits.UncommittedRecords))];
        progress = new ShardProgress(ledgers);
        context = host.MakeContext(ownership, Inputs, ledgers, phase, RequestTurn);
        runners = host.MakeRunners(Inputs, context);
        acknowledged = Acknowledge;
        cycle = host.MakeCycle(context, ownership);
        intake = new Intake(host, context, runners, cycle);
        Inspector = new ShardInspector(context, runners, intake, cycle);
        context.EventClock.IsWaiting = intake.Holds;
        timer = host.Time.CreateTimer(
            static shard => ((Shard)shard!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        isOpen = cycle is null;
        if (cycle is not null)
        {
            RequestTurn();
        }
    }

    private enum Life
    {
        Running,
        Draining,
        Drained,
        Closed,
    }

    /// <summary>What tells it apart from other shards: its inputs.</summary>
    public string Name => string.Join('+', Inputs);

    /// <summary>The partitions that feed it, in the order of their indexes.</summary>
    public IReadOnlyList<PartitionId> Inputs { get; }

    /// <summary>Whether it has its state, and takes records.</summary>
    public bool IsOpen => isOpen;

    /// <summary>Whether a store has state for what is committable. Any thread.</summary>
    public bool HasSaved => cycle is { HasSaved: true };

    /// <summary>Whether the poll thread may post another batch.</summary>
    public bool HasRoom => isOpen && intake.HasRoom && life == Life.Running && failure is null;

    /// <summary>
    /// Whether its state is restored and it does not take records yet: the poll thread is to let the client go on at
    /// <see cref="Next"/>, and then calls <see cref="Open"/>.
    /// </summary>
    public bool WantsToOpen => isRestored && !isOpen;

    /// <summary>Whether all is acknowledged and nothing is held, or it is closed.</summary>
    public bool IsDrained => life >= Life.Drained;

    /// <summary>Whether no sink works for it any more, once it is closed.</summary>
    public bool IsQuiet => life == Life.Closed && context.Outbox.IsQuiet;

    /// <summary>Why the shard cannot go on; null while it can.</summary>
    public Exception? Failure => failure;

    /// <summary>Whether its store does not give its state, or does not take it. Any thread.</summary>
    public bool WaitsForStore => cycle is { Trouble: not null };

    /// <summary>
    /// Why it stands still in the midst of its life, because the state of an entity is of no use; null while it does
    /// not. It can be drained: what it has parked is carried. Any thread.
    /// </summary>
    public SnapshotException? Unusable => unusable;

    /// <summary>Finds what is in the way of its inputs.</summary>
    public ShardInspector Inspector { get; }

    /// <summary>Whether a turn of it is under way. Any thread.</summary>
    public bool IsInTurn => turns.IsRunning;

    /// <summary>The offset of an input below which every record is done, saved or not.</summary>
    public long Done(int input) => progress.Done(input);

    /// <summary>The offset of an input that may be committed.</summary>
    public long Committable(int input) => progress.Committable(input);

    /// <summary>The offset of an input from which on no record was handled, at the end of the last turn.</summary>
    public long Next(int input) => progress.Next(input);

    /// <summary>
    /// Records that its closing left undone, as its routes count them; until then the offsets that are not done.
    /// </summary>
    public long Undone => progress.Undone;

    /// <summary>How far the event time of its entities had come at the end of the last turn; null = nowhere.</summary>
    public long? Watermark => progress.Watermark;

    /// <summary>Whether some of its state was not read yet.</summary>
    public bool IsReading => progress.IsReading;

    /// <summary>What it remembered and nobody saved, once <see cref="IsDrained"/>.</summary>
    public Holding Forgotten => IsDrained ? forgotten : default;

    /// <summary>What a shard that is draining waits for, for a log. Any thread.</summary>
    public string WaitsFor => cycle?.Trouble ?? context.WaitsFor(runners);

    /// <summary>It takes records from here on. Called by the poll thread.</summary>
    public void Open() => isOpen = true;

    /// <summary>Takes a batch of an input. Called by the poll thread, while <see cref="HasRoom"/>.</summary>
    public void Post(int input, RecordBatch batch)
    {
        intake.Post(input, batch);
        RequestTurn();
    }

    /// <summary>
    /// Stops taking, discards what is queued, finishes what was started; then <see cref="IsDrained"/>, which it is too
    /// once all that is left waits for a later time than the drain has.
    /// </summary>
    /// <param name="until">When the drain is cut, in milliseconds.</param>
    public void BeginDrain(long until)
    {
        drainUntil = until;
        Interlocked.CompareExchange(ref life, Life.Draining, Life.Running);
        RequestTurn();
    }

    /// <summary>Ends the epoch: nothing begins to leave the shard after this returns.</summary>
    public void Close()
    {
        epoch.Close();
        RequestTurn();
    }

    /// <summary>Asks for a turn. Any thread.</summary>
    public void RequestTurn()
    {
        if (turns.MustSchedule())
        {
            host.Scheduler.Schedule(this);
        }
    }

    /// <summary>Takes a turn.</summary>
    public void Execute()
    {
        turns.Begin();
        var hasMore = false;
        try
        {
            hasMore = TakeTurn();
        }
        catch (Exception error)
        {
            failure = error;
            epoch.Close();
            Dispose();
            host.Wake();
        }

        if (turns.EndsInAnother(hasMore))
        {
            host.Scheduler.Schedule(this);
        }
    }

    private bool TakeTurn()
    {
        if (!epoch.IsOpen)
        {
            Dispose();
            return false;
        }

        context.Now = host.Now();
        context.UtcNow = host.Time.GetUtcNow().ToUnixTimeMilliseconds();
        context.Outbox.Pump(context.Now, acknowledged);
        progressed = false;
        var hasMore = false;
        if (life is Life.Draining or Life.Drained)
        {
            intake.Discard();
            if (life == Life.Draining)
            {
                Drain();    // what a drained shard did now would be missing in its last snapshot
            }
        }
        else if (cycle is null || IsRestored(cycle))
        {
            foreach (var runner in runners)
            {
                runner.OnTime();
            }

            cycle?.GoOn();
            hasMore = intake.HandleBatch();
        }

        var wasFull = !context.Outbox.HasRoom;
        context.Outbox.Pump(context.Now, acknowledged);
        Publish();
        Inspector.AnswerIfAsked();
        Arm();
        return hasMore || progressed || (wasFull && context.Outbox.HasRoom);
    }

    private bool IsRestored(SnapshotCycle restoring)
    {
        if (isRestored)
        {
            return true;
        }

        restoring.GoOn();
        if (restoring.IsRestored)
        {
            Publish();
            isRestored = true;
            host.Wake();
        }

        return isRestored;
    }

    private Holding Unsaved() => cycle is null ? context.Holding : default;

    private void Drain()
    {
        // What was read of a state that is not restored yet is in the store, and stays there.
        var held = HasState ? Array.FindAll(runners, static runner => !runner.Flush()) : [];
        if (held.Length > 0 && context.Outbox.IsEmpty && Array.TrueForAll(held, each => each.IsTooLate(drainUntil)))
        {
            // Only retries are left, and each is due when the drain is over: waiting would hold up the group for
            // nothing. What they are for stays uncommitted.
            Close();
            return;
        }

        context.Outbox.Pump(context.Now, acknowledged);
        if (held.Length == 0 && context.Outbox.IsEmpty && life == Life.Draining && IsSaved())
        {
            Publish();
            forgotten = Unsaved();
            life = Life.Drained;
            host.Scheduler.Signal();
        }
    }

    /// <summary>Whether it may handle records: nothing is due before.</summary>
    private bool HasState => cycle is null || isRestored;

    /// <summary>A shard that was not restored has nothing that its store does not have.</summary>
    private bool IsSaved() => cycle is null || !isRestored || cycle.SaveLast();

    private void Acknowledge(SinkLane lane, OutputBatch batch, long took)
    {
        progressed = true;
        lane.Counters.Add(batch.Count, batch.Refused.Count, took);
        lane.Counters.AddLatencies(batch.Outputs, context.UtcNow);
        context.Refusals += batch.Refused.Count;
        foreach (var (index, reason) in batch.Refused)
        {
            runners[batch.Outputs[index].Origin.Input].Refuse(lane, batch, index, reason);
        }

        foreach (ref readonly var output in batch.Outputs)
        {
            if (context.Complete(output.Origin) && !output.IsGivenUpRecord)
            {
                runners[output.Origin.Input].Counts.Emitted++;
            }
        }
    }

    private void Publish()
    {
        foreach (var runner in runners)
        {
            runner.Publish();
        }

        progress.Publish(context.EventClock, cycle);
        if (context.Unusable != unusable)
        {
            unusable = context.Unusable;
            host.Wake();
        }
    }

    private void Arm()
    {
        if (timerFired)
        {
            timerFired = false;
            armedFor = long.MaxValue;
        }

        var due = Math.Min(context.Outbox.NextDue, cycle?.NextDue ?? long.MaxValue);
        foreach (var runner in runners)
        {
            due = Math.Min(due, !HasState ? long.MaxValue : DueOf(runner));
        }

        if (due != armedFor)
        {
            armedFor = due;
            timer.Change(
                due == long.MaxValue
                    ? Timeout.InfiniteTimeSpan
                    : TimeSpan.FromMilliseconds(Math.Clamp(due - context.Now, 0, LongestWait)),
                Timeout.InfiniteTimeSpan);
        }
    }

    private long DueOf(IRouteRunner runner) => life switch
    {
        Life.Running => runner.NextDue,
        Life.Draining => runner.FlushDue,
        _ => long.MaxValue,
    };

    private void OnTimer()
    {
        timerFired = true;
        RequestTurn();
    }

    private void Dispose()
    {
        intake.Discard();
        if (life == Life.Closed)
        {
            return;
        }

        host.Forget(forgotten = life == Life.Drained ? forgotten : Unsaved());
        var left = context.CountUndone(runners);
        Publish();

        // What a drained shard has not done is in its last snapshot.
        progress.Undone = life == Life.Drained ? 0 : left;
        timer.Dispose();
        context.Outbox.Dispose();
        Array.ForEach(runners, static runner => runner.Dispose());
        context.Dispose();
        life = Life.Closed;
        host.Scheduler.Signal();
    }
}
