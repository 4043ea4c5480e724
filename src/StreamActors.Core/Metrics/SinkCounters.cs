using StreamActors.Sinks;

namespace StreamActors.Metrics;

/// <summary>What became of the outputs to one sink of a pipeline, since the start of the process.</summary>
public sealed class SinkCounters
{
    private long acknowledged;
    private long refused;
    private long batches;
    private long failures;
    private readonly LatencyHistogram deliveries = new();
    private readonly LatencyHistogram ages = new();

    internal SinkCounters()
    {
    }

    /// <summary>Outputs that the sink has acknowledged.</summary>
    public long Acknowledged => Interlocked.Read(ref acknowledged);

    /// <summary>Outputs that the sink will never take.</summary>
    public long Refused => Interlocked.Read(ref refused);

    /// <summary>Batches that the sink has taken.</summary>
    public long Batches => Interlocked.Read(ref batches);

    /// <summary>Deliveries that failed and were, or will be, repeated.</summary>
    public long Failures => Interlocked.Read(ref failures);

    /// <summary>How long the sink took for a batch; counted once for each output in it.</summary>
    public LatencySnapshot Delivery => deliveries.Snapshot();

    /// <summary>From a record's own time to the acknowledgement of its output.</summary>
    public LatencySnapshot EndToEnd => ages.Snapshot();

    /// <summary>Adds a delivery that failed.</summary>
    internal void AddFailure() => Interlocked.Increment(ref failures);

    /// <summary>Adds a batch that the sink has taken.</summary>
    internal void Add(int outputs, int refusedOutputs, long milliseconds)
    {
        Interlocked.Add(ref acknowledged, outputs - refusedOutputs);
        Interlocked.Add(ref refused, refusedOutputs);
        Interlocked.Increment(ref batches);
        deliveries.Record(milliseconds * 1000, outputs);
    }

    /// <summary>Adds how old the records are whose outputs the sink has taken.</summary>
    /// <param name="outputs">The outputs; those of records without a time are left out.</param>
    /// <param name="utcNow">The time of the acknowledgement, in milliseconds since 1970.</param>
    internal void AddLatencies(ReadOnlySpan<Output> outputs, long utcNow)
    {
        // Outputs that follow each other are mostly of the same millisecond: one addition for all of a run.
        var (age, times) = (0L, 0L);
        foreach (ref readonly var output in outputs)
        {
            if (output.Origin is { Timestamp: < 0 } or { Offset: Origin.NoOffset })
            {
                continue;
            }

            if (utcNow - output.Origin.Timestamp != age)
            {
                ages.Record(age * 1000, times);
                (age, times) = (utcNow - output.Origin.Timestamp, 0);
            }

            times++;
        }

        ages.Record(age * 1000, times);
    }
}
