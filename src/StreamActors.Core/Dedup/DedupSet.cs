using System.Numerics;
using System.Runtime;

namespace StreamActors.Dedup;

/// <summary>
/// The ids that a shard has seen within a sliding time window: 128 bits each, exact, no false duplicates. An id is
/// added when its record has been accepted, and taken out again if its effect was given up; it reaches a snapshot
/// only when its effect has been acknowledged, because the snapshot waits for that.
/// <para>Owned by the shard: only its turn calls it, with the turn's time.</para>
/// </summary>
/// <remarks>
/// One open-addressing table: 16 bytes of id and one byte of generation a slot, so 24 to 32 bytes an id between a load
/// of 0.7 and one of 0.53 (it grows by a quarter, when 0.665 of the slots hold ids that count). A generation is closed
/// after a 64th of the window, or when it holds a 16th of the table; it expires as a whole. Expired ids stay in their
/// slots, unseen, until the sweep passes: it clears a 16th of the table at each new generation, two passes are sure
/// to reach every slot (a removal can move one behind the sweep once), and at least 45 generations lie between the
/// end of a generation and the next use of its number. At the cap the oldest generations go early, and are counted.
/// </remarks>
internal sealed class DedupSet : IDisposable
{
    private const int Generations = 255;
    private const int MinCapacity = 1024;
    private const int BytesPerSlot = 17;
    private const int GenerationsPerWindow = 64;
    private const int MaxLiveGenerations = 210;
    private const int TableParts = 16;
    private const double MaxLoad = 0.7;
    private const double GrowAbove = 0.95;
    private const int CollectAbove = 128 * 1024;
    private const byte Free = 0;

    private readonly long window;
    private readonly long granule;
    private readonly MemoryBudget budget;
    private readonly long[] closedAt = new long[Generations + 1];
    private readonly int[] counts = new int[Generations + 1];
    private UInt128[] ids = new UInt128[MinCapacity];
    private byte[] tags = new byte[MinCapacity];
    private int occupied;
    private int live;
    private int sweepAt;
    private byte oldest = 1;
    private byte current = 1;
    private long currentSince;

    /// <summary>Makes an empty set.</summary>
    /// <param name="window">How long an id counts as seen, in milliseconds.</param>
    /// <param name="budget">The bytes that it shares with the other sets of the pipeline.</param>
    public DedupSet(long window, MemoryBudget budget)
    {
        this.window = window;
        granule = Math.Max(window / GenerationsPerWindow, 1);
        this.budget = budget;
        budget.Take(MinCapacity * BytesPerSlot);
    }

    /// <summary>How many ids count as seen.</summary>
    public int Count => live;

    /// <summary>How many ids went before their time because the memory was at its cap.</summary>
    public long EvictedEarly { get; private set; }

    /// <summary>The bytes that the table takes.</summary>
    public long Bytes => (long)tags.Length * BytesPerSlot;

    /// <summary>Adds an id.</summary>
    /// <param name="id">The id.</param>
    /// <param name="now">The time of the turn, in milliseconds; never less than at an earlier call.</param>
    /// <returns>False if it was seen within the window.</returns>
    public bool TryAdd(UInt128 id, long now)
    {
        Advance(now);
        var slot = Find(id, out var present);
        if (present)
        {
            if (IsLive(tags[slot]))
            {
                return false;
            }

            occupied--;
        }
        else if (occupied + 1 > tags.Length * MaxLoad)
        {
            MakeRoom(now);
            slot = Find(id, out _);
        }

        ids[slot] = id;
        tags[slot] = current;
        counts[current]++;
        occupied++;
        live++;
        return true;
    }

