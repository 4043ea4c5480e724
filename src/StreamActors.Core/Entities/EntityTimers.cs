using System.Diagnostics.CodeAnalysis;
using StreamActors.Shards;
using StreamActors.Snapshots;

namespace StreamActors.Entities;

/// <summary>
/// The timers of a shard's entities of one kind: those by the clock, and those by the records' own time. Owned by the
/// shard: only its turn calls it.
/// </summary>
internal sealed class EntityTimers
{
    private readonly TimerQueue byClock = new();
    private readonly TimerQueue byEventTime = new();
    private readonly ShardContext context;
    private readonly int limit;

    /// <summary>Makes a shard's timers; none is set.</summary>
    public EntityTimers(ShardContext context)
    {
        this.context = context;
        limit = context.Limits.TimersPerShard;
        context.EventClock.Add(() => byEventTime.NextDue);
    }

    /// <summary>When the first timer may be due without another record, in milliseconds.</summary>
    public long NextDue => Math.Min(byClock.NextDue, context.EventClock.NextIdle(context.Now, context.UtcNow));

    /// <summary>
    /// The event time that counts in place of the shard's, while a record is handled that was parked then; else null.
    /// </summary>
    public long? AsOf { get; set; }

    /// <summary>The event time, as the call under way sees it.</summary>
    public long EventNow => AsOf ?? context.EventClock.Now;

    /// <summary>How many are set.</summary>
    public int Count => byClock.Count + byEventTime.Count;

    /// <summary>Those that are set, for people who look.</summary>
    public IEnumerable<Kept> Kept => byClock.Set
        .Select(static timer => new Kept(timer.RecordKey, $"timer \"{timer.Name}\"", timer.Due))
        .Concat(byEventTime.Set.Select(static timer => new Kept(
            timer.RecordKey,
            $"timer \"{timer.Name}\", when records carry {DateTimeOffset.FromUnixTimeMilliseconds(timer.Due):u}",
            long.MaxValue)));

    /// <summary>Takes a timer that is due; it is not set any more.</summary>
    public bool TryTake([NotNullWhen(true)] out EntityTimer? timer)
    {
        if (byClock.TryTake(context.Now, out timer))
        {
            return true;
        }

        if (!context.EventClock.IsDue)
        {
            return false;
        }

        var isTaken = byEventTime.TryTake(context.EventClock.Now, out timer);
        context.EventClock.Refresh();
        return isTaken;
    }

    /// <summary>Takes a timer of one entity that is due; it is not set any more.</summary>
    /// <param name="set">The entity's timers.</param>
    /// <param name="eventTime">The event time that counts.</param>
    /// <param name="timer">The one that was due first: of those by the clock, then of those by event time.</param>
    public bool TryTakeOf(
        Dictionary<string, EntityTimer>? set, long eventTime, [NotNullWhen(true)] out EntityTimer? timer)
    {
        timer = set?.Values.Where(each => each.Due <= (each.ByEventTime ? eventTime : context.Now))
            .OrderBy(static each => each.ByEventTime).ThenBy(static each => each.Due).FirstOrDefault();
        if (timer is null)
        {
            return false;
        }

        QueueOf(timer).Cancel(timer);
        context.EventClock.Refresh();
        return true;
    }

    /// <summary>The time at which a timer was due, in milliseconds since 1970 (UTC).</summary>
    public long TimeOf(EntityTimer timer) =>
        timer.ByEventTime ? timer.Due : context.UtcNow - context.Now + timer.Due;

    /// <summary>Refuses a call that asks for more new timers than there is room for.</summary>
    /// <param name="asked">The timers that the call asks for.</param>
    /// <param name="set">Those that its entity has.</param>
    /// <param name="freed">Those of an entity that goes to make room for this one.</param>
    /// <exception cref="InvalidOperationException">There is no room; the message names the limit.</exception>
    public void EnsureRoom(
        ReadOnlySpan<TimerRequest> asked,
        Dictionary<string, EntityTimer>? set,
        Dictionary<string, EntityTimer>? freed)
    {
        var room = limit - Count + (freed?.Count ?? 0);
        if (asked.Length <= room || CountNew(asked, set) <= room)
        {
            return;
        }

        throw new InvalidOperationException(
            $"{Count} timers are set in this shard, and its limit is TimersPerShard = {limit}. Move a timer by "
            + "setting its name again rather than setting one more, let an entity that is done go with Forget, "
            + "raise the limit, or spread the topic over more partitions.");
    }

