using System.Runtime.ExceptionServices;
using StreamActors.Metrics;
using StreamActors.Shards;
using StreamActors.Snapshots;
using StreamActors.Stalls;

namespace StreamActors.Sinks;

/// <summary>
/// Steps 3 and 4 of a record's path, emit and ack: the way of one shard to one sink. Outputs gather in one batch while
/// the sink has the other; at most one is under way, which keeps their order through failures, and makes batches as
/// large as the sink is slow. A failed batch is delivered again, unchanged, until the sink takes it.
/// <para>
/// Owned by the shard: only its turn calls it, but for what says otherwise; the sink's completion merely asks for a
/// turn.
/// </para>
/// </summary>
internal sealed class SinkLane : IDisposable
{
    private const long DoubtWait = 20;

    private readonly ISink sink;
    private readonly SinkGate gate;
    private readonly Epoch epoch;
    private readonly Action requestTurn;
    private readonly Func<CancellationToken, Task> deliver;
    private readonly (int Outputs, int Bytes) limit;
    private OutputBatch sending = new();
    private Task? underWay;
    private LaneState state;
    private GatePass pass;
    private long since;
    private Bounded refusals;
    private OutputFence? fence;
    private bool isBetweenClaims;
    private volatile bool isInDoubt;

    /// <summary>Makes an idle lane.</summary>
    public SinkLane(OpenSink target, Epoch epoch, (int Outputs, int Bytes) limit, Action requestTurn)
    {
        sink = target.Sink;
        gate = target.Gate;
        Counters = target.Counters;
        IsOfDeadLetters = target.Connector == Pipelines.RouteDefinition.DeadLetterLane;
        this.epoch = epoch;
        this.limit = limit;
        this.requestTurn = requestTurn;
        deliver = DeliverAsync;
    }

    /// <summary>Where the state machine of a lane can be.</summary>
    private enum LaneState
    {
        /// <summary>Nothing is under way.</summary>
        Idle,

        /// <summary>The sink has the batch.</summary>
        Sending,

        /// <summary>The batch waits to be delivered again.</summary>
        Waiting,
    }

    /// <summary>The sink's name.</summary>
    public string Sink => sink.Name;

    /// <summary>Whether its outputs are dead letters.</summary>
    public bool IsOfDeadLetters { get; }

    /// <summary>What became of the outputs of all lanes to this sink.</summary>
    public SinkCounters Counters { get; }

    /// <summary>The batch that takes the next outputs.</summary>
    public OutputBatch Filling { get; private set; } = new();

    /// <summary>Whether further outputs fit; the shard handles no record while they do not.</summary>
    public bool HasRoom => Filling.Count < limit.Outputs && Filling.Bytes < limit.Bytes;

    /// <summary>Whether every output was acknowledged.</summary>
    public bool IsEmpty => Filling.Count == 0 && state == LaneState.Idle;

    /// <summary>
    /// How many outputs it was given in its time: once as many are <see cref="Acknowledged"/>, all up to now are.
    /// </summary>
    public long Given => Acknowledged + (state == LaneState.Idle ? 0 : sending.Count) + Filling.Count;

    /// <summary>How many outputs were acknowledged in its time.</summary>
    public long Acknowledged { get; private set; }

    /// <summary>Whether the sink has no batch. Any thread.</summary>
    public bool IsQuiet => Volatile.Read(ref underWay) is null or { IsCompleted: true };

    /// <summary>When the lane wants a turn by itself, in milliseconds; <see cref="long.MaxValue"/> = never.</summary>
    public long NextDue { get; private set; } = long.MaxValue;

    /// <summary>The failure of the last delivery; null when it succeeded. Any thread.</summary>
    public string? Trouble { get; private set; }

    /// <summary>What it waits for while it is not empty, for a log. Any thread.</summary>
    public string WaitsFor => isInDoubt ? "a proof that this process is still a member of its group"
        : Trouble is { } error ? $"{Sink}: {error}" : $"an answer of {Sink}";

    /// <summary>What an output of a record waits for; null where it has none of it.</summary>
    public Obstacle? Find(Origin origin) =>
        (state == LaneState.Idle ? null : FindIn(sending, origin)) ?? FindIn(Filling, origin);

    /// <summary>What its outputs wait for.</summary>
    public Obstacle Describe() => Describe(state == LaneState.Idle ? Filling : sending);

    /// <summary>
    /// Takes the result of a delivery, and begins the next one where there is something to deliver.
    /// </summary>
    /// <param name="now">The time in milliseconds.</param>
    /// <param name="acknowledged">
    /// Called for a batch that the sink has taken, with the milliseconds that it took.
    /// </param>
    public void Pump(long now, Action<SinkLane, OutputBatch, long> acknowledged)
    {
        while (true)
        {
            if (state == LaneState.Sending && !TryFinish(now, acknowledged))
            {
                return;
            }

            if (state == LaneState.Idle)
            {
                if (Filling.Count == 0)
                {
                    return;
                }

                (sending, Filling) = (Filling, sending);
                state = LaneState.Waiting;
                NextDue = now;
            }

            if (now < NextDue || !TryBegin(now))
            {
                return;
            }
        }
    }

    /// <summary>From here on it delivers under this claim of the shard's state.</summary>
    public void Claimed(OutputFence under)
    {
        if (isBetweenClaims && state == LaneState.Waiting)
        {
            NextDue = 0;
        }

        (fence, isBetweenClaims) = (under, false);
    }

