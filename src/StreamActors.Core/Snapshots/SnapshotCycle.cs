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
///  (claiming) ─▶ (loading) ─▶ (idle) ──due: cut──▶ (waiting) ──all acknowledged──▶ (saving) ──current──▶ (idle)
///      ▲            └─ only once ─┘                                                 │    │
///      └───────────── behind: the store lost saves, all is saved again ◀────────────┘    └─fenced─▶ the shard ends
/// </code>
/// What fails is tried again, the same save again; turns go on meanwhile, and nothing is committed.
/// <para>Owned by the shard: only its turn calls it, but for what says otherwise.</para>
/// </summary>
internal sealed class SnapshotCycle
{
    private static readonly Backoff Retry = new(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(1));

    private readonly ShardClaim claim;
    private readonly ShardContext context;
    private readonly StateLoss loss;
    private readonly Random random;
    private readonly long[] durable;
    private readonly long[] lastCutAt;
    private Phase phase = Phase.Claiming;
    private Task? underWay;
    private IShardState? state;
    private ShardSave? save;
    private IReadOnlyList<Origin> carried = [];
    private OutboxMark mark;
    private long number;
    private long refusals;
    private volatile bool hasSaved;
    private bool mustBeWhole;
    private bool isLast;
    private long lastCut;
    private long tryAt = long.MinValue;
    private int failures;

    /// <summary>Makes the cycle of a shard that is to be claimed.</summary>
    /// <param name="claim">How it is claimed.</param>
    /// <param name="context">The shard's.</param>
    public SnapshotCycle(ShardClaim claim, ShardContext context)
    {
        this.claim = claim;
        this.context = context;
        loss = new StateLoss(claim, context);
        random = new Random((int)context.HashSeed);
        durable = new long[context.Ledgers.Count];
        lastCutAt = new long[context.Ledgers.Count];
        TakePositions(durable);
        TakePositions(lastCutAt);
    }

    private enum Phase
    {
        /// <summary>The store is asked for the shard.</summary>
        Claiming,

        /// <summary>What is stored is read.</summary>
        Loading,

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
    public string? Trouble { get; private set; }

    /// <summary>When it wants <see cref="GoOn"/> by itself, in milliseconds.</summary>
    public long NextDue => phase switch
    {
        Phase.Idle => !HasNews ? long.MaxValue : IsDue ? LatestCut : lastCut + Math.Max(Interval, Spacing),
        Phase.Waiting => long.MaxValue,
        _ => underWay is null ? tryAt : long.MaxValue,
    };

    private Limits.PipelineTiming Timing => context.Timing;

    private long Spacing => Milliseconds(Timing.CommitSpacing);

    private long Interval => Milliseconds(Timing.CommitInterval);

    /// <summary>A cut that is due waits for the parts to be at rest, but no longer than that.</summary>
    private long LatestCut => lastCut + (2 * Math.Max(Interval, Spacing));

    /// <summary>
    /// What the last cut carried is news too: it may be done by now, and would be handled again after a restore.
    /// </summary>
    private bool HasNews => HasChanges || carried.Count > 0;

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

        if (phase == Phase.Idle && (HasChanges || (HasNews && !isLast)))
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
        Phase.Claiming => Step(stop => ShardRestore.ClaimAsync(claim, stop), Claimed),
        Phase.Loading => Step(stop => loss.ReadAsync(state!, stop), Loaded),
        Phase.Waiting => IsSettled() && Enter(Phase.Saving),
        Phase.Saving => Step(stop => state!.SaveAsync(save!, stop), Saved),
        _ => false,
    };

    /// <summary>Begins what the phase is about, or takes its result.</summary>
    private bool Step<T>(Func<CancellationToken, Task<T>> begin, Action<T> done)
    {
        if (underWay is null)
        {
            if (context.Now < tryAt || context.Epoch.TryRun(begin) is not { } begun)
            {
                return false;
            }

            underWay = begun;
            if (!begun.IsCompleted)
            {
                begun.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(context.RequestTurn);
            }
        }

        if (!underWay.IsCompleted)
        {
            return false;
        }

        var ended = (Task<T>)underWay;
        underWay = null;
        if (ended.Exception?.InnerException is StateStoreException error)
        {
            Trouble = $"{claim.Opened.Store.Name}: {error.Message}";
            claim.Opened.Trouble.Failed(context.Now, error.Message);
            claim.Opened.Counters.AddFailure();
            tryAt = context.Now + Milliseconds(Retry.Wait(++failures, random));

            // A store that lost the claim answers no read: a new one is made first.
            phase = phase == Phase.Loading ? Phase.Claiming : phase;
            return false;
        }

        // What else it threw ends the shard.
        done(ended.GetAwaiter().GetResult());
        (Trouble, failures, tryAt) = (null, 0, long.MinValue);
        claim.Opened.Trouble.Succeeded(context.Now);
        return true;
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
        state = claimed;
        number = claimed.Number;
        context.Outbox.Claimed(new OutputFence(claim.Opened.Store.Name, claim.Shard, claimed.Token));
        phase = IsRestored ? Phase.Idle : Phase.Loading;
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
        TakePositions(durable);
        TakePositions(lastCutAt);
        lastCut = context.Now - Math.Max(Interval, Spacing);
        IsRestored = true;
        phase = Phase.Idle;
    }

    private void TakeCut()
    {
        var cut = new SnapshotCut { IsWhole = mustBeWhole, UtcNow = context.UtcNow };
        context.Parts.ForEach(cut.Add);
        TakePositions(lastCutAt);
        PartitionOffset[] positions =
            [.. context.Inputs.Select((partition, input) => new PartitionOffset(partition, lastCutAt[input]))];
        save = cut.ToSave(++number, new ShardHead(context.UtcNow, positions, context.EventClock.Times));
        (carried, mark, refusals, lastCut) = (cut.Carried, context.Outbox.Mark(), context.Refusals, context.Now);
        (mustBeWhole, phase) = (false, Phase.Waiting);
    }

    private void Saved(SaveOutcome outcome)
    {
        switch (outcome)
        {
            case SaveOutcome.Current:
                claim.Opened.Counters.AddSave(save!.Keys, save.Bytes, context.Now - lastCut);
                BecomeDurable();
                phase = Phase.Idle;
                return;
            case SaveOutcome.Behind:
                claim.Opened.Counters.AddBehind();
                context.Events.Report(new EngineEvent.StateBehind(context.Pipeline, claim.Shard));
                context.Outbox.ClaimsAgain();
                (mustBeWhole, phase) = (true, Phase.Claiming);
                return;
            default:
                throw new ShardFencedException($"Another process has claimed the shard {claim.Shard}.");
        }
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