    /// <summary>Sets the timers of an entity that a call asked for.</summary>
    public void Set(
        ref Dictionary<string, EntityTimer>? set,
        ReadOnlySpan<TimerRequest> asked,
        ReadOnlySpan<byte> entityKey,
        ReadOnlySpan<byte> recordKey,
        bool hasRecordKey)
    {
        if (asked.Length == 0)
        {
            return;
        }

        set ??= new Dictionary<string, EntityTimer>(StringComparer.Ordinal);
        foreach (var request in asked)
        {
            var due = DueOf(request);
            if (set.TryGetValue(request.Name, out var timer))
            {
                if (timer.ByEventTime == request.ByEventTime && TimerQueue.TryMove(timer, due))
                {
                    continue;
                }

                QueueOf(timer).Cancel(timer);
            }

            var key = hasRecordKey ? recordKey.ToArray() : null;
            Add(set, new EntityTimer(request.Name, entityKey.ToArray(), key, due, request.ByEventTime));
        }
    }

    /// <summary>Appends the timers of an entity, each with the time at which it is due.</summary>
    public void Save(Dictionary<string, EntityTimer>? set, SnapshotWriter output)
    {
        output.Write(set?.Count ?? 0);
        foreach (var timer in set?.Values ?? (IEnumerable<EntityTimer>)[])
        {
            new StoredTimer(timer.Name, TimeOf(timer), timer.ByEventTime, timer.RecordKey).Write(output);
        }
    }

    /// <summary>How many bytes <see cref="Save"/> writes for the timers that a call asks for, at most.</summary>
    public static int MostBytes(ReadOnlySpan<TimerRequest> asked, int recordKeyBytes)
    {
        var bytes = 0;
        foreach (var request in asked)
        {
            bytes += StoredTimer.MostBytes(request.Name, recordKeyBytes);
        }

        return bytes;
    }

    /// <summary>Passes over what <see cref="Save"/> wrote.</summary>
    /// <returns>How many timers that are.</returns>
    public static long Skip(ref SnapshotReader input)
    {
        var count = input.ReadNumber();
        for (var left = count; left > 0; left--)
        {
            StoredTimer.Skip(ref input);
        }

        return count;
    }

    /// <summary>
    /// Sets the timers that <see cref="Save"/> wrote, each for the time that it had: one that was due meanwhile, or
    /// already when it was saved, comes before the next record.
    /// </summary>
    public void Load(ref Dictionary<string, EntityTimer>? set, ReadOnlySpan<byte> entityKey, ref SnapshotReader input)
    {
        var left = input.ReadNumber();
        if (left == 0)
        {
            return;
        }

        set ??= new Dictionary<string, EntityTimer>(StringComparer.Ordinal);
        for (var key = entityKey.ToArray(); left > 0; left--)
        {
            var (name, at, byEventTime, recordKey) = StoredTimer.Read(ref input);
            Add(set, new EntityTimer(name, key, recordKey, byEventTime ? at : OnClock(at), byEventTime));
        }
    }

    /// <summary>Cancels the timers of an entity that goes.</summary>
    public void CancelAll(Dictionary<string, EntityTimer>? set)
    {
        if (set is null)
        {
            return;
        }

        foreach (var timer in set.Values)
        {
            QueueOf(timer).Cancel(timer);
        }
    }

    private static int CountNew(ReadOnlySpan<TimerRequest> asked, Dictionary<string, EntityTimer>? set)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var request in asked)
        {
            if (set is null || !set.ContainsKey(request.Name))
            {
                names.Add(request.Name);
            }
        }

        return names.Count;
    }

    private void Add(Dictionary<string, EntityTimer> set, EntityTimer timer)
    {
        set[timer.Name] = timer;
        QueueOf(timer).Add(timer);
        if (timer.ByEventTime)
        {
            context.EventClock.Refresh();
        }
    }

    private TimerQueue QueueOf(EntityTimer timer) => timer.ByEventTime ? byEventTime : byClock;

    // Not now: a timer that sets itself again at once would never let the turn end.
    private long DueOf(TimerRequest request) => request.ByEventTime
        ? Math.Max(request.Due, EventNow + 1)
        : Math.Max(OnClock(request.Due), context.Now + 1);

    private long OnClock(long utc) => utc - context.UtcNow + context.Now;
}
