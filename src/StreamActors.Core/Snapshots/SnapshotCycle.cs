using StreamActors.Events;
using StreamActors.Records;
using StreamActors.Shards;
using StreamActors.Sinks;

namespace StreamActors.Snapshots;

/// <summary>
/// The life of a shard's state in a store: claimed and restored before the first record, then saved again and again.
/// A save is a consistent cut between two turns at a position of each input. The store gets it once every output that
/// was emitted before it is acknowledged; the records below that are not done, parked or in a window, are in it. Once
/// it is current, its positions may be committed: they are what <see cref="Durable"/> says.
/// <code>
///  (claiming) ─▶ (loading) ─▶ (reading) ─▶ (idle) ──due: cut──▶ (waiting) ──all acknowledged──▶ (saving) ──▶ (idle)
///      ▲            └───── only once ─────┘                                                       │    │
///      └───────────── behind: the store lost saves, all is saved again ◀──────────────────────────┘    └─fenced─▶ end
/// </code>
/// What fails is tried again, the same save again; turns go on meanwhile, and nothing is committed. Large parts
/// (<see cref="ILazyState"/>) are read to an end while records are handled. While some of their keys are in the store
/// alone, not all can be saved again: behind then ends the shard, and it goes back to what the store has.
/// <para>Owned by the shard: only its turn calls it, but for what says otherwise.</para>
/// </summary>
internal sealed class SnapshotCycle
{
    private readonly ShardClaim claim;
    private readonly ShardContext context;
    private readonly StateLoss loss;
    private readonly StoreQuestion question;
    private readonly RestoreReport report;
    private readonly List<ILazyState> lazy;
    private readonly long[] durable;
    private readonly long[] lastCutAt;
    private Phase phase = Phase.Claiming;
    private ShardSave? save;
    private IReadOnlyList<Origin> carried = [];
    private OutboxMark mark;
    private long number;
    private long refusals;
    private IReadOnlyList<long> lastTimes = [];
    private volatile bool hasSaved;
    private bool hasLoaded;
    private bool mustBeWhole;
    private bool isLast;
    private long lastCut;

    /// <summary>Makes the cycle of a shard that is to be claimed.</summary>
    /// <param name="claim">How it is claimed.</param>
    /// <param name="context">The shard's.</param>
    public SnapshotCycle(ShardClaim claim, ShardContext context)
    {
        this.claim = claim;
        this.context = context;
        context.StoredAs = claim.Shard;
        loss = new StateLoss(claim, context);
        question = new StoreQuestion(context, new Random((int)context.HashSeed));
        report = new RestoreReport(claim.Shard, context);
        lazy = [.. context.Parts.OfType<ILazyState>()];
        durable = new long[context.Ledgers.Count];
        lastCutAt = new long[context.Ledgers.Count];
        TakePositions(durable);
        TakePositions(lastCutAt);
    }

    private enum Phase
    {
        /// <summary>The store is asked for the shard.</summary>
        Claiming,

        /// <summary>What is stored is read, but for large parts.</summary>
        Loading,

        /// <summary>So much is read of large parts that records need not wait for more.</summary>
        Reading,

        /// <summary>Nothing is under way.</summary>
        Idle,

        /// <summary>A cut waits for the acknowledgement of what was emitted before it.</summary>
        Waiting,

        /// <summary>The store has the save.</summary>
        Saving,
    }

    /// <summary>Whether the shard has its state, and may handle records.</summary>
    public bool IsRestored { get; private set; }

    /// <summary>Whether the store has state for what is durable. Any thread.</summary>
    public bool HasSaved => hasSaved;

    /// <summary>Why the store does not go on; null while it does. Any thread.</summary>
    public string? Trouble => question.Trouble;

    /// <summary>What a cut waits for; null where none does.</summary>
    public OutboxMark? Awaited => phase == Phase.Waiting ? mark : null;

    /// <summary>Whether the store is asked for the shard, or has a save.</summary>
    public bool IsAsking => phase is Phase.Claiming or Phase.Saving;

    /// <summary>Whether some of it was not read yet.</summary>
    public bool IsReading => lazy.Exists(static part => part.IsReading);

    /// <summary>How far reading has come; null where nothing is left to be read.</summary>
    public ReadProgress? Progress => IsReading ? Read : null;

    private ReadProgress Read => lazy.Aggregate(default(ReadProgress), static (sum, part) => sum + part.Progress);

    /// <summary>When it wants <see cref="GoOn"/> by itself, in milliseconds.</summary>
    public long NextDue => phase switch
    {
        Phase.Idle => !HasNews ? long.MaxValue : IsDue ? LatestCut : lastCut + Math.Max(Interval, Spacing),
        Phase.Reading => lazy.Min(static part => part.NextRead),
        Phase.Waiting => long.MaxValue,
        _ => question.NextDue,
    };

