using StreamActors.Calls;
using StreamActors.Dedup;
using StreamActors.Events;
using StreamActors.Limits;
using StreamActors.Offsets;
using StreamActors.Records;
using StreamActors.Sinks;
using StreamActors.Snapshots;

namespace StreamActors.Shards;

/// <summary>What a shard lends to its routes: only its turn, and so only one thread at a time, touches it.</summary>
internal sealed class ShardContext : IDisposable
{
    private readonly Dictionary<object, object> shared = [];
    private IScope? scope;

    /// <summary>The pipeline's name.</summary>
    public required string Pipeline { get; init; }

    /// <summary>The shard's ownership.</summary>
    public required Epoch Epoch { get; init; }

    /// <summary>The clock, for what the turn does not see.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Where threads come from, for what a turn may not do itself.</summary>
    public required ITurnScheduler Scheduler { get; init; }

    /// <summary>Asks for a turn of the shard. Any thread.</summary>
    public required Action RequestTurn { get; init; }

    /// <summary>The shard's outputs on their way out.</summary>
    public required Outbox Outbox { get; init; }

    /// <summary>The shard's inputs.</summary>
    public required IReadOnlyList<PartitionId> Inputs { get; init; }

    /// <summary>The ledger of each input, by the index that <see cref="Origin.Input"/> carries.</summary>
    public required IReadOnlyList<OffsetLedger> Ledgers { get; init; }

    /// <summary>The bounds.</summary>
    public required PipelineLimits Limits { get; init; }

    /// <summary>What happens by the clock.</summary>
    public required PipelineTiming Timing { get; init; }

    /// <summary>The memory that the dedup sets of all shards share.</summary>
    public required PagePool DedupMemory { get; init; }

    /// <summary>Where to say what happened.</summary>
    public required IEngineEvents Events { get; init; }

    /// <summary>Sees what becomes of each record; null in production.</summary>
    public IShardObserver? Observer { get; init; }

    /// <summary>What the routes give up is told there, by their names; shared by all shards of the pipeline.</summary>
    public required IReadOnlyDictionary<string, RouteReports> Reports { get; init; }

    /// <summary>The shortest time between two other reports of one kind by the shard, in milliseconds.</summary>
    public required long ReportEvery { get; init; }

    /// <summary>The seed of the shard's hash tables.</summary>
    public required ulong HashSeed { get; init; }

    /// <summary>Chance for the waits before a next attempt. The turn's alone.</summary>
    public required Random Jitter { get; init; }

    /// <summary>Spreads what all shards do by the clock: from 0 to 1, different for each shard.</summary>
    public required double Phase { get; init; }

    /// <summary>How many partitions the topics had when the pipeline was prepared, by their names.</summary>
    public required IReadOnlyDictionary<string, int> PartitionCounts { get; init; }

    /// <summary>The records' own time.</summary>
    public required EventClock EventClock { get; init; }

    /// <summary>Where the objects of user code come from.</summary>
    public required IScopes Scopes { get; init; }

    /// <summary>The shard's own scope, opened by the first who asks for it.</summary>
    public IScope Scope => scope ??= Scopes.Open();

    /// <summary>What of the shard has state.</summary>
    public List<IStateful> Parts { get; } = [];

    /// <summary>The routes' runners, one for each input.</summary>
    public IRouteRunner[] Runners { get; set; } = [];

    /// <summary>The shard's name in its store; empty before it was claimed.</summary>
    public string StoredAs { get; set; } = "";

    /// <summary>What its store has of it; null before it was claimed.</summary>
    public IShardState? Stored { get; set; }

    /// <summary>
    /// Whether the store has what it acknowledged, and an entity may go that is saved: not while all is to be saved.
    /// </summary>
    public bool MayEvict { get; set; } = true;

    /// <summary>Whether the store did not answer a read since the last cut: it may have another owner.</summary>
    public bool DoubtsStore { get; set; }

    /// <summary>
    /// Why the shard stands still, in the midst of its life: an entity's state is of no use. Null while none is.
    /// </summary>
    public SnapshotException? Unusable { get; set; }

    /// <summary>The keys of entities that were too large when the shard was to be saved, in its life before.</summary>
    public required List<byte[]> TooLarge { get; init; }

