using StreamActors.Limits;
using StreamActors.Metrics;
using StreamActors.Parked;
using StreamActors.Shards;
using StreamActors.Sinks;
using StreamActors.Snapshots;
using StreamActors.Stalls;

namespace StreamActors.Entities;

/// <summary>
/// The entities of one kind in one shard that the store has and the memory has not: those that were passivated, and,
/// after a restore, those that are not read yet. Records for them are parked, as calls park them, until the state is
/// here; the other keys go on.
/// <code>
///  a record ──▶ parked ──its key's value is asked for, or is in the next page──▶ ready ──room──▶ handled, in order
/// </code>
/// Which keys these are it knows by their fingerprints: a key that is not among them is a new entity at once, and one
/// that only seems to be costs a read. While pages are left, every key that is not in memory may be in one of them.
/// <para>Owned by the shard: only its turn calls it, but for what says otherwise.</para>
/// </summary>
internal sealed class AwayEntities : IStateful
{
    // 4 million at the limit's default: 28 MB. Above that every new key costs a read.
    private const int TrackedPerActive = 40;

    private readonly string kind;
    private readonly ShardContext context;
    private readonly ChangedKeys changes;
    private readonly StateReads reads;
    private readonly Parking parking;
    private readonly SavedRecords saved = new();
    private readonly KeyTable wanted;
    private readonly Queue<Wish> ready = new();
    private readonly Action<Wish, ReadOnlyMemory<byte>?> answer;
    private readonly int maxTracked;
    private Wish?[] wishes = new Wish?[16];
    private KeyFingerprints? away;

    // Left while pages are read: what a page still brings of them is old.
    private KeyTable? left;

    /// <summary>Makes it for a kind; nothing is away.</summary>
    public AwayEntities(string kind, ShardContext context, ChangedKeys changes)
    {
        this.kind = kind;
        this.context = context;
        this.changes = changes;
        reads = new StateReads(kind, context);
        var limits = context.Limits.Parking with { Age = TimeSpan.Zero };
        parking = new Parking(limits, context.HashSeed, isOrdered: true);
        wanted = new KeyTable(context.HashSeed);
        away = new KeyFingerprints(~context.HashSeed);
        answer = Answer;
        maxTracked = (int)MostTracked(context.Limits);
    }

    /// <summary>How many keys are told from new ones, at most.</summary>
    public static long MostTracked(PipelineLimits limits) =>
        Math.Min((long)limits.EntitiesPerShard * TrackedPerActive, int.MaxValue / 4);

    /// <summary>The name of the part of a kind of entity.</summary>
    public static string PartOf(string kind) => $"waits {kind}";

    /// <inheritdoc/>
    public string Name => PartOf(kind);

    /// <inheritdoc/>
    public Holding Holding => default;

    /// <inheritdoc/>
    public bool NeedsStore => false;

    /// <inheritdoc/>
    public bool IsKeyed => true;

    /// <inheritdoc/>
    public bool HasChanges => saved.HasChanges;

    /// <summary>How many are away, as far as it is known.</summary>
    public long Count => (away?.Count ?? maxTracked) + Unread;

    /// <summary>Whether none can be away.</summary>
    public bool IsEmpty => !IsScanning && away is { Count: 0 };

    /// <summary>Whether there are pages that were not read.</summary>
    public bool IsScanning => reads.IsScanning;

    /// <summary>How far the pages have come.</summary>
    public ReadProgress Progress => reads.Progress;

    /// <summary>When it wants to read on by itself, in milliseconds.</summary>
    public long NextDue => reads.NextDue;

    /// <summary>Whether another record may be parked, and none that has its state waits to be handled.</summary>
    public bool HasRoom => ready.Count == 0 && parking.HasRoom(context.Now);

    /// <summary>The first of those whose state is here; null where there is none.</summary>
    public Wish? Ready => ready.TryPeek(out var first) ? first : null;

    /// <summary>Counts those whose state has come.</summary>
    public long Came { get; private set; }

    /// <summary>The record that is handled now, having been parked; null where none is.</summary>
    public ParkedRecord? Unparked { get; private set; }

    /// <summary>How many records are parked. Any thread.</summary>
    public int Parked => parking.Count;

    /// <summary>The records that are parked, for people who look.</summary>
    public IEnumerable<Kept> Kept => wanted.All.SelectMany(
        each => wishes[each.Index]!.Next?.Keep(Describe(wishes[each.Index]!)) ?? []);

    /// <summary>Why no record can be taken; null where one can.</summary>
    public Obstacle? Full => ready.TryPeek(out var first) ? Describe(first) : parking.Full(context.Now, kind);

    private long Unread => IsScanning ? Progress.All - Progress.Read : 0;

    /// <summary>What a record waits for that is parked; null where it is not.</summary>
    public Obstacle? Find(Origin origin)
    {
        foreach (var (_, index) in wanted.All)
        {
            if (wishes[index]!.Next is { } head && head.Leads(origin))
            {
                return Describe(wishes[index]!) with { Key = head.KeyText };
            }
        }

        return null;
    }

    /// <summary>All pages are to be read.</summary>
    public void Scan()
    {
        reads.Scan();
        left = new KeyTable(context.HashSeed);
    }

    /// <summary>Whether the store may have an entity that is not active, or is being asked for it.</summary>
    public bool MayHave(ReadOnlySpan<byte> key) => (wanted.Count > 0 && wanted.Find(key) >= 0)
        || ((IsScanning || away is null || away.Contains(key)) && !changes.IsRemoved(key));