    private Limits.PipelineTiming Timing => context.Timing;

    private long Spacing => Milliseconds(Timing.CommitSpacing);

    private long Interval => Milliseconds(Timing.CommitInterval);

    /// <summary>A cut that is due waits for the parts to be at rest, but no longer than that.</summary>
    private long LatestCut => lastCut + (2 * Math.Max(Interval, Spacing));

    /// <summary>
    /// What the last cut carried is news too: it may be done by now, and would be handled again after a restore. Where
    /// the store does not answer, the next save tells whether it still is ours.
    /// </summary>
    private bool HasNews => HasChanges || carried.Count > 0 || context.DoubtsStore;

    /// <summary>
    /// The event time of a quiet topic goes on without a record. It is worth no save by itself, but the last one, so
    /// that it does not go back.
    /// </summary>
    private bool HasNewTimes => context.EventClock.IsUsed && !context.EventClock.Times.SequenceEqual(lastTimes);

    private bool HasChanges => Records > 0 || context.Parts.Exists(static part => part.HasChanges);

    private long Records
    {
        get
        {
            var records = 0L;
            for (var input = 0; input < lastCutAt.Length; input++)
            {
                records += context.Ledgers[input].Next - lastCutAt[input];
            }

            return records;
        }
    }

    private bool IsDue => HasNews
        && context.Now - lastCut >= Spacing
        && (context.Now - lastCut >= Interval || Records >= Timing.CommitRecords);

    /// <summary>Whether a part that holds something now will have let it go before the latest cut.</summary>
    private bool IsWorthWaiting =>
        context.Now < LatestCut && context.Parts.Exists(part => part.RestsAt > context.Now && part.RestsAt < LatestCut);

    /// <summary>The offset of an input below which a restore needs no record.</summary>
    public long Durable(int input) => durable[input];

    /// <summary>
    /// Whether a record may be handled now: so many offsets may lie behind the last save, and one record in any case.
    /// </summary>
    public bool HasRoomFor(int input, long offset) => offset - durable[input] < context.Limits.UncommittedRecords
        || context.Ledgers[input].Next == durable[input];

    /// <summary>Takes what the store has answered, asks what is to be asked, and cuts when it is time.</summary>
    public void GoOn()
    {
        while (TakeStep())
        {
        }

        if (hasLoaded && report.IsDue(IsReading))
        {
            report.Tell(IsReading, Read);
        }

        if (phase == Phase.Idle && IsDue && !IsWorthWaiting)
        {
            TakeCut();
            GoOn();
        }
    }

    /// <summary>Saves what is not saved, in a shard that is at rest and stays so.</summary>
    /// <returns>Whether all is.</returns>
    public bool SaveLast()
    {
        while (TakeStep())
        {
        }

        if (phase == Phase.Idle && (HasChanges || (!isLast && (HasNews || HasNewTimes))))
        {
            isLast = true;
            TakeCut();
            return SaveLast();
        }

        return phase == Phase.Idle;
    }

    private static long Milliseconds(TimeSpan time) => (long)time.TotalMilliseconds;

    /// <returns>Whether there may be another step at once.</returns>
    private bool TakeStep() => phase switch
    {
        Phase.Claiming => Step(stop => ShardRestore.ClaimAsync(claim, IsRestored, stop), Claimed),
        Phase.Loading => Step(stop => loss.ReadAsync([.. lazy.Select(static part => part.Name)], stop), Loaded),
        Phase.Reading => ReadOn(),
        Phase.Waiting => IsSettled() && Enter(Phase.Saving),
        Phase.Saving => Step(stop => context.Stored!.SaveAsync(save!, stop), Saved),
        _ => false,
    };

    /// <summary>Begins what the phase is about, or takes its result.</summary>
    private bool Step<T>(Func<CancellationToken, Task<T>> begin, Action<T> done)
    {
        question.TryAsk(begin);
        switch (question.Take(out T answer))
        {
            case StoreAnswer.Given:
                // What else it threw ends the shard.
                done(answer);
                return true;
            case StoreAnswer.None:
                // A store that lost the claim answers no read: a new one is made first.
                phase = phase == Phase.Loading ? Phase.Claiming : phase;
                return false;
            default:
                return false;
        }
    }

    private bool ReadOn()
    {
        var isEnough = true;
        foreach (var part in lazy)
        {
            isEnough &= part.ReadOn();
        }

        if (context.DoubtsStore)
        {
            context.DoubtsStore = false;
            return Enter(Phase.Claiming);
        }

        IsRestored = isEnough;
        return isEnough && Enter(Phase.Idle);
    }

