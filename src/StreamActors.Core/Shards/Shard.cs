using StreamActors.Offsets;
using StreamActors.Records;
using StreamActors.Sinks;
using StreamActors.Snapshots;

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
    private readonly Mailbox mailbox;
    private readonly ShardHost host;
    private readonly ITimer timer;
    private readonly Action<SinkLane, OutputBatch, long> acknowledged;

    // Touched by the turn only.
    private Mailbox.Letter current;
    private int position;
    private long armedFor = long.MaxValue;
    private bool progressed;

    // Touched by any thread.
    private readonly TurnRequests turns = new();
    private Holding forgotten;    // written once, before life says so
    private long drainUntil;      // as the above
    private volatile bool timerFired;
    private volatile Life life;
    private volatile Exception? failure;

    /// <summary>Makes a shard, with what the one before it in its place has saved.</summary>
    public Shard(ShardHost host, Epoch epoch, IReadOnlyList<PartitionOffset> starts, double phase)
    {
        this.host = host;
        this.epoch = epoch;
        Inputs = [.. starts.Select(static start => start.Partition)];
        ledgers = [.. starts.Select(start => new OffsetLedger(start.Offset, host.Limits.UncommittedRecords))];
        progress = new ShardProgress(ledgers);
        mailbox = new Mailbox(host.Limits.MailboxRecords, host.Limits.MailboxBytes);
        context = host.MakeContext(epoch, Inputs, ledgers, phase, RequestTurn);
        context.EventClock.IsWaiting = mailbox.Holds;
        runners = host.MakeRunners(Inputs, context);
        acknowledged = Acknowledge;
        timer = host.Time.CreateTimer(
            static shard => ((Shard)shard!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        if (host.Snapshots?.Load(Name) is { } saved)
        {
            // The turn sets the timer for what was due while nobody owned it, or will be.
            ShardSnapshot.Load(context, saved.Span);
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

    /// <summary>Whether the poll thread may post another batch.</summary>
    public bool HasRoom => mailbox.HasRoom && life == Life.Running && failure is null;

    /// <summary>Whether all is acknowledged and nothing is held, or it is closed.</summary>
    public bool IsDrained => life >= Life.Drained;

    /// <summary>Whether no sink works for it any more, once it is closed.</summary>
    public bool IsQuiet => life == Life.Closed && context.Outbox.IsQuiet;

    /// <summary>Why the shard cannot go on; null while it can.</summary>
    public Exception? Failure => failure;

    /// <summary>The sink that it waits for, and why; null when it waits for none.</summary>
    public (string Sink, string Error)? Trouble => context.Outbox.Trouble;

    /// <summary>The offset of an input below which every record is done.</summary>
    public long Committable(int input) => progress.Committable(input);

    /// <summary>The offset of an input from which on no record was handled, at the end of the last turn.</summary>
    public long Next(int input) => progress.Next(input);

    /// <summary>
    /// Records that its closing left undone, as its routes count them; until then the offsets that are not done.
    /// </summary>
    public long Undone => progress.Undone;

    /// <summary>How far the event time of its entities had come at the end of the last turn; null = nowhere.</summary>
    public long? Watermark => progress.Watermark;

    /// <summary>What it remembered and nobody saved, once <see cref="IsDrained"/>.</summary>
    public Holding Forgotten => IsDrained ? forgotten : default;

    /// <summary>What a shard that is draining waits for, for a log. Any thread.</summary>
    public string WaitsFor => context.WaitsFor(runners);

    /// <summary>Takes a batch of an input. Called by the poll thread, while <see cref="HasRoom"/>.</summary>
    public void Post(int input, RecordBatch batch)
    {
        mailbox.Post(new Mailbox.Letter(input, batch));
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
            Discard();
            Drain();
        }
        else
        {
            foreach (var runner in runners)
            {
                runner.OnTime();
            }

            hasMore = HandleBatch();
        }

        var wasFull = !context.Outbox.HasRoom;
        context.Outbox.Pump(context.Now, acknowledged);
        Publish();
        Arm();
        return hasMore || progressed || (wasFull && context.Outbox.HasRoom);
    }

    /// <summary>Handles records until the batch ends or something has no room.</summary>
    /// <returns>Whether another batch can be handled at once.</returns>
    private bool HandleBatch()
    {
        if (current.Batch is null && !mailbox.TryTake(out current))
        {
            return false;
        }

        var (ledger, runner) = (ledgers[current.Input], runners[current.Input]);
        while (position < current.Batch.Count)
        {
            var record = current.Batch[position];
            var origin = new Origin(current.Input, record.Offset, record.Timestamp);
            if (record.Offset < ledger.Next)
            {
                runner.Counts.Repeated++;
            }
            else if (HasRoomFor(record.Offset, ledger, runner) && IsEventTime(in record, origin))
            {
                ledger.Receive(record.Offset);
                runner.Handle(in record, origin);
                ledger.Complete(record.Offset);
            }
            else
            {
                return false;
            }

            position++;
        }

        FinishBatch();
        return !mailbox.IsEmpty;
    }

    private bool HasRoomFor(long offset, OffsetLedger ledger, IRouteRunner runner)
    {
        if (!runner.HasRoom)
        {
            runner.OnTime();
        }

        return runner.HasRoom && context.Outbox.HasRoom && ledger.HasRoomFor(offset);
    }

    /// <summary>Lets what waits for the record's time go first.</summary>
    /// <returns>False where the outbox had no room for all of it.</returns>
    private bool IsEventTime(in Record record, Origin origin)
    {
        runners[origin.Input].TellTime(in record, origin);
        for (var i = 0; context.EventClock.IsDue && i < runners.Length; i++)
        {
            runners[i].OnTime();
        }

        return !context.EventClock.IsDue;
    }

    private void FinishBatch()
    {
        context.EventClock.Heard(current.Input, context.Now);
        var hasRoomAgain = mailbox.Done(current);
        host.Batches.Return(current.Batch);
        (current, position) = (default, 0);
        if (hasRoomAgain)
        {
            host.Wake();
        }
    }

    private Holding Unsaved() => host.Snapshots is null ? context.Holding : default;

    private void Discard()
    {
        do
        {
            if (current.Batch is not null)
            {
                FinishBatch();
            }
        }
        while (mailbox.TryTake(out current));
        current = default;
    }

    private void Drain()
    {
        var held = Array.FindAll(runners, static runner => !runner.Flush());
        if (held.Length > 0 && context.Outbox.IsEmpty && Array.TrueForAll(held, each => each.IsTooLate(drainUntil)))
        {
            // Only retries are left, and each is due when the drain is over: waiting would hold up the group for
            // nothing. What they are for stays uncommitted.
            Close();
            return;
        }

        context.Outbox.Pump(context.Now, acknowledged);
        if (held.Length == 0 && context.Outbox.IsEmpty && life == Life.Draining)
        {
            Publish();
            host.Snapshots?.Save(Name, ShardSnapshot.Save(context));
            forgotten = Unsaved();
            life = Life.Drained;
            host.Scheduler.Signal();
        }
    }

    private void Acknowledge(SinkLane lane, OutputBatch batch, long took)
    {
        progressed = true;
        lane.Counters.Add(batch.Count, batch.Refused.Count, took);
        lane.Counters.AddLatencies(batch.Outputs, context.UtcNow);
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

        progress.Publish(context.EventClock);
    }

    private void Arm()
    {
        if (timerFired)
        {
            timerFired = false;
            armedFor = long.MaxValue;
        }

        var due = context.Outbox.NextDue;
        foreach (var runner in runners)
        {
            due = Math.Min(due, life == Life.Running ? runner.NextDue : runner.FlushDue);
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

    private void OnTimer()
    {
        timerFired = true;
        RequestTurn();
    }

    private void Dispose()
    {
        Discard();
        if (life == Life.Closed)
        {
            return;
        }

        host.Forget(forgotten = life == Life.Drained ? forgotten : Unsaved());
        var left = context.CountUndone(runners);
        Publish();
        progress.Undone = left;
        timer.Dispose();
        context.Outbox.Dispose();
        Array.ForEach(runners, static runner => runner.Dispose());
        context.Dispose();
        life = Life.Closed;
        host.Scheduler.Signal();
    }
}
