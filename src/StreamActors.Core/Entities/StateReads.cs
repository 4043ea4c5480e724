using StreamActors.Calls;
using StreamActors.Shards;
using StreamActors.Snapshots;

namespace StreamActors.Entities;

/// <summary>
/// What is read of one part of a shard while it handles records: pages after a restore, one at a time, and few at once
/// in a process; and, ahead of them, the values of keys that somebody waits for, many in a question. Owned by the
/// shard: only its turn calls it.
/// </summary>
internal sealed class StateReads
{
    // A store answers as many in a millisecond or two, and nobody waits behind more.
    private const int MostKeys = 1_000;

    private readonly string part;
    private readonly ShardContext context;
    private readonly StoreQuestion pages;
    private readonly StoreQuestion values;
    private readonly CallSlots.Line line;
    private readonly Queue<Wish> asked = new();
    private Wish[] underWay = [];
    private string cursor = "";

    /// <summary>Makes what reads a part; nothing is asked yet.</summary>
    public StateReads(string part, ShardContext context)
    {
        this.part = part;
        this.context = context;
        var random = new Random((int)context.HashSeed);
        pages = new StoreQuestion(context, random);
        values = new StoreQuestion(context, random);
        line = new CallSlots.Line(context.RequestTurn);
    }

    /// <summary>Whether there are pages that were not read.</summary>
    public bool IsScanning { get; private set; }

    /// <summary>How far the pages have come.</summary>
    public ReadProgress Progress { get; private set; }

    /// <summary>Why the store does not give what it is asked for; null while it does.</summary>
    public string? Trouble => values.Trouble ?? pages.Trouble;

    /// <summary>When it wants to go on by itself, in milliseconds.</summary>
    public long NextDue => Math.Min(pages.NextDue, values.NextDue);

    /// <summary>Reads all pages from here on.</summary>
    public void Scan() => IsScanning = true;

    /// <summary>Asks for a value, with those that are asked for in the same turn.</summary>
    public void Ask(Wish wish)
    {
        asked.Enqueue(wish);
        context.RequestTurn();
    }

    /// <summary>Takes the next page, if it has come; the one behind it is asked for at once.</summary>
    public bool TryTakePage(out StatePage page)
    {
        var answer = pages.Take(out page);
        Doubt(answer);
        if (answer == StoreAnswer.Given)
        {
            (cursor, IsScanning) = (page.Cursor, page.Cursor.Length > 0);
            context.Store!.Counters.AddRestored(page.Entries.Count);
            var read = Progress.Read + page.Entries.Count;
            var bytes = Progress.Bytes + page.Entries.Sum(static entry => (long)entry.Key.Length + entry.Value.Length);
            Progress = new ReadProgress(read, Math.Max(read, page.Keys), bytes);
        }

        if (IsScanning && pages.CanAsk && context.StatePages.Take(line, 1) > 0 && !pages.TryAsk(ReadPageAsync))
        {
            context.StatePages.Release();
        }

        return answer == StoreAnswer.Given;
    }

    /// <summary>Takes the values that have come, and asks for the next.</summary>
    public void TakeValues(Action<Wish, ReadOnlyMemory<byte>?> take)
    {
        var answer = values.Take(out IReadOnlyList<ReadOnlyMemory<byte>?> taken);
        Doubt(answer);
        if (answer == StoreAnswer.Given)
        {
            for (var i = 0; i < underWay.Length; i++)
            {
                take(underWay[i], taken[i]);
            }

            underWay = [];
        }

        if (underWay.Length == 0 && asked.Count > 0)
        {
            underWay = new Wish[Math.Min(asked.Count, MostKeys)];
            for (var i = 0; i < underWay.Length; i++)
            {
                underWay[i] = asked.Dequeue();
            }
        }

        if (underWay.Length > 0 && values.CanAsk)
        {
            values.TryAsk(stop =>
                context.Stored!.GetAsync(part, Array.ConvertAll(underWay, static wish => wish.Key), stop));
        }
    }

    /// <summary>The shard is closed: its place among those that read goes to others.</summary>
    public void Close() => context.StatePages.Leave(line);

    /// <summary>A store that lost our claim, or has another owner, answers no read: the next save will tell.</summary>
    private void Doubt(StoreAnswer answer) => context.DoubtsStore |= answer == StoreAnswer.None;

    private async Task<StatePage> ReadPageAsync(CancellationToken stop)
    {
        try
        {
            return await context.Stored!.ScanAsync(part, cursor, stop);
        }
        finally
        {
            context.StatePages.Release();
        }
    }
}
