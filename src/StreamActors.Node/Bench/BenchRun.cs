using Confluent.Kafka;

namespace StreamActors.Node.Bench;

/// <summary>
/// Runs a bench: fills the topic, then measures, one after the other on the same records, the bare loop, the bare loop
/// that reads the JSON, and a node; then the node's latency at a steady rate.
/// </summary>
internal sealed class BenchRun(BenchPlan plan, BenchOptions options, Action<string> progress)
{
    /// <summary>Measures.</summary>
    public async Task<BenchReport> RunAsync(CancellationToken stop)
    {
        var topic = new BenchTopic(options.Kafka, plan.Topic);
        var starts = await topic.PrepareAsync(options.Partitions, options.Yes, stop);
        if (starts.Count != options.Partitions)
        {
            progress($"warning: {plan.Topic} has {starts.Count} partitions already, not the {options.Partitions} of "
                + "--partitions: the figures are those of its own number");
        }

        try
        {
            return await MeasureAsync(topic, starts, stop);
        }
        finally
        {
            await topic.KeepEndsAsync();
        }
    }

    private async Task<BenchReport> MeasureAsync(
        BenchTopic topic, IReadOnlyList<TopicPartitionOffset> starts, CancellationToken stop)
    {
        var partitions = starts.Count == 1 ? "1 partition" : $"{starts.Count} partitions";
        progress($"filling {plan.Topic} ({partitions}) with {options.Records:N0} records");
        using (var filler = new Filler(options.Kafka, plan.Topic, paced: false))
        {
            filler.Fill(plan.MakeSource(options.Drivers, options.Seed), options.Records, perSecond: null, stop);
        }

        stop.ThrowIfCancellationRequested();

        progress("the bare Consume() loop");
        var bare = BareLoop.Run(options.Kafka, starts, options.Records, readJson: false);
        progress("the bare Consume() loop that reads the JSON");
        var json = BareLoop.Run(options.Kafka, starts, options.Records, readJson: true);
        progress("the pipeline, as streamactors run ride-share starts it");
        var node = await MeasureNodeAsync(topic, starts, stop);
        var latency = options.Latency > TimeSpan.Zero ? await MeasureLatencyAsync(topic, stop) : null;
        return new BenchReport(plan, options, bare, json, node, latency);
    }

    private static bool IsDone(NodeNumbers numbers, long records) =>
        numbers.Received >= records && numbers.Published + numbers.Absorbed >= records;

    private async Task<NodeResult> MeasureNodeAsync(
        BenchTopic topic, IReadOnlyList<TopicPartitionOffset> starts, CancellationToken stop)
    {
        var group = $"bench-{Guid.NewGuid():N}";
        topic.StartGroup(group, starts);
        var launched = TimeProvider.System.GetTimestamp();
        using var node = NodeProcess.Start(options, plan.Topic, group);
        var first = await node.WaitAsync(static numbers => numbers.Received > 0, stop);
        var startup = TimeProvider.System.GetElapsedTime(launched);
        var (began, cpu) = (TimeProvider.System.GetTimestamp(), node.Cpu);
        var last = await node.WaitAsync(numbers => IsDone(numbers, options.Records), stop);
        var took = TimeProvider.System.GetElapsedTime(began);
        var throughput = new Throughput(last.Received - first.Received, took, node.Cpu - cpu);
        return new NodeResult(throughput, startup)
        {
            Published = last.Published,
            Duplicates = last.Duplicates,
            AllocatedPerRecord = (last.Allocated - first.Allocated) / throughput.Records,
            PeakMemory = node.PeakMemory,
        };
    }

    private async Task<LatencyResult> MeasureLatencyAsync(BenchTopic topic, CancellationToken stop)
    {
        var rate = options.Rate ?? plan.LatencyRate;
        progress($"latency at {rate:N0} records/s for {options.Latency.TotalSeconds:N0} s");
        var ends = await topic.EndsAsync(stop);
        var group = $"bench-{Guid.NewGuid():N}";
        topic.StartGroup(group, ends);
        using var node = NodeProcess.Start(options, plan.Topic, group);
        using var filler = new Filler(options.Kafka, plan.Topic, paced: true);
        var maker = plan.MakeSource(options.Drivers, options.Seed + 1);
        var warmUp = (long)(rate * Math.Min(3, options.Latency.TotalSeconds));
        var measured = (long)(rate * options.Latency.TotalSeconds);
        await node.WaitAsync(static _ => true, stop);
        await Task.Run(() => filler.Fill(maker, warmUp, rate, stop), stop);
        var before = await node.WaitAsync(numbers => IsDone(numbers, warmUp), stop);
        var cpu = node.Cpu;
        await Task.Run(() => filler.Fill(maker, measured, rate, stop), stop);
        var after = await node.WaitAsync(numbers => IsDone(numbers, warmUp + measured), stop);
        return new LatencyResult(
            rate,
            after.Percentile(0.5, before),
            after.Percentile(0.99, before),
            (node.Cpu - cpu).TotalMicroseconds / measured,
            node.PeakMemory);
    }
}

/// <summary>What the node did in the throughput phase.</summary>
/// <param name="Throughput">How fast, and at what cost.</param>
/// <param name="Startup">From the start of the process to its first records.</param>
internal sealed record NodeResult(Throughput Throughput, TimeSpan Startup)
{
    /// <summary>Outputs that Redis has taken.</summary>
    public required long Published { get; init; }

    /// <summary>Records dropped as duplicates: none is right.</summary>
    public required long Duplicates { get; init; }

    /// <summary>Managed bytes allocated a record.</summary>
    public required double AllocatedPerRecord { get; init; }

    /// <summary>The most resident memory, in bytes.</summary>
    public required long PeakMemory { get; init; }
}

/// <summary>What the node did in the latency phase.</summary>
/// <param name="Rate">Records a second.</param>
/// <param name="Median">From a record's time to Redis' answer, in milliseconds.</param>
/// <param name="P99">The same, for 99 of 100.</param>
/// <param name="CpuMicroseconds">Processor time a record.</param>
/// <param name="PeakMemory">The most resident memory, in bytes.</param>
internal sealed record LatencyResult(
    int Rate, double Median, double P99, double CpuMicroseconds, long PeakMemory);