    /// <summary>Takes an id out again, so that a later record with it is accepted.</summary>
    public void Remove(UInt128 id)
    {
        var slot = Find(id, out var present);
        if (present)
        {
            if (IsLive(tags[slot]))
            {
                counts[tags[slot]]--;
                live--;
            }

            Clear(slot);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        budget.Return(Bytes);
        ids = [];
        tags = [];
    }

    private static byte After(byte tag) => tag == Generations ? (byte)1 : (byte)(tag + 1);

    private static int Distance(byte from, byte to) => to >= from ? to - from : to + Generations - from;

    private static ulong Mix(UInt128 id)
    {
        var mixed = ((ulong)id * 0x9E3779B97F4A7C15) + BitOperations.RotateLeft((ulong)(id >> 64), 29);
        return (mixed ^ (mixed >> 32)) * 0xD6E8FEB86659FD93;
    }

    private bool IsLive(byte tag) => Distance(oldest, tag) <= Distance(oldest, current);

    private int Home(UInt128 id) => (int)Math.BigMul(Mix(id), (ulong)tags.Length, out _);

    private int Find(UInt128 id, out bool present)
    {
        var slot = Home(id);
        while (tags[slot] != Free)
        {
            if (ids[slot] == id)
            {
                present = true;
                return slot;
            }

            slot = slot + 1 == tags.Length ? 0 : slot + 1;
        }

        present = false;
        return slot;
    }

    private void Advance(long now)
    {
        var full = counts[current] >= tags.Length / TableParts;
        if (counts[current] == 0)
        {
            currentSince = now;
        }
        else if (full || now - currentSince >= granule)
        {
            Rotate(now);
        }

        while (oldest != current && closedAt[oldest] + window <= now)
        {
            ExpireOldest();
        }
    }

    private void Rotate(long now)
    {
        // Nothing came after the generation's time, however late its end is noticed.
        closedAt[current] = Math.Min(now, currentSince + granule);
        current = After(current);
        currentSince = now;
        if (Distance(oldest, current) >= MaxLiveGenerations)
        {
            EvictedEarly += ExpireOldest();
        }

        SweepPart();
    }

    private int ExpireOldest()
    {
        var expired = counts[oldest];
        live -= expired;
        counts[oldest] = 0;
        oldest = After(oldest);
        return expired;
    }

    private void SweepPart()
    {
        var steps = (tags.Length / TableParts) + 1;
        for (var step = 0; step < steps; step++)
        {
            sweepAt = sweepAt >= tags.Length ? 0 : sweepAt;
            ClearExpired(sweepAt++);
        }
    }

    private void ClearExpired(int slot)
    {
        while (tags[slot] != Free && !IsLive(tags[slot]))
        {
            Clear(slot);
        }
    }

    private void MakeRoom(long now)
    {
        var larger = tags.Length + (tags.Length / 4);
        var mostlyLive = live > tags.Length * MaxLoad * GrowAbove;
        if (mostlyLive && budget.TryTake((long)(larger - tags.Length) * BytesPerSlot))
        {
            Rebuild(larger);
            return;
        }

        while (live > tags.Length * MaxLoad * 0.9)
        {
            if (oldest == current)
            {
                Rotate(now);
            }

            EvictedEarly += ExpireOldest();
        }

        for (var slot = 0; slot < tags.Length; slot++)
        {
            ClearExpired(slot);
        }
    }

    private void Rebuild(int capacity)
    {
        var (oldIds, oldTags) = (ids, tags);
        // The ids of free slots are never read: only the tags need to be zero.
        (ids, tags) = (GC.AllocateUninitializedArray<UInt128>(capacity), new byte[capacity]);
        occupied = 0;
        sweepAt = 0;
        for (var slot = 0; slot < oldTags.Length; slot++)
        {
            if (oldTags[slot] != Free && IsLive(oldTags[slot]))
            {
                var to = Find(oldIds[slot], out _);
                (ids[to], tags[to]) = (oldIds[slot], oldTags[slot]);
                occupied++;
            }
        }

        if (oldTags.Length >= CollectAbove)
        {
            // A table of megabytes has died, which happens a few dozen times in a process's life, while it fills. The
            // collector would let a hundred megabytes of them gather before it looks, and then leave the holes. What
            // lives is a few large arrays without references: moving them together takes milliseconds.
            (oldIds, oldTags) = ([], []);
            GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
        }
    }

    /// <summary>
    /// Frees a slot, and moves what lies behind it towards its home, so that no search ends too early.
    /// </summary>
    private void Clear(int slot)
    {
        occupied--;
        var hole = slot;
        var probe = slot;
        while (true)
        {
            probe = probe + 1 == tags.Length ? 0 : probe + 1;
            if (tags[probe] == Free)
            {
                break;
            }

            var home = Home(ids[probe]);
            var reachesHole = hole <= probe ? home <= hole || home > probe : home <= hole && home > probe;
            if (reachesHole)
            {
                (ids[hole], tags[hole]) = (ids[probe], tags[probe]);
                hole = probe;
            }
        }

        tags[hole] = Free;
    }
}
