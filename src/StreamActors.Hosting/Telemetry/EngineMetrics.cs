using StreamActors.Metrics;
using StreamActors.Snapshots;
using StreamActors.Stalls;

namespace StreamActors.Hosting;

/// <summary>The engine's own metrics, the same for every pipeline.</summary>
internal sealed class EngineMetrics(Node node) : IMetricSource
{
    private static readonly (string Name, string Help, Func<RouteCounters, long> Value)[] OfRoutes =
    [
        ("received", "Records taken from the source.", static route => route.Received),
        ("repeated", "Records dropped because their offset had been received.", static route => route.Repeated),
        ("emitted", "Records whose outputs the sinks have taken.", static route => route.Emitted),
        ("merged", "Records that a window replaced by later ones or left out.", static route => route.Merged),
        ("filtered", "Records that Where left out.", static route => route.Filtered),
        ("without_output", "Records that were handled and caused no output.", static route => route.WithoutOutput),
        ("duplicates", "Records whose id had been seen.", static route => route.Duplicates),
        ("rejected", "Records whose bytes or values were refused.", static route => route.Rejected),
        ("failed", "Records on which user code threw.", static route => route.Failed),
        ("undone", "Records not done when their partition was let go.", static route => route.Undone),
        ("ahead", "Records too far ahead of the clock to move the event time.", static route => route.Ahead),
        ("dead_lettered", "Records written to a dead-letter topic.", static route => route.DeadLettered),
    ];

    private static readonly (string Name, string Help, MetricKind Kind, Func<RouteCounters, long> Value)[] OfSteps =
    [
        ("dedup_ids_forgotten_total", "Ids forgotten before their time, for want of memory.", MetricKind.Counter,
            static route => route.ForgottenIds),
        ("entities_active", "Entities that are active.", MetricKind.Gauge, static route => route.ActiveEntities),
        ("entities_away", "Entities that the store has and the memory has not.", MetricKind.Gauge,
            static route => route.AwayEntities),
        ("entities_loaded_total", "Entities that were loaded because a record came for them.", MetricKind.Counter,
            static route => route.LoadedEntities),
        ("timers_set", "Timers that are set.", MetricKind.Gauge, static route => route.SetTimers),
        ("timers_fired_total", "Timers that were called.", MetricKind.Counter, static route => route.FiredTimers),
        ("timers_failed_total", "Timers on whose call user code threw.", MetricKind.Counter,
            static route => route.FailedTimers),
        ("calls_in_flight", "Calls under way.", MetricKind.Gauge, static route => route.CallsInFlight),
        ("records_parked", "Records that wait for a call or the state of their entity.", MetricKind.Gauge,
            static route => route.ParkedRecords),
    ];

    /// <inheritdoc/>
    public IEnumerable<MetricFamily> Collect() =>
        Families().Concat(OfPartitions()).Concat(OfState()).Where(static family => family.Samples.Count > 0);

