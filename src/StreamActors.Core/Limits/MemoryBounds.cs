using StreamActors.Calls;
using StreamActors.Entities;
using StreamActors.Parked;
using StreamActors.Pipelines;
using StreamActors.Records;
using StreamActors.Snapshots;

namespace StreamActors.Limits;

/// <summary>A part of what a pipeline keeps in memory, at its bound.</summary>
/// <param name="What">What it is, as a page says it.</param>
/// <param name="Bytes">Its bytes.</param>
internal readonly record struct MemoryBound(string What, long Bytes);

/// <summary>
/// What the limits of a pipeline add up to, part by part: of what its routes have, with a store and without. States of
/// entities and what changes of them between two saves count by number, at a size that is the user's.
/// </summary>
internal static class MemoryBounds
{
    /// <summary>
    /// What a partition of a route takes at most; where routes share shards, some of it is there once.
    /// </summary>
    public static IReadOnlyList<MemoryBound> OfPartition(RouteDefinition route, PipelineLimits limits, bool hasStore)
    {
        var parked = limits.Parking.Bytes + ((long)limits.Parking.Records * ParkedRecord.Overhead);
        var bounds = new List<MemoryBound>
        {
            new("mailbox", (long)limits.MailboxBytes + limits.BatchBytes),
            new("outboxes", 2L * limits.OutboxBytes * route.Connectors.Distinct().Count()),
            new("offsets", 4L * limits.UncommittedRecords),
        };
        if (route.HasWindow)
        {
            bounds.Add(new("windows", 2L * limits.WindowBytes));
        }

        if (route.Map is not null)
        {
            bounds.Add(new("parked for calls", parked));
        }

        if (route.HasEntity)
        {
            bounds.Add(new("timers", (long)limits.TimersPerShard * EntityTimer.Overhead));
        }

        if (route.HasEntity && hasStore)
        {
            bounds.Add(new("parked for states", parked));
            bounds.Add(new("keys in the store", AwayEntities.MostTracked(limits) * KeyFingerprints.BytesPerKey));
        }

        return bounds;
    }

    /// <summary>What a pipeline takes at most beside its partitions.</summary>
    public static IReadOnlyList<MemoryBound> OfPipeline(
        IReadOnlyList<RouteDefinition> routes, PipelineLimits limits, bool hasStore)
    {
        // An array that grows is at most twice as large as what it holds.
        var idle = (long)RecordBatchPool.MaxIdle * Math.Min(RecordBatchPool.MaxIdleBytes, 2L * limits.BatchBytes);
        var bounds = new List<MemoryBound> { new("batches between two uses", idle) };
        if (routes.Any(static route => route.HasDedup))
        {
            bounds.Add(new("ids of dedup", limits.DedupBytes));
        }

        if (routes.Sum(static route => route.Map?.Options.MaxInFlight ?? 0) is > 0 and var calls)
        {
            bounds.Add(new("calls under way", (long)calls * CallSlots.BytesPerCall));
        }

        if (hasStore)
        {
            bounds.Add(new("pages of state on their way", (long)EngineServices.PagesAtOnce * StateChunk.Size));
        }

        return bounds;
    }
}