    /// <summary>The places for pages that are read, in all shards of the process.</summary>
    public required CallSlots StatePages { get; init; }

    /// <summary>How many entities of a kind are read before the shard handles records.</summary>
    public required int ReadAtOnce { get; init; }

    /// <summary>How many outputs were refused, each of which may have made a dead letter.</summary>
    public long Refusals { get; set; }

    /// <summary>The store that keeps the state; null = none does.</summary>
    public required OpenStore? Store { get; init; }

    /// <summary>Whether a store keeps the state: parts then remember what has changed.</summary>
    public bool HasStore => Store is not null;

    /// <summary>The turn's time, in milliseconds of a clock that never goes back.</summary>
    public long Now { get; set; }

    /// <summary>The turn's wall-clock time, in milliseconds since 1970 (UTC).</summary>
    public long UtcNow { get; set; }

    /// <summary>What the shard remembers.</summary>
    public Holding Holding => Parts.Aggregate(default(Holding), static (sum, part) => sum + part.Holding);

    /// <summary>What several routes of the shard share; the first who asks makes it.</summary>
    public T Share<T>(object key, Func<T> make)
        where T : notnull
    {
        if (!shared.TryGetValue(key, out var found))
        {
            shared[key] = found = make();
        }

        return (T)found;
    }

    /// <summary>Lets go the objects of user code; a disposal that takes longer ends by itself.</summary>
    public void Dispose()
    {
        if (scope is { } opened)
        {
            scope = null;
            _ = DisposeAsync(opened);
        }
    }

    /// <summary>One more thing must be done before the origin is.</summary>
    public void Retain(Origin origin)
    {
        if (origin.Offset != Origin.NoOffset)
        {
            Ledgers[origin.Input].Retain(origin.Offset);
        }
    }

    /// <summary>A snapshot had a record that is not done: it is pending once, for whoever holds it.</summary>
    public void Restore(Origin origin) => Ledgers[origin.Input].Restore(origin.Offset);

    /// <summary>One of the things to be done for the origin is done.</summary>
    /// <returns>Whether it was the last one of a record.</returns>
    public bool Complete(Origin origin) =>
        origin.Offset != Origin.NoOffset && Ledgers[origin.Input].Complete(origin.Offset);

    /// <summary>What a shard that is draining waits for, for a log. Any thread.</summary>
    public string WaitsFor(IReadOnlyList<IRouteRunner> runners)
    {
        string[] all = [.. runners.Select(static runner => runner.WaitsFor).Append(Outbox.WaitsFor)];
        var known = string.Join(" and ", all.Where(static each => each.Length > 0));
        return known.Length > 0 ? known : "the end of its turn";
    }

    /// <summary>
    /// Counts the records that are not done, for the route of each input; what was rejected or failed counts as that.
    /// </summary>
    /// <returns>How many they are in all.</returns>
    public long CountUndone(IReadOnlyList<IRouteRunner> runners)
    {
        var all = 0L;
        for (var input = 0; input < Ledgers.Count; input++)
        {
            var undone = Ledgers[input].CountPending() - Outbox.CountGivenUp(input);
            runners[input].Counts.Undone += undone;
            all += undone;
        }

        return all;
    }

    /// <summary>Reports an output that its sink will never take, at a bounded rate.</summary>
    public void ReportRefused(SinkLane lane, OutputBatch batch, in Output output, string why)
    {
        if (lane.IsRefusalDue(Now, ReportEvery, out var count))
        {
            var key = output.HasKey ? KeyText.Of(batch.Key(in output)) : null;
            var at = new PartitionOffset(Inputs[output.Origin.Input], output.Origin.Offset);
            var last = new EngineEvent.RefusedOutput(output.Destination, key, at);
            Events.Report(new EngineEvent.OutputRefused(Pipeline, lane.Sink, count, last, why));
        }
    }

    private async Task DisposeAsync(IScope opened)
    {
        try
        {
            await opened.DisposeAsync();
        }
        catch (Exception error)
        {
            Events.Report(new EngineEvent.DisposalFailed(Pipeline, $"the shard {Inputs[0]}", error));
        }
    }
}