    private IEnumerable<MetricFamily> Families()
    {
        foreach (var (name, help, value) in OfRoutes)
        {
            yield return new($"streamactors_records_{name}_total", help, MetricKind.Counter, [.. PerRoute(value)]);
        }

        foreach (var (name, help, kind, value) in OfSteps)
        {
            yield return new($"streamactors_{name}", help, kind, [.. PerRoute(value)]);
        }

        yield return new(
            "streamactors_calls_total", "Calls that ended, by what became of them.", MetricKind.Counter,
            [
                .. PerMap(static map => new([("outcome", "ok")], map.Succeeded)),
                .. PerMap(static map => new([("outcome", "none")], map.WithoutOutput)),
                .. PerMap(static map => new([("outcome", "rejected")], map.Rejected)),
                .. PerMap(static map => new([("outcome", "retried")], map.Retried)),
                .. PerMap(static map => new([("outcome", "failed")], map.Failed)),
            ]);
        yield return new(
            "streamactors_calls_timed_out_total", "Calls, retried or failed, whose time was over.",
            MetricKind.Counter, [.. PerMap(static map => new([], map.TimedOut))]);
        yield return new(
            "streamactors_call_seconds", "From the begin of a call to its end, or to its time-out.",
            MetricKind.Histogram, [.. PerMap(static map => MetricSample.Of(map.Duration))]);
        yield return new(
            "streamactors_entities_passivated_total",
            "Entities passivated because they were idle, or before their time, because a shard had too many (cap).",
            MetricKind.Counter,
            [
                .. PerRoute(static route => route.PassivatedIdle, ("reason", "idle")),
                .. PerRoute(static route => route.PassivatedAtCap, ("reason", "cap")),
            ]);
        yield return new(
            "streamactors_outputs_acknowledged_total", "Outputs that a sink has taken.", MetricKind.Counter,
            [.. PerSink(static sink => new MetricSample([], sink.Acknowledged))]);
        yield return new(
            "streamactors_outputs_refused_total", "Outputs that a sink will never take.", MetricKind.Counter,
            [.. PerSink(static sink => new MetricSample([], sink.Refused))]);
        yield return new(
            "streamactors_delivery_failures_total", "Deliveries that failed and were repeated.", MetricKind.Counter,
            [.. PerSink(static sink => new MetricSample([], sink.Failures))]);
        yield return new(
            "streamactors_delivery_seconds", "From sending an output to its acknowledgement.", MetricKind.Histogram,
            [.. PerSink(static sink => MetricSample.Of(sink.Delivery))]);
        yield return new(
            "streamactors_latency_seconds", "From a record's time to its output's acknowledgement.",
            MetricKind.Histogram, [.. PerSink(static sink => MetricSample.Of(sink.EndToEnd))]);
        yield return MetricFamily.Of(
            "streamactors_uptime_seconds", "Time since the start.", MetricKind.Gauge, node.Uptime.TotalSeconds);
        yield return MetricFamily.Of(
            "streamactors_allocated_bytes_total", "Managed bytes allocated since the start.", MetricKind.Counter,
            GC.GetTotalAllocatedBytes());
        yield return MetricFamily.Of(
            "streamactors_memory_bytes", "Resident memory.", MetricKind.Gauge, Environment.WorkingSet);
    }

    private IEnumerable<MetricFamily> OfPartitions()
    {
        yield return new(
            "streamactors_partition_lag", "Records behind the committable offset.", MetricKind.Gauge,
            [.. PerPartition(static partition => partition.Lag)]);
        yield return new(
            "streamactors_partition_held", "1 while a partition is not read.", MetricKind.Gauge,
            [.. PerPartition(static partition => partition.State == PartitionState.Running ? 0 : 1)]);
        yield return new(
            "streamactors_stalled_partitions", "Partitions that make no progress, by what is in their way.",
            MetricKind.Gauge, [.. PerReason(static stalls => stalls.Count())]);
        yield return new(
            "streamactors_oldest_stall_seconds", "For how long the oldest of these has made none.",
            MetricKind.Gauge,
            [.. PerReason(static stalls => stalls.Max(static stall => stall?.For.TotalSeconds) ?? 0)]);
        yield return new(
            "streamactors_event_time_lag_seconds", "The clock less the event time of the shard furthest behind.",
            MetricKind.Gauge, [.. EventTimeLags()]);
    }

    private IEnumerable<MetricFamily> OfState()
    {
        yield return new(
            "streamactors_state_forgotten_total", "What went with shards that ended, because nothing keeps it.",
            MetricKind.Counter, [.. PerPipeline(static metrics => metrics.Forgotten)]);
        yield return new(
            "streamactors_state_save_seconds", "From a cut of a shard's state to its being saved.",
            MetricKind.Histogram, [.. PerStore(static state => MetricSample.Of(state.Save))]);
        yield return new(
            "streamactors_state_saved_keys_total", "Entities and parked records whose change was saved.",
            MetricKind.Counter, [.. PerStore(static state => new([], state.SavedKeys))]);
        yield return new(
            "streamactors_state_saved_bytes_total", "Bytes of state that were saved.",
            MetricKind.Counter, [.. PerStore(static state => new([], state.SavedBytes))]);
        yield return new(
            "streamactors_state_restored_keys_total", "Entities and parked records that were restored.",
            MetricKind.Counter, [.. PerStore(static state => new([], state.RestoredKeys))]);
        yield return new(
            "streamactors_state_largest_entity_bytes", "The largest entity that was to be saved.",
            MetricKind.Gauge, [.. PerStore(static state => new([], state.LargestEntity))]);
        yield return new(
            "streamactors_state_upgraded_entities_total", "Entities that were read in the form of an earlier version.",
            MetricKind.Counter, [.. PerStore(static state => new([], state.Upgraded))]);
        yield return new(
            "streamactors_state_rewound_records_total",
            "Records handled again, because the store had lost saves while no node had their shard.",
            MetricKind.Counter, [.. PerStore(static state => new([], state.Rewound))]);
        yield return new(
            "streamactors_state_store_failures_total", "Requests that the store did not answer, or refused.",
            MetricKind.Counter, [.. PerStore(static state => new([], state.Failures))]);
        yield return new(
            "streamactors_state_lost_by_store_total",
            "Shards whose store had lost what it acknowledged: they were saved again, whole.",
            MetricKind.Counter, [.. PerStore(static state => new([], state.Behind))]);
    }

