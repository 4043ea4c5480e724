namespace StreamActors.Metrics;

/// <summary>
/// What became of the calls of a <c>MapAsync</c> step, since the start of the process. Every attempt that was decided
/// is in exactly one of the first five numbers; one that was cut by a hand-over is in none.
/// </summary>
public sealed class CallCounters
{
    private readonly LatencyHistogram durations = new();
    private long succeeded;
    private long withoutOutput;
    private long rejected;
    private long retried;
    private long failed;
    private long timedOut;

    internal CallCounters()
    {
    }

    /// <summary>Calls that gave a value.</summary>
    public long Succeeded => Interlocked.Read(ref succeeded);

    /// <summary>Calls that gave null: nothing is emitted.</summary>
    public long WithoutOutput => Interlocked.Read(ref withoutOutput);

    /// <summary>Calls by which user code rejected the record (<see cref="RecordRejectedException"/>).</summary>
    public long Rejected => Interlocked.Read(ref rejected);

    /// <summary>Calls that failed or timed out, and were put off for another attempt.</summary>
    public long Retried => Interlocked.Read(ref retried);

    /// <summary>Calls that failed or timed out, and were the last attempt: their records are given up.</summary>
    public long Failed => Interlocked.Read(ref failed);

    /// <summary>Those of the retried and the failed that ran out of time.</summary>
    public long TimedOut => Interlocked.Read(ref timedOut);

    /// <summary>How long the calls took, whatever became of them; the time-out, for those that ran out of it.</summary>
    public LatencySnapshot Duration => durations.Snapshot();

    /// <summary>Adds a call that the service answered.</summary>
    internal void AddAnswer(bool isRejection, bool hasValue, TimeSpan took)
    {
        Interlocked.Increment(ref isRejection ? ref rejected : ref hasValue ? ref succeeded : ref withoutOutput);
        durations.Record(took);
    }

    /// <summary>Adds a call that failed.</summary>
    internal void AddFailure(bool isLast, bool isTimeout, TimeSpan took)
    {
        Interlocked.Increment(ref isLast ? ref failed : ref retried);
        Interlocked.Add(ref timedOut, isTimeout ? 1 : 0);
        durations.Record(took);
    }
}