    /// <summary>
    /// The shard claims its state again, in a store that forgot the claim. Until it has, that store gets nothing, and
    /// its answer that the shard has another owner means nothing: the other owner is this claim.
    /// </summary>
    public void ClaimsAgain() => isBetweenClaims = fence?.Store == Sink;

    /// <summary>How many records of an input that were given up are not acknowledged as dead letters.</summary>
    public int CountGivenUp(int input) =>
        Count(Filling, input) + (state == LaneState.Idle ? 0 : Count(sending, input));

    /// <summary>Whether an output that the sink refused is to be reported now; counts those that are not.</summary>
    public bool IsRefusalDue(long now, long every, out long count) => refusals.IsDue(now, every, out count);

    /// <inheritdoc/>
    public void Dispose()
    {
        gate.Abandoned(pass);
        if (state == LaneState.Sending)
        {
            _ = underWay!.ContinueWith(
                static (task, batch) =>
                {
                    _ = task.Exception;
                    ((OutputBatch)batch!).Dispose();
                },
                sending,
                TaskScheduler.Default);
        }
        else
        {
            sending.Dispose();
        }

        Filling.Dispose();
    }

    private static int Count(OutputBatch batch, int input)
    {
        var count = 0;
        foreach (ref readonly var output in batch.Outputs)
        {
            count += output.IsGivenUpRecord && output.Origin.Input == input ? 1 : 0;
        }

        return count;
    }

    private Obstacle? FindIn(OutputBatch batch, Origin origin)
    {
        foreach (ref readonly var output in batch.Outputs)
        {
            if (output.Origin.IsOf(origin))
            {
                return Describe(batch) with { Key = output.HasKey ? KeyText.Of(batch.Key(in output)) : null };
            }
        }

        return null;
    }

    private Obstacle Describe(OutputBatch batch)
    {
        if (isInDoubt)
        {
            return new(StallReason.Membership, Sink, $"it waits for {WaitsFor}") { IsTrouble = true };
        }

        if (isBetweenClaims)
        {
            return new(StallReason.Store, Sink, "its state is claimed again before anything is delivered");
        }

        var error = Trouble ?? gate.Trouble;
        var what = error is null ? $"{Sink} has not answered a delivery yet" : $"{Sink}: {error}";
        return new(
            IsOfDeadLetters ? StallReason.DeadLetters : StallReason.Sink,
            Sink,
            IsOfDeadLetters ? $"the dead-letter topic {batch.Outputs[0].Destination} is not written: {what}" : what)
        {
            IsTrouble = error is not null,
            Due = state == LaneState.Waiting ? NextDue : long.MaxValue,
        };
    }

    /// <summary>An attempt: a failure that the sink throws at once counts as one that it throws later.</summary>
    private Task DeliverAsync(CancellationToken stop)
    {
        sending.BeginAttempt(fence);
        try
        {
            return sink.DeliverAsync(sending, stop);
        }
        catch (SinkException failure)
        {
            return Task.FromException(failure);
        }
    }

    private bool TryBegin(long now)
    {
        if (isBetweenClaims)
        {
            NextDue = long.MaxValue;
            return false;
        }

        if (!epoch.IsProven)
        {
            (isInDoubt, NextDue) = (true, now + DoubtWait);
            return false;
        }

        isInDoubt = false;

        pass = gate.TryEnter(now, out var askAgainAt);
        if (pass == GatePass.None)
        {
            NextDue = askAgainAt;
            return false;
        }

        underWay = epoch.TryRun(deliver);
        if (underWay is null)
        {
            gate.Abandoned(pass);
            pass = GatePass.None;
            NextDue = long.MaxValue;
            return false;
        }

        state = LaneState.Sending;
        since = now;
        NextDue = long.MaxValue;
        if (!underWay.IsCompleted)
        {
            underWay.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(requestTurn);
        }

        return true;
    }

    private bool TryFinish(long now, Action<SinkLane, OutputBatch, long> acknowledged)
    {
        if (!underWay!.IsCompleted)
        {
            return false;
        }

        if (underWay.IsCompletedSuccessfully)
        {
            gate.Succeeded(now, pass);
            pass = GatePass.None;
            Trouble = null;
            Acknowledged += sending.Count;
            acknowledged(this, sending, now - since);
            sending.Clear();
            state = LaneState.Idle;
            return true;
        }

        if (!epoch.IsOpen)
        {
            return false;
        }

        if (underWay.Exception?.InnerException is ShardFencedException fenced)
        {
            // The sink is well: it is the shard that has another owner, or itself another claim by now.
            gate.Abandoned(pass);
            pass = GatePass.None;
            if (!isBetweenClaims && sending.Fence == fence)
            {
                ExceptionDispatchInfo.Throw(fenced);
            }

            state = LaneState.Waiting;
            NextDue = now;
            return true;
        }

        Trouble = Explain(underWay);
        Counters.AddFailure();
        gate.Failed(now, Trouble, pass);
        pass = GatePass.None;
        state = LaneState.Waiting;
        NextDue = now;
        return true;
    }

    private string Explain(Task failed) => failed.Exception?.InnerException switch
    {
        SinkException failure => failure.Message,
        null => $"{sink.Name} cancelled a delivery by itself.",
        var defect => throw new InvalidOperationException(
            $"The sink {sink.Name} failed in a way that it should not.", defect),
    };
}
