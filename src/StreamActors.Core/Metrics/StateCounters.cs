namespace StreamActors.Metrics;

/// <summary>What a pipeline's store has done for it, since the start of the process. Any thread may read it.</summary>
internal sealed class StateCounters
{
    private readonly LatencyHistogram saves = new();
    private long saved;
    private long savedBytes;
    private long behind;
    private long restored;
    private long rewound;
    private long failures;
    private long upgraded;
    private long largest;

    /// <summary>Keys that were saved: changed or removed entities, parked records.</summary>
    public long SavedKeys => Interlocked.Read(ref saved);

    /// <summary>Bytes that were saved.</summary>
    public long SavedBytes => Interlocked.Read(ref savedBytes);

    /// <summary>From a cut to its being current; its count is that of the saves.</summary>
    public LatencySnapshot Save => saves.Snapshot();

    /// <summary>Saves that found that the store had lost the one before: all was saved again.</summary>
    public long Behind => Interlocked.Read(ref behind);

    /// <summary>Keys that were restored.</summary>
    public long RestoredKeys => Interlocked.Read(ref restored);

    /// <summary>Requests that the store did not answer, or refused, and that were made again.</summary>
    public long Failures => Interlocked.Read(ref failures);

    /// <summary>Adds a save that has become current.</summary>
    public void AddSave(int keys, long bytes, long milliseconds)
    {
        Interlocked.Add(ref saved, keys);
        Interlocked.Add(ref savedBytes, bytes);
        saves.Record(TimeSpan.FromMilliseconds(milliseconds));
    }

    /// <summary>Adds a save that found the one before it lost.</summary>
    public void AddBehind() => Interlocked.Increment(ref behind);

    /// <summary>Records that are handled again, because the store had lost saves while no node had the shard.</summary>
    public long Rewound => Interlocked.Read(ref rewound);

    /// <summary>Adds records that are handled again.</summary>
    public void AddRewound(long records) => Interlocked.Add(ref rewound, records);

    /// <summary>Adds what was restored.</summary>
    public void AddRestored(int keys) => Interlocked.Add(ref restored, keys);

    /// <summary>The bytes of the largest entity that was ever to be saved.</summary>
    public long LargestEntity => Interlocked.Read(ref largest);

    /// <summary>Adds an entity that is to be saved.</summary>
    public void AddEntity(long bytes)
    {
        // Any thread may be first; it is rarely a new one.
        for (var seen = LargestEntity; bytes > seen; seen = LargestEntity)
        {
            Interlocked.CompareExchange(ref largest, bytes, seen);
        }
    }

    /// <summary>States of an earlier version that were read: each counts until its entity was saved again.</summary>
    public long Upgraded => Interlocked.Read(ref upgraded);

    /// <summary>Adds a state of an earlier version.</summary>
    public void AddUpgraded() => Interlocked.Increment(ref upgraded);

    /// <summary>Adds a request that failed.</summary>
    public void AddFailure() => Interlocked.Increment(ref failures);
}
