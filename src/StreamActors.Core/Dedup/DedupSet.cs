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

    private readonly long window;
    private readonly long granule;
    private readonly PagePool pool;
    private readonly IdLog log;
    private readonly Queue<(long End, long ClosedAt)> closed = new();
    private IdIndex index;
    private long currentFrom;
    private long currentSince;

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
    public void Remove(UInt128 id) => index.Remove(id);

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
        }

        if (log.Count == 0 && index.Pages.Length > 1)
        {
            pool.Return(index.Pages[1..]);
            index = index.CopyTo([index.Pages[0]]);
        }
    }

    /// <summary>Appends its ids by generations, each with its age.</summary>
    public void Save(SnapshotWriter output, long now)
    {
        output.Write(closed.Count + 1);
        var from = log.First;
        foreach (var (end, closedAt) in closed)
        {
            SaveGeneration(output, now - closedAt, from, end);
            from = Math.Max(from, end);
        }

        SaveGeneration(output, now - currentSince, from, log.Next);
    }

    /// <summary>Takes the ids that <see cref="Save"/> wrote, into a set that has just been made.</summary>
    /// <param name="input">What was written.</param>
    /// <param name="now">The time of the turn, in milliseconds.</param>
    /// <param name="away">The time since they were written, in milliseconds.</param>
    public void Load(ref SnapshotReader input, long now, long away)
    {
        for (var left = input.ReadNumber(); left > 0; left--)
        {
            var since = now - away - input.ReadNumber();
            for (var ids = input.ReadNumber(); ids > 0; ids--)
            {
                Append(input.ReadId());
            }

            if (left > 1)
            {
                closed.Enqueue((log.Next, since));
                currentFrom = log.Next;
            }
            else
            {
                currentSince = since;
            }
        }

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

    private void SaveGeneration(SnapshotWriter output, long age, long from, long end)
    {
        var ids = new List<UInt128>();
        for (var position = from; position < end; position++)
        {
            if (index.Holds(position))
            {
                ids.Add(log[position]);
            }
        }

        output.Write(age);
        output.Write(ids.Count);
        ids.ForEach(output.WriteId);
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
