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
    private int sets;

    // What a set with less than its share asked for in vain.
    private int wanted;

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

    private long Share => limit / sets;

    private long Left => limit - lent;

    /// <summary>A set begins to share.</summary>
    public void Join()
    {
        lock (gate)
        {
            sets++;
        }
    }

    /// <summary>A set shares no longer.</summary>
    public void Leave()
    {
        lock (gate)
        {
            sets--;
            wanted = 0;
        }
    }

    /// <summary>Takes pages, if there are enough beside those that wait for a set with less than its share.</summary>
    /// <param name="count">How many.</param>
    /// <param name="held">How many the set holds already.</param>
    /// <param name="pages">The pages.</param>
    public bool TryTake(int count, long held, [NotNullWhen(true)] out Page[]? pages)
    {
        lock (gate)
        {
            var isPoor = held < Share;
            var enough = count + (isPoor ? 0 : wanted) <= Left;
            pages = enough ? Lend(count) : null;
            if (isPoor)
            {
                wanted = enough ? 0 : Math.Max(wanted, count);
            }

            return enough;
        }
    }

    /// <summary>
    /// Whether a set that holds so many pages should give one back, because it has more than its share, and one with
    /// less waits.
    /// </summary>
    public bool ShouldReturnOne(long held)
    {
        lock (gate)
        {
            return held > Share && Left < wanted;
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
