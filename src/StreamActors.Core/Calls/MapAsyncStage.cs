using StreamActors.Limits;
using StreamActors.Metrics;
using StreamActors.Parked;
using StreamActors.Pipelines;
using StreamActors.Records;
using StreamActors.Shards;
using StreamActors.Sinks;
using StreamActors.Snapshots;
using StreamActors.Stalls;

namespace StreamActors.Calls;

/// <summary>
/// The step of a route that awaits, in one shard. A record is parked until what its call gave was handled by the next
/// stage, or it was given up; only the first record of a key is called for, so the key's order holds.
/// <code>
///  Handle ─▶ parked ─first of its key─▶ ready ─slot─▶ attempt ⇢ its thread ⇢ decided ─room─▶ next stage, dead letter
///                                         ▲                                    │                     │
///                                         ├──────── due ◀── waits for retry ◀──┘                     │
///                                         └──────────────── the key's next record ◀──────────────────┘
/// </code>
/// Where the state of its entity is to be read first, what was decided waits in place until it has come.
/// Calls run on threads of their own and meet the turn at the <see cref="CallDesk{TIn, TOut}"/> alone.
/// </summary>
internal sealed class MapAsyncStage<TIn, TOut> : IStage<TIn>, IStateful
    where TIn : allows ref struct
{
    private readonly CallPlan<TIn, TOut> plan;
    private readonly IStage<TOut> next;
    private readonly DeadLetters deadLetters;
    private readonly ShardContext context;
    private readonly CallDesk<TIn, TOut> desk;
    private readonly CallSlots.Line line;
    private readonly Parking parking;
    private readonly Queue<ParkedRecord> ready = new();
    private readonly HashSet<CallAttempt<TIn, TOut>> undecided = [];
    private readonly PriorityQueue<ParkedRecord, long> retries = new();
    private readonly Queue<(ParkedRecord Parked, CallOutcome<TOut> Outcome)> decided = new();
    private readonly Queue<(ParkedRecord Parked, CallOutcome<TOut> Outcome)> waitsForState = new();
    private readonly CallReports reports;
    private readonly bool givesUpOldest;
    private readonly SavedRecords? saved;
    private long came;
    private int restored;
    private int shownInFlight;

    /// <summary>Makes a stage without records.</summary>
    public MapAsyncStage(
        CallPlan<TIn, TOut> plan, IStage<TOut> next, DeadLetters deadLetters, ShardContext context)
    {
        this.plan = plan;
        this.next = next;
        this.deadLetters = deadLetters;
        this.context = context;
        desk = new CallDesk<TIn, TOut>(plan, context);
        line = new CallSlots.Line(context.RequestTurn);
        parking = new Parking(context.Limits.Parking, context.HashSeed);
        reports = new CallReports(plan.Map, context);
        givesUpOldest = context.Limits.Parking.WhenFull == WhenParkingFull.DeadLetterOldest;
        if (context.HasStore)
        {
            saved = new SavedRecords();
            context.Parts.Add(this);
        }
    }

    /// <summary>Takes the id of a value out of dedup again, whose record is given up.</summary>
    public required Release<TIn> Release { get; init; }

    /// <inheritdoc/>
    public string Name => $"calls {deadLetters.Route}";

    /// <inheritdoc/>
    public Holding Holding => default;

    /// <inheritdoc/>
    public bool IsKeyed => true;

    /// <inheritdoc/>
    public bool HasChanges => saved!.HasChanges;

    /// <inheritdoc/>
    public long NextDue =>
        Math.Min(next.NextDue, givesUpOldest ? Math.Min(NextRetry, NextOverdue) : NextRetry);

    /// <inheritdoc/>
    public long FlushDue => Math.Min(next.FlushDue, saved is null ? NextRetry : long.MaxValue);

    /// <inheritdoc/>
    public bool HasRoom => parking.HasRoom(context.Now);

    /// <inheritdoc/>
    public string WaitsFor => parking.Count switch
    {
        0 => next.WaitsFor,
        1 => $"1 call of {plan.Name}",
        var count => $"{count} calls of {plan.Name}",
    };

    /// <inheritdoc/>
    public IEnumerable<Kept> Kept =>
        [.. Heads.SelectMany(head => head.Parked.Keep(Describe(head.Parked, head.Reason, head.Due))), .. next.Kept];

    /// <inheritdoc/>
    public Obstacle? Full => parking.Full(context.Now, plan.Name);

    /// <summary>The first parked record of each key, what it waits for, and until when.</summary>
    private IEnumerable<(ParkedRecord Parked, StallReason Reason, long Due)> Heads =>
        undecided.Select(static each => (each.Parked, StallReason.Call, long.MaxValue))
            .Concat(ready.Select(static each => (each, StallReason.CallPlace, long.MaxValue)))
            .Concat(retries.UnorderedItems.Select(static each => (each.Element, StallReason.Retry, each.Priority)))
            .Concat(decided.Select(static each => (each.Parked, StallReason.Sink, long.MaxValue)))
            .Concat(waitsForState.Select(static each => (each.Parked, StallReason.EntityState, long.MaxValue)));

    /// <summary>What is decided already waits for room, and asks for no turn.</summary>
    private long NextOverdue => decided.Count > 0 ? long.MaxValue : parking.OverdueAt;

    private long NextRetry => retries.TryPeek(out _, out var due) ? due : long.MaxValue;

    /// <inheritdoc/>
    public Obstacle? Find(Origin origin)
    {
        foreach (var (parked, reason, due) in Heads)
        {
            if (parked.Leads(origin))
            {
                return Describe(parked, reason, due) with { Key = parked.KeyText };
            }
        }

        return next.Find(origin);
    }

    /// <inheritdoc/>
    public void Handle(scoped in TIn value, in Keyed from, ref RouteCounters.Turnover counts)
    {
        context.Retain(from.Origin);
        counts.ParkedRecords++;
        Park(new ParkedRecord(in from));
    }

    /// <inheritdoc/>
    public void OnTime(ref RouteCounters.Turnover counts)
    {
        next.OnTime(ref counts);
        GoOn(ref counts, begins: true);
    }

    /// <inheritdoc/>
    public void MakeRoom(ref RouteCounters.Turnover counts) => GiveUp(forRoom: true, ref counts);

    /// <inheritdoc/>
    public bool Flush(ref RouteCounters.Turnover counts)
    {
        // What is parked goes into the last snapshot, where there is one: only calls under way are waited for.
        var isFlushed = next.Flush(ref counts);
        GoOn(ref counts, begins: saved is null);
        return isFlushed && (saved is null ? parking.Count == 0 : undecided.Count + decided.Count == 0);
    }

    /// <inheritdoc/>
    public void Count(ref RouteCounters.Turnover counts) => next.Count(ref counts);

    /// <inheritdoc/>
    public bool IsTooLate(long until) =>
        retries.Count > 0 && NextRetry > until && undecided.Count == 0 && ready.Count == 0 && decided.Count == 0;

    /// <inheritdoc/>
    public void Close(ref RouteCounters.Turnover counts)
    {
        next.Close(ref counts);
        plan.Slots.Leave(line);
        counts.ParkedRecords -= parking.Count - restored;    // those were not counted yet
        counts.CallsInFlight -= shownInFlight;
        if (undecided.Count > 0)
        {
            context.Scheduler.Schedule(new CallCancellation<TIn, TOut>([.. undecided]));
        }
    }

    /// <inheritdoc/>
    public void Cut(SnapshotCut cut) => saved!.Cut(cut);

    /// <inheritdoc/>
    public void Load(RestoredPart part)
    {
        // In the order in which they came: that of a key holds.
        foreach (var parked in SavedRecords.Load(part, context.Inputs))
        {
            context.Restore(parked.Origin);
            restored++;
            Park(parked);
        }
    }

    private Obstacle Describe(ParkedRecord parked, StallReason reason, long due) =>
        CallObstacle.Of(plan.Name, parked, reason, due);

    private void Park(ParkedRecord parked)
    {
        saved?.Add(parked);
        if (parking.Add(parked, context.Now))
        {
            ready.Enqueue(parked);
            if (ready.Count == 1)
            {
                // The calls of all records of this turn begin in the next one, together.
                context.RequestTurn();
            }
        }
    }

    private void GoOn(ref RouteCounters.Turnover counts, bool begins)
    {
        counts.ParkedRecords += restored;
        restored = 0;
        TakeDecided();
        if (came != next.Came)
        {
            came = next.Came;
            while (waitsForState.TryDequeue(out var each))
            {
                decided.Enqueue(each);
            }
        }

        SettleDecided(ref counts);
        GiveUp(forRoom: false, ref counts);
        while (NextRetry <= context.Now)
        {
            ready.Enqueue(retries.Dequeue());
        }

        if (begins)
        {
            BeginReady();
        }

        var inFlight = desk.InFlight;
        counts.CallsInFlight += inFlight - shownInFlight;
        shownInFlight = inFlight;
    }

    private void SettleDecided(ref RouteCounters.Turnover counts)
    {
        while (decided.Count > 0 && next.HasRoom && context.Outbox.HasRoom)
        {
            var (parked, outcome) = decided.Dequeue();
            if (outcome.Result is null || next.IsHere(parked.EntityKey))
            {
                Settle(parked, in outcome, ref counts);
            }
            else
            {
                waitsForState.Enqueue((parked, outcome));
            }
        }
    }

    /// <summary>Gives up those that have been parked longest: for too long, or so that another has room.</summary>
    private void GiveUp(bool forRoom, ref RouteCounters.Turnover counts)
    {
        while (givesUpOldest && (forRoom ? !HasRoom : context.Now >= parking.OverdueAt)
            && decided.Count == 0 && TryGiveUp(parking.Oldest!))
        {
            TakeDecided();
            SettleDecided(ref counts);
        }
    }

    /// <returns>Whether that is its outcome: what has another already is done as soon as it can be.</returns>
    private bool TryGiveUp(ParkedRecord oldest)
    {
        var error = new ParkingFullException($"{parking.Full(context.Now, plan.Name)!.Why}: the oldest, parked for "
            + $"{TimeSpan.FromMilliseconds(context.Now - oldest.ParkedAt)}, is given up. {oldest.LastError}".TrimEnd());
        foreach (var attempt in undecided)
        {
            if (attempt.Parked == oldest)
            {
                var isGivenUp = attempt.GiveUp(error);
                context.Scheduler.Schedule(new CallCancellation<TIn, TOut>([attempt]));
                return isGivenUp;
            }
        }

        if (!retries.Remove(oldest, out _, out _) && !TryTakeReady(oldest))
        {
            return false;
        }

        decided.Enqueue((oldest, new CallOutcome<TOut> { Error = error }));
        return true;
    }

    private bool TryTakeReady(ParkedRecord parked)
    {
        var others = ready.Where(each => each != parked).ToList();
        var isThere = others.Count < ready.Count;
        ready.Clear();
        others.ForEach(ready.Enqueue);
        plan.Slots.Leave(line, ready.Count);
        return isThere;
    }

    private void TakeDecided()
    {
        while (desk.TryTake(out var attempt))
        {
            undecided.Remove(attempt);
            var (parked, outcome) = (attempt.Parked, attempt.Outcome);
            var wait = outcome.IsRetryable ? plan.Options.Retry.Wait(parked.Attempts, context.Jitter) : null;
            reports.Decided(
                outcome.Error, outcome.Result is not null, attempt.Took, isLast: wait is null, outcome.IsTimeout);
            if (wait is { } again)
            {
                parked.Failed = parked.Attempts;
                retries.Enqueue(parked, context.Now + Math.Max((long)again.TotalMilliseconds, 1));
                reports.Retried(parked, outcome.Error!);
            }
            else
            {
                decided.Enqueue((parked, outcome));
            }
        }
    }

    /// <summary>
    /// The last word on a record: its value goes on, or it is given up; then the key's next one is ready.
    /// </summary>
    private void Settle(ParkedRecord parked, in CallOutcome<TOut> outcome, ref RouteCounters.Turnover counts)
    {
        var record = parked.Record;
        var error = outcome.Error;
        try
        {
            if (error is not null)
            {
                ReleaseId(in record);
            }
            else if (outcome.Result is not null)
            {
                PassOn(outcome.Result, parked, ref counts);
            }
            else
            {
                counts.WithoutOutput++;
            }
        }
        catch (Exception thrown) when (thrown is not EngineDefectException)
        {
            error ??= thrown;
        }

        if (error is not null)
        {
            deadLetters.Fail(in record, parked.Origin, error, ref counts, parked.Attempts);
        }

        context.Complete(parked.Origin);
        counts.ParkedRecords--;
        saved?.Remove(parked);
        if (parking.Remove(parked) is { } behind)
        {
            ready.Enqueue(behind);
        }
    }

    private void PassOn(TOut value, ParkedRecord parked, ref RouteCounters.Turnover counts)
    {
        try
        {
            next.Handle(in value, parked.Keyed, ref counts);
        }
        catch
        {
            ReleaseId(parked.Record);
            throw;
        }
    }

    private void ReleaseId(in Record record) => Release(plan.Reader.ReadAgain(record.Value), record.Key);

    private void BeginReady()
    {
        if (ready.Count == 0)
        {
            return;
        }

        for (var slots = plan.Slots.Take(line, ready.Count); slots > 0; slots--)
        {
            var parked = ready.Dequeue();
            parked.Attempts++;
            var attempt = new CallAttempt<TIn, TOut>(desk, parked);
            undecided.Add(attempt);
            desk.Began();
            context.Scheduler.Schedule(attempt);
        }
    }
}
