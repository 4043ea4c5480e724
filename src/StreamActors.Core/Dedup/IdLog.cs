namespace StreamActors.Dedup;

/// <summary>
/// Ids in the order in which they came, each at a position that only grows. The oldest go first, and their pages with
/// them. Where the pool has no page left, the oldest page makes room for the next.
/// </summary>
/// <param name="pool">Where pages come from.</param>
internal sealed class IdLog(PagePool pool) : IDisposable
{
    private const int PageBits = 10;
    private const int IdsPerPage = 1 << PageBits;

    // The page of number n is at n modulo the length, a power of two.
    private Page?[] pages = new Page?[4];
    private long firstPage;

    /// <summary>The position of the oldest id.</summary>
    public long First { get; private set; }

    /// <summary>The position that the next id gets.</summary>
    public long Next { get; private set; }

    /// <summary>How many ids it holds.</summary>
    public long Count => Next - First;

    /// <summary>How many ids made room for later ones.</summary>
    public long Evicted { get; private set; }

    /// <summary>How many pages it holds.</summary>
    public long Pages => PageAfter(Next) - firstPage;

    /// <summary>The id at a position that it holds.</summary>
    public UInt128 this[long position] =>
        PageOf(position >> PageBits)!.As<UInt128>()[(int)(position & (IdsPerPage - 1))];

    /// <summary>Adds an id at <see cref="Next"/>.</summary>
    public void Append(UInt128 id)
    {
        if ((Next & (IdsPerPage - 1)) == 0)
        {
            AddPage();
        }

        PageOf(Next >> PageBits)!.As<UInt128>()[(int)(Next & (IdsPerPage - 1))] = id;
        Next++;
    }

    /// <summary>Lets the ids below a position go.</summary>
    public void DropBelow(long position)
    {
        First = Math.Max(First, position);
        while (firstPage < First >> PageBits)
        {
            pool.Return(RemoveFirstPage());
        }
    }

    /// <summary>Lets the oldest page go, before its time.</summary>
    public void EvictPage()
    {
        var end = Math.Min((firstPage + 1) << PageBits, Next);
        Evicted += end - First;
        DropBelow(end);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        First = Next;
        while (Pages > 0)
        {
            pool.Return(RemoveFirstPage());
        }
    }

    private static long PageAfter(long position) => (position + IdsPerPage - 1) >> PageBits;

    private ref Page? PageOf(long number) => ref pages[number & (pages.Length - 1)];

    private void AddPage()
    {
        if (Pages == pages.Length)
        {
            var larger = new Page?[pages.Length * 2];
            for (var number = firstPage; number < PageAfter(Next); number++)
            {
                larger[number & (larger.Length - 1)] = PageOf(number);
            }

            pages = larger;
        }

        if (pool.TryTake(1, out var taken))
        {
            PageOf(Next >> PageBits) = taken[0];
        }
        else if (Pages == 0)
        {
            PageOf(Next >> PageBits) = pool.Take();
        }
        else
        {
            var end = (firstPage + 1) << PageBits;
            Evicted += end - First;
            First = end;
            PageOf(Next >> PageBits) = RemoveFirstPage();
        }
    }

    private Page RemoveFirstPage()
    {
        ref var place = ref PageOf(firstPage++);
        var page = place!;
        place = null;
        return page;
    }
}
