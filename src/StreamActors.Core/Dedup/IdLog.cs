namespace StreamActors.Dedup;

/// <summary>
/// Ids in the order in which they came, each at a position that only grows. The oldest go first, and their pages with
/// them.
/// </summary>
/// <param name="pool">Where pages come from.</param>
internal sealed class IdLog(PagePool pool) : IDisposable
{
    /// <summary>How many ids a page holds.</summary>
    public const int IdsPerPage = 1 << PageBits;

    private const int PageBits = 10;

    // The page of number n is at n modulo the length, a power of two.
    private Page?[] pages = new Page?[4];
    private long firstPage;
    private long endOfPages;

    /// <summary>The position of the oldest id.</summary>
    public long First { get; private set; }

    /// <summary>The position that the next id gets.</summary>
    public long Next { get; private set; }

    /// <summary>How many ids it holds.</summary>
    public long Count => Next - First;

    /// <summary>How many pages it holds.</summary>
    public long Pages => (endOfPages >> PageBits) - firstPage;

    /// <summary>The id at a position that it holds.</summary>
    public UInt128 this[long position] =>
        PageOf(position >> PageBits)!.As<UInt128>()[(int)(position & (IdsPerPage - 1))];

    /// <summary>Whether <see cref="Append"/> needs a page first.</summary>
    public bool IsFull => Next >= endOfPages;

    /// <summary>Lets the first id, which is still to come, have this position.</summary>
    public void StartAt(long position)
    {
        firstPage = position >> PageBits;
        endOfPages = firstPage << PageBits;
        First = Next = position;
    }

    /// <summary>Adds an id at <see cref="Next"/>, where the log is not full.</summary>
    public void Append(UInt128 id)
    {
        PageOf(Next >> PageBits)!.As<UInt128>()[(int)(Next & (IdsPerPage - 1))] = id;
        Next++;
    }

    /// <summary>Makes room for a page's worth of ids.</summary>
    public void AddPage(Page page)
    {
        if (Pages == pages.Length)
        {
            var larger = new Page?[pages.Length * 2];
            for (var number = firstPage; number < endOfPages >> PageBits; number++)
            {
                larger[number & (larger.Length - 1)] = PageOf(number);
            }

            pages = larger;
        }

        PageOf(endOfPages >> PageBits) = page;
        endOfPages += IdsPerPage;
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

    /// <summary>Lets the oldest page go with its ids.</summary>
    /// <returns>The page, for another use.</returns>
    public Page EvictPage()
    {
        First = (firstPage + 1) << PageBits;
        return RemoveFirstPage();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        while (Pages > 0)
        {
            pool.Return(RemoveFirstPage());
        }
    }

    private ref Page? PageOf(long number) => ref pages[number & (pages.Length - 1)];

    private Page RemoveFirstPage()
    {
        ref var place = ref PageOf(firstPage++);
        var page = place!;
        place = null;
        return page;
    }
}
