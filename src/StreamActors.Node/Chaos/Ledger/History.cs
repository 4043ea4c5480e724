namespace StreamActors.Node.Chaos;

/// <summary>An output as the topic has it.</summary>
/// <param name="Sequence">The number of its effect.</param>
/// <param name="Count">Effects that the state had seen.</param>
/// <param name="Fold">These in one number.</param>
/// <param name="Owner">Which epoch wrote it: a number of <see cref="History.OwnerOf"/>.</param>
/// <param name="At">When the broker took it, in milliseconds of Unix time.</param>
internal readonly record struct SeenOutput(long Sequence, long Count, ulong Fold, int Owner, long At);

/// <summary>All outputs of a key, in the topic's order.</summary>
internal sealed class KeyHistory
{
    private readonly HashSet<long> ahead = [];

    /// <summary>The outputs.</summary>
    public List<SeenOutput> Outputs { get; } = [];

    /// <summary>All effects up to this one came out.</summary>
    public long Complete { get; private set; }

    /// <summary>The count of the last timer that fired; 0 = none has.</summary>
    public long Timer { get; set; }

    /// <summary>Takes an output.</summary>
    public void Add(SeenOutput output)
    {
        Outputs.Add(output);
        if (output.Sequence > Complete)
        {
            ahead.Add(output.Sequence);
            while (ahead.Remove(Complete + 1))
            {
                Complete++;
            }
        }
    }
}

/// <summary>What came out, in the topic's order. One thread adds; others may read what is a number.</summary>
internal sealed class History
{
    private readonly KeyHistory[][] keys;
    private readonly List<long>[][] times;
    private readonly List<string> owners = [];
    private readonly Dictionary<string, int> ownerNumbers = new(StringComparer.Ordinal);
    private long outputs;
    private long complete;

    /// <summary>An empty history.</summary>
    /// <param name="keys">How many keys each feed has.</param>
    public History(int keys)
    {
        this.keys = [.. Feed.All.Select(_ => Enumerable.Range(0, keys).Select(static _ => new KeyHistory()).ToArray())];
        times = [.. Feed.All.Select(static feed => Enumerable.Range(0, feed.Partitions)
            .Select(static _ => new List<long>()).ToArray())];
    }

    /// <summary>Outputs so far, timers' aside.</summary>
    public long Outputs => Interlocked.Read(ref outputs);

    /// <summary>Effects that came out, with all before them.</summary>
    public long Complete => Interlocked.Read(ref complete);

    /// <summary>The outputs of a key.</summary>
    public KeyHistory Of(Feed feed, int key) => keys[feed.Index][key];

    /// <summary>When something of a partition came out, in its order.</summary>
    public IReadOnlyList<long> TimesOf(Feed feed, int partition) => times[feed.Index][partition];

    /// <summary>The name of an owner: a process and one of its epochs.</summary>
    public string OwnerOf(int number) => owners[number];

    /// <summary>Takes what was read next.</summary>
    /// <exception cref="FormatException">It is of a key that nobody produces.</exception>
    public void Add(Proof proof, long at)
    {
        var (feed, number) = Feed.Find(proof.Key);
        if (number >= keys[feed.Index].Length)
        {
            throw new FormatException($"{proof.Key} is a key that nobody produces.");
        }

        var key = keys[feed.Index][number];
        if (proof.IsTimer)
        {
            key.Timer = proof.Count;
            return;
        }

        var before = key.Complete;
        key.Add(new SeenOutput(proof.Sequence, proof.Count, proof.Fold, NumberOf(proof.Owner), at));
        times[feed.Index][feed.PartitionOf(number)].Add(at);
        Interlocked.Increment(ref outputs);
        Interlocked.Add(ref complete, key.Complete - before);
    }

    private int NumberOf(string owner)
    {
        if (!ownerNumbers.TryGetValue(owner, out var number))
        {
            number = owners.Count;
            owners.Add(owner);
            ownerNumbers.Add(owner, number);
        }

        return number;
    }
}