    private IEnumerable<MetricSample> PerRoute(
        Func<RouteCounters, long> value, params (string Name, string Value)[] labels) =>
        from pipeline in node.Pipelines
        from route in pipeline.Pipeline.Metrics.Routes
        select new MetricSample(
            [("pipeline", pipeline.Pipeline.Name), ("route", route.Name), .. labels], value(route.Counters));

    private IEnumerable<MetricSample> PerPipeline(Func<PipelineMetrics, Holding> value) =>
        from pipeline in node.Pipelines
        let holding = value(pipeline.Pipeline.Metrics)
        from kind in new[]
        {
            ("entities", holding.Entities), ("timers", holding.Timers), ("ids", holding.Ids),
        }
        select new MetricSample([("pipeline", pipeline.Pipeline.Name), ("kind", kind.Item1)], kind.Item2);

    private IEnumerable<MetricSample> PerStore(Func<StateCounters, MetricSample> sample) =>
        from pipeline in node.Pipelines
        where pipeline.Store is not null
        select sample(pipeline.Pipeline.Metrics.State) with { Labels = [("pipeline", pipeline.Pipeline.Name)] };

    private IEnumerable<MetricSample> PerMap(Func<CallCounters, MetricSample> sample) =>
        from pipeline in node.Pipelines
        from map in pipeline.Pipeline.Metrics.Maps
        let one = sample(map.Counters)
        select one with
        {
            Labels =
            [
                ("pipeline", pipeline.Pipeline.Name), ("route", map.Route), ("map", map.Name), .. one.Labels,
            ],
        };

    private IEnumerable<MetricSample> PerSink(Func<SinkCounters, MetricSample> sample) =>
        from pipeline in node.Pipelines
        from sink in pipeline.Pipeline.Metrics.Sinks
        select sample(sink.Counters) with { Labels = [("pipeline", pipeline.Pipeline.Name), ("sink", sink.Name)] };

    /// <summary>Of every reason, also of those that are in nobody's way now.</summary>
    private IEnumerable<MetricSample> PerReason(Func<IEnumerable<Stall?>, double> value) =>
        from pipeline in node.Pipelines
        let stalls = pipeline.Pipeline.Metrics.Partitions.Select(static each => each.Stall)
            .Where(static stall => stall is not null).ToList()
        from reason in Enum.GetValues<StallReason>()
        select new MetricSample(
            [("pipeline", pipeline.Pipeline.Name), ("reason", StallPage.NameOf(reason))],
            value(stalls.Where(stall => stall!.Obstacle.Reason == reason)));

    /// <summary>Left out are pipelines without an entity that had a record.</summary>
    private IEnumerable<MetricSample> EventTimeLags() =>
        from pipeline in node.Pipelines
        let behind = pipeline.Pipeline.Metrics.Partitions.Min(static partition => partition.Watermark)
        where behind is not null
        select new MetricSample(
            [("pipeline", pipeline.Pipeline.Name)], (node.UtcNow.ToUnixTimeMilliseconds() - behind.Value) / 1000.0);

    /// <summary>Left out are those whose value is not known yet.</summary>
    private IEnumerable<MetricSample> PerPartition(Func<PartitionStatus, double?> value) =>
        from pipeline in node.Pipelines
        from status in pipeline.Pipeline.Metrics.Partitions
        let known = value(status)
        where known is not null
        select new MetricSample(
            [
                ("pipeline", pipeline.Pipeline.Name),
                ("topic", status.Partition.Topic),
                ("partition", $"{status.Partition.Number}"),
            ],
            known.Value);
}