    /// <summary>Parks a record whose entity is not active, if that may be away.</summary>
    public bool TryPark(in Keyed from, ref RouteCounters.Turnover counts)
    {
        if (Unparked is not null || !MayHave(from.EntityKey))
        {
            return false;
        }

        context.Retain(from.Origin);
        counts.ParkedRecords++;
        Park(new ParkedRecord(in from) { Watermark = context.EventClock.Now });
        return true;
    }

    /// <summary>Somebody waits for an entity that may be away.</summary>
    public Wish Want(ReadOnlySpan<byte> key)
    {
        var index = wanted.GetOrAdd(key, out var isNew);
        if (isNew)
        {
            if (index == wishes.Length)
            {
                Array.Resize(ref wishes, wishes.Length * 2);
            }

            wishes[index] = new Wish(key.ToArray()) { IsCounted = !IsScanning };
            reads.Ask(wishes[index]!);
        }

        return wishes[index]!;
    }

    /// <summary>An entity was saved as it is, and is not active any more.</summary>
    public void Evicted(ReadOnlySpan<byte> key)
    {
        left?.GetOrAdd(key, out _);
        Track(key);
    }

    /// <summary>An entity was forgotten.</summary>
    public void Forgotten(ReadOnlySpan<byte> key) => left?.GetOrAdd(key, out _);

    /// <summary>Takes what the store has answered, and asks for more.</summary>
    /// <param name="isActive">Whether an entity is active.</param>
    /// <param name="tryActivate">Activates one that a page has brought, unless it may as well stay away.</param>
    /// <returns>Whether the last page was taken just now.</returns>
    public bool ReadOn(Predicate<ReadOnlyMemory<byte>> isActive, Func<StateEntry, bool> tryActivate)
    {
        reads.TakeValues(answer);
        if (!IsScanning || !reads.TryTakePage(out var page))
        {
            return false;
        }

        foreach (var (key, value) in page.Entries)
        {
            if (left!.Find(key.Span) >= 0 || changes.IsRemoved(key.Span) || isActive(key))
            {
                continue;
            }

            if (wanted.Find(key.Span) is >= 0 and var index)
            {
                Answer(wishes[index]!, value);
            }
            else if (!tryActivate(new StateEntry(key, value)))
            {
                Track(key.Span);
            }
        }

        left = IsScanning ? left : null;
        return !IsScanning;
    }

    /// <summary>The state of an entity that was waited for is taken over, where there is one.</summary>
    public void Take(Wish wish)
    {
        wish.IsTaken = true;
        Came++;
        if (wish.Value is null)
        {
            // It is not asked for again; and whatever the store is told of it, it has none.
            changes.Remove(wish.Key.Span);
        }
        else if (wish.IsCounted || left?.Find(wish.Key.Span) >= 0)
        {
            away?.Remove(wish.Key.Span);
        }
    }

    /// <summary>Handles a record again whose entity is here.</summary>
    public void Handle(Wish wish, ParkedRecord parked)
    {
        Unparked = parked;
        context.Runners[parked.Origin.Input].HandleAgain(parked);
        Unparked = null;
        saved.Remove(parked);
        wish.Next = parking.Remove(parked);
    }

    /// <summary>All records of an entity are handled for which it was waited.</summary>
    public void Finish(Wish wish)
    {
        ready.Dequeue();
        var index = wanted.Find(wish.Key.Span);
        wishes[index] = null;
        wanted.RemoveAt(index);
    }

    /// <inheritdoc/>
    public void Cut(SnapshotCut cut) => saved.Cut(cut);

    /// <inheritdoc/>
    public void Load(RestoredPart part)
    {
        foreach (var parked in SavedRecords.Load(part, context.Inputs))
        {
            context.Restore(parked.Origin);
            context.Runners[parked.Origin.Input].Counts.ParkedRecords++;
            Park(parked);
        }
    }

    /// <summary>The shard is closed.</summary>
    public void Close()
    {
        reads.Close();
        foreach (var (_, index) in wanted.All)
        {
            for (var each = wishes[index]!.Next; each is not null; each = each.Behind)
            {
                context.Runners[each.Origin.Input].Counts.ParkedRecords--;
            }
        }
    }

    private Obstacle Describe(Wish wish) => wish.IsAnswered
        ? new(StallReason.EntityState, kind, "the state of its entity is here, and waits for room") { NeedsRoom = true }
        : reads.Trouble is { } error ? new(StallReason.Store, kind, error) { IsTrouble = true, Due = reads.NextDue }
        : new(StallReason.EntityState, kind, "the state of its entity is being loaded");

    private void Park(ParkedRecord parked)
    {
        saved.Add(parked);
        var wish = Want(parked.EntityKey);
        if (parking.Add(parked, context.Now))
        {
            wish.Next = parked;
        }
    }

    private void Answer(Wish wish, ReadOnlyMemory<byte>? value)
    {
        // A page may be faster than the question, and the question faster than a page.
        if (!wish.IsAnswered)
        {
            wish.Answer(value);
            ready.Enqueue(wish);
        }
    }

    private void Track(ReadOnlySpan<byte> key)
    {
        away?.Add(key);
        away = away?.Count > maxTracked ? null : away;
    }
}

/// <summary>An entity as a store has it.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Value">Its state, with what goes with it.</param>
internal readonly record struct StateEntry(ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Value);