    /// <summary>
    /// Whether all that was emitted before the cut is acknowledged: also the dead letters of what a sink refused of it.
    /// </summary>
    private bool IsSettled()
    {
        while (context.Outbox.IsPast(mark))
        {
            if (refusals == context.Refusals)
            {
                return true;
            }

            (refusals, mark) = (context.Refusals, context.Outbox.Mark());
        }

        return false;
    }

    private bool Enter(Phase next)
    {
        phase = next;
        return true;
    }

    private void Claimed(IShardState claimed)
    {
        if (hasLoaded && !IsRestored && claimed.Number != number)
        {
            throw new StateLostException(
                $"The store went back from the save {number} of the shard {claim.Shard} to {claimed.Number} while the "
                + "shard was restored: it begins again with what the store has.");
        }

        context.Stored = claimed;
        number = claimed.Number;
        context.Outbox.Claimed(new OutputFence(claim.Opened.Store.Name, claim.Shard, claimed.Token));
        phase = IsRestored ? Phase.Idle : hasLoaded ? Phase.Reading : Phase.Loading;
        if (IsRestored)
        {
            TakeCut();
        }
    }

    private void Loaded(RestoredShard restored)
    {
        restored = loss.Judge(restored);
        hasSaved = restored.Head is not null;
        mustBeWhole = !ShardRestore.Load(restored, claim.Shard, context);
        claim.Opened.Counters.AddRestored(restored.Parts.Sum(static part => part.Stored.Entries.Count));
        context.MayEvict = !mustBeWhole;
        TakePositions(durable);
        TakePositions(lastCutAt);
        for (var input = 0; input < durable.Length; input++)
        {
            context.Runners[input].Counts.Received += context.Ledgers[input].CountPending();
        }

        lastCut = context.Now - Math.Max(Interval, Spacing);
        lastTimes = context.EventClock.Times;
        (hasLoaded, phase) = (true, Phase.Reading);
    }

    private void TakeCut()
    {
        var cut = new SnapshotCut { IsWhole = mustBeWhole, UtcNow = context.UtcNow };
        context.Parts.ForEach(cut.Add);
        TakePositions(lastCutAt);
        PartitionOffset[] positions =
            [.. context.Inputs.Select((partition, input) => new PartitionOffset(partition, lastCutAt[input]))];
        lastTimes = context.EventClock.Times;
        save = cut.ToSave(++number, new ShardHead(context.UtcNow, positions, lastTimes));
        (carried, mark, refusals, lastCut) = (cut.Carried, context.Outbox.Mark(), context.Refusals, context.Now);
        (mustBeWhole, context.DoubtsStore, phase) = (false, false, Phase.Waiting);
    }

    private void Saved(SaveOutcome outcome)
    {
        switch (outcome)
        {
            case SaveOutcome.Current:
                claim.Opened.Counters.AddSave(save!.Keys, save.Bytes, context.Now - lastCut);
                BecomeDurable();
                lazy.ForEach(static part => part.Saved());
                (context.MayEvict, phase) = (true, Phase.Idle);
                return;
            case SaveOutcome.Behind when !lazy.TrueForAll(static part => part.IsWhole):
                ReportBehind();
                throw new StateLostException(
                    $"The store {claim.Opened.Store.Name} lost saves of the shard {claim.Shard} that it had "
                    + $"acknowledged, up to number {number - 1}, and entities were in the store alone: the shard goes "
                    + "back to what the store has, and reads again from there. Find out what the store lost (a "
                    + "failover to a copy that lagged behind, a restart without its data).");
            case SaveOutcome.Behind:
                ReportBehind();
                context.Outbox.ClaimsAgain();
                (mustBeWhole, context.MayEvict, phase) = (true, false, Phase.Claiming);
                return;
            default:
                throw new ShardFencedException($"Another process has claimed the shard {claim.Shard}.");
        }
    }

    private void ReportBehind()
    {
        claim.Opened.Counters.AddBehind();
        context.Events.Report(new EngineEvent.StateBehind(context.Pipeline, claim.Shard));
    }

    private void BecomeDurable()
    {
        hasSaved = true;
        lastCutAt.CopyTo(durable, 0);
        foreach (var origin in carried)
        {
            context.Ledgers[origin.Input].Carry(origin.Offset);
        }

        for (var input = 0; input < durable.Length; input++)
        {
            if (context.Ledgers[input].Committable < durable[input])
            {
                throw new EngineDefectException(
                    $"{context.Inputs[input]}: a snapshot goes up to {durable[input]}, but the record at "
                    + $"{context.Ledgers[input].Committable} is neither done nor in it.");
            }
        }
    }

    private void TakePositions(long[] into)
    {
        for (var input = 0; input < into.Length; input++)
        {
            into[input] = context.Ledgers[input].Next;
        }
    }
}
