using System.Diagnostics.CodeAnalysis;

namespace StreamActors.Dedup;

/// <summary>
/// The pages that the dedup sets of a pipeline's shards share: as many as fit a number of bytes. A page that is given
/// back stays here for the next that asks, so nothing is left to the garbage collector. Thread-safe; asked once for
/// a thousand ids.
/// </summary>
/// <param name="bytes">How many bytes there are to share.</param>
internal sealed class PagePool(long bytes)
{
    private readonly Lock gate = new();
    private readonly Stack<Page> idle = [];
    private readonly long limit = bytes / Page.Bytes;
    private long lent;

    /// <summary>The bytes that were taken and not given back.</summary>
    public long Used
    {
        get
        {
            lock (gate)
            {
                return lent * Page.Bytes;
            }
        }
    }

    /// <summary>Takes pages if there are enough left.</summary>
    public bool TryTake(int count, [NotNullWhen(true)] out Page[]? pages)
    {
        lock (gate)
        {
            pages = lent + count <= limit ? Lend(count) : null;
            return pages is not null;
        }
    }

    /// <summary>Takes a page also where none is left: what a set needs to be one at all.</summary>
    public Page Take()
    {
        lock (gate)
        {
            return Lend(1)[0];
        }
    }

    /// <summary>Gives pages back.</summary>
    public void Return(params ReadOnlySpan<Page> pages)
    {
        lock (gate)
        {
            lent -= pages.Length;
            foreach (var page in pages)
            {
                if (lent + idle.Count < limit)
                {
                    idle.Push(page);
                }
            }
        }
    }

    private Page[] Lend(int count)
    {
        lent += count;
        var pages = new Page[count];
        for (var i = 0; i < count; i++)
        {
            pages[i] = idle.TryPop(out var page) ? page : new Page();
        }

        return pages;
    }
}
