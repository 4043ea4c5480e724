namespace StreamActors.Node.Chaos;

/// <summary>
/// What was produced: how many effects of each key, all numbered from 1, and how many of these Kafka has. The producer
/// counts; any thread may read.
/// </summary>
/// <param name="keys">How many keys each feed has.</param>
internal sealed class Ledger(int keys)
{
    private readonly long[][] produced = [.. Feed.All.Select(_ => new long[keys])];
    private long all;
    private long acknowledged;
    private volatile string? refusal;

    /// <summary>How many keys each feed has.</summary>
    public int Keys => keys;

    /// <summary>Effects that were produced.</summary>
    public long Produced => Interlocked.Read(ref all);

    /// <summary>Why Kafka refused a record for good, where it did: then nothing can be proven.</summary>
    public string? Refusal => refusal;

    /// <summary>Whether Kafka has all.</summary>
    public bool IsSettled => Interlocked.Read(ref acknowledged) == Produced;

    /// <summary>Effects of a key.</summary>
    public long Of(Feed feed, int key) => Interlocked.Read(ref produced[feed.Index][key]);

    /// <summary>The number of a key's next effect.</summary>
    public long Next(Feed feed, int key)
    {
        Interlocked.Increment(ref all);
        return Interlocked.Increment(ref produced[feed.Index][key]);
    }

    /// <summary>Kafka has an effect.</summary>
    public void Acknowledge() => Interlocked.Increment(ref acknowledged);

    /// <summary>Kafka will never have it.</summary>
    public void Refuse(string reason) => refusal = reason;
}
