using System.Runtime.InteropServices;
using StreamActors.Snapshots;

namespace StreamActors.Dedup;

/// <summary>
/// The ids that a shard has seen within a sliding time window: 128 bits each, exact, no false duplicates. An id is
/// added when its record has been accepted, and taken out again if its effect was given up; it reaches a snapshot
/// only when its effect has been acknowledged, because the snapshot waits for that.
/// <para>Owned by the shard: only its turn calls it, with the turn's time.</para>
/// </summary>
/// <remarks>
/// The ids stand in a log, in the order of their arrival, 16 bytes each; an index finds them with 5.3 to 6.7 bytes
/// more (it grows by a quarter at a load of 0.8 of 15/16): 23 bytes an id. A 64th of the window is a generation, which
/// expires as a whole. At the cap the oldest ids go early, and are counted; then up to 5 bytes an id lie idle, because
/// an index grows only where the pool has room for the old one and the new. A set with more than its share of the pool
/// makes room for one with less.
/// </remarks>
internal sealed class DedupSet : IDisposable
{
    private const int GenerationsPerWindow = 64;

    // A set remembers a page of ids at least, however little memory there is: one page, and the one that fills.
    private const int MinPages = 2;

    private const int IdBytes = 16;

    private readonly long window;
    private readonly long granule;
    private readonly PagePool pool;
    private readonly IdLog log;
    private readonly Queue<(long End, long ClosedAt)> closed = new();
    private readonly HashSet<long> removed = [];
    private IdIndex index;
    private long currentFrom;
    private long currentSince;
    private long cutUpTo;

    /// <summary>Makes an empty set.</summary>
    /// <param name="window">How long an id counts as seen, in milliseconds.</param>
    /// <param name="seed">The seed of its hashes.</param>
    /// <param name="pool">The memory that it shares with the other sets of the pipeline.</param>
    public DedupSet(long window, ulong seed, PagePool pool)
    {
        this.window = window;
        this.pool = pool;
        granule = Math.Max(window / GenerationsPerWindow, 1);
        log = new IdLog(pool);
        pool.Join();
        index = new IdIndex(log, seed, pool.Take());
    }

    /// <summary>How many ids it remembers.</summary>
    public long Count => log.Count;

    /// <summary>How many ids went before their time because the memory was at its cap.</summary>
    public long EvictedEarly { get; private set; }

    /// <summary>The bytes that it takes.</summary>
    public long Bytes => Held * Page.Bytes;

    /// <summary>When <see cref="Expire"/> has something to do; <see cref="long.MaxValue"/> = never.</summary>
    public long NextDue => closed.TryPeek(out var oldest) ? oldest.ClosedAt + window
        : log.Next > currentFrom ? currentSince + granule + window
        : long.MaxValue;

    private long Held => log.Pages + index.Pages.Length;

    /// <summary>Adds an id.</summary>
    /// <param name="id">The id.</param>
    /// <param name="now">The time of the turn, in milliseconds; never less than at an earlier call.</param>
    /// <returns>False if it was seen within the window.</returns>
    public bool TryAdd(UInt128 id, long now)
    {
        Expire(now);
        return Append(id);
    }

    /// <summary>Takes an id out again, so that a later record with it is accepted.</summary>
    public void Remove(UInt128 id)
    {
        var position = index.Remove(id);
        if (position >= 0)
        {
            removed.Add(position);
        }
    }

    /// <summary>Lets go what was seen before the window.</summary>
    public void Expire(long now)
    {
        if (log.Next == currentFrom)
        {
            currentSince = now;
        }
        else if (now - currentSince >= granule)
        {
            // Nothing came after the generation's time, however late its end is noticed.
            closed.Enqueue((log.Next, currentSince + granule));
            currentFrom = log.Next;
            currentSince = now;
        }

        while (closed.TryPeek(out var oldest) && oldest.ClosedAt + window <= now)
        {
            log.DropBelow(closed.Dequeue().End);
            removed.RemoveWhere(position => position < log.First);
        }

        if (log.Count == 0 && index.Pages.Length > 1)
        {
            pool.Return(index.Pages[1..]);
            index = index.CopyTo([index.Pages[0]]);
        }
    }

