namespace StreamActors.Dedup;

/// <summary>
/// The ids that a shard has seen within a sliding time window: 128 bits each, exact, no false duplicates. An id is
/// added when its record has been accepted, and taken out again if its effect was given up; it reaches a snapshot
/// only when its effect has been acknowledged, because the snapshot waits for that.
/// <para>Owned by the shard: only its turn calls it, with the turn's time.</para>
/// </summary>
/// <remarks>
/// The ids stand in a log, in the order of their arrival, 16 bytes each; an index finds them with 5.3 to 6.7 bytes
/// more (it grows by a quarter at a load of 0.8 of 15/16), so that an id takes 23 bytes at most. A 64th of the window
/// is a generation, which expires as a whole. At the cap the oldest ids go early, and are counted.
/// </remarks>
internal sealed class DedupSet : IDisposable
{
    private const int GenerationsPerWindow = 64;

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
        index = new IdIndex(log, seed, pool.Take());
    }

    /// <summary>How many ids it remembers.</summary>
    public long Count => log.Count;

    /// <summary>How many ids went before their time because the memory was at its cap.</summary>
    public long EvictedEarly => log.Evicted;

    /// <summary>The bytes that it takes.</summary>
    public long Bytes => (log.Pages + index.Pages.Length) * Page.Bytes;

    /// <summary>Adds an id.</summary>
    /// <param name="id">The id.</param>
    /// <param name="now">The time of the turn, in milliseconds; never less than at an earlier call.</param>
    /// <returns>False if it was seen within the window.</returns>
    public bool TryAdd(UInt128 id, long now)
    {
        Advance(now);
        if (log.Count >= index.Capacity)
        {
            MakeRoom();
        }

        if (!index.TryAdd(id))
        {
            return false;
        }

        log.Append(id);
        return true;
    }

    /// <summary>Takes an id out again, so that a later record with it is accepted.</summary>
    public void Remove(UInt128 id) => index.Remove(id);

    /// <inheritdoc/>
    public void Dispose()
    {
        log.Dispose();
        pool.Return(index.Pages);
    }

    private void Advance(long now)
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
    }

    private void MakeRoom()
    {
        var larger = index.Pages.Length + Math.Max(index.Pages.Length / 4, 1);
        while (log.Count >= index.Capacity)
        {
            if (pool.TryTake(larger, out var pages))
            {
                var old = index.Pages;
                index = index.CopyTo(pages);
                pool.Return(old);
            }
            else
            {
                log.EvictPage();
            }
        }
    }
}