    /// <summary>What counts of its log: 16 bytes an id.</summary>
    public LogRange Saved => new(log.First * IdBytes, log.Next * IdBytes);

    /// <summary>
    /// Says the ids since the cut before, or all; in the head which of them were removed, and how old they are.
    /// </summary>
    public void Cut(SnapshotCut cut, long now)
    {
        var from = cut.IsWhole ? log.First : Math.Max(log.First, cutUpTo);
        if (from < log.Next)
        {
            cut.WriteLog(from * IdBytes, CopyOf(from, log.Next));
        }

        cut.TrimLog(log.First * IdBytes);
        cutUpTo = log.Next;
        cut.Head.Write(currentFrom);
        cut.Head.Write(now - currentSince);
        cut.Head.Write(closed.Count);
        foreach (var (end, closedAt) in closed)
        {
            cut.Head.Write(end);
            cut.Head.Write(now - closedAt);
        }

        cut.Head.Write(removed.Count);
        foreach (var position in removed)
        {
            cut.Head.Write(position);
        }
    }

    /// <summary>Takes the ids that were saved, into a set that has just been made.</summary>
    /// <param name="saved">What was saved.</param>
    /// <param name="now">The time of the turn, in milliseconds.</param>
    public void Load(RestoredPart saved, long now)
    {
        var input = saved.OpenHead();
        log.StartAt(saved.LogFrom / IdBytes);
        currentFrom = input.ReadNumber();
        currentSince = now - saved.Away - input.ReadNumber();
        for (var left = input.ReadNumber(); left > 0; left--)
        {
            closed.Enqueue((input.ReadNumber(), now - saved.Away - input.ReadNumber()));
        }

        for (var left = input.ReadNumber(); left > 0; left--)
        {
            removed.Add(input.ReadNumber());
        }

        foreach (var id in MemoryMarshal.Cast<byte, UInt128>(saved.Log.Span))
        {
            Restore(id);
        }

        cutUpTo = log.Next;
        Expire(now);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        log.Dispose();
        pool.Return(index.Pages);
        pool.Leave();
    }

    private bool Append(UInt128 id)
    {
        if (log.IsFull)
        {
            AddPage();
        }

        if (!index.TryAdd(id))
        {
            return false;
        }

        log.Append(id);
        return true;
    }

    private void Restore(UInt128 id)
    {
        if (log.IsFull)
        {
            AddPage();
        }

        if (removed.Contains(log.Next) || !index.TryAdd(id))
        {
            index.SkipOne();
        }

        log.Append(id);
    }

    private byte[] CopyOf(long from, long end)
    {
        var ids = new UInt128[end - from];
        for (var position = from; position < end; position++)
        {
            ids[position - from] = log[position];
        }

        return MemoryMarshal.AsBytes<UInt128>(ids).ToArray();
    }

    /// <summary>Makes room for a page's worth of ids: in memory of its own, or in that of the oldest ids.</summary>
    private void AddPage()
    {
        var fits = log.Count + IdLog.IdsPerPage <= index.Capacity || TryGrowIndex();
        if (fits && pool.TryTake(1, Held, out var pages))
        {
            log.AddPage(pages[0]);
        }
        else if (log.Pages < MinPages)
        {
            log.AddPage(pool.Take());
        }
        else
        {
            log.AddPage(EvictPage());
            if (log.Pages > MinPages && pool.ShouldReturnOne(Held))
            {
                pool.Return(EvictPage());
            }
        }
    }

    private bool TryGrowIndex()
    {
        var old = index.Pages;
        if (!pool.TryTake(old.Length + Math.Max(old.Length / 4, 1), Held, out var pages))
        {
            return false;
        }

        index = index.CopyTo(pages);
        pool.Return(old);
        return true;
    }

    private Page EvictPage()
    {
        var before = log.Count;
        var page = log.EvictPage();
        EvictedEarly += before - log.Count;
        return page;
    }
}
