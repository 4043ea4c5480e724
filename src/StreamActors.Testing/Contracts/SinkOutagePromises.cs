using StreamActors.Sinks;

namespace StreamActors.Testing;

/// <summary>What a sink promises whose peer goes away, a function each.</summary>
internal static class SinkOutagePromises
{
    private const int Shards = 4;

    // Of 50 batches of a shard: behind the first the peer may go, behind the second it has gone.
    private const int BeginAt = 10;
    private const int WaitAt = 40;

    // Long enough for a delivery to be under way, or to show that it waits.
    private static readonly TimeSpan Awhile = TimeSpan.FromSeconds(1);

    /// <summary>The promises.</summary>
    public static readonly SinkPromiseCheck[] All =
    [
        new(SinkPromise.DeliversWhenPeerIsBack,
            "What could not be delivered while the peer was away is delivered when it is back", DeliveredAsync),
        new(SinkPromise.KeepsOrderThroughOutage,
            "Shards that deliver through an outage lose nothing and keep their order", ThroughAsync),
        new(SinkPromise.OpensInOutage,
            "A sink that is opened while the peer is away works when it is back", OpenedAsync),
        new(SinkPromise.StoppedDeliveryEndsInOutage,
            "A delivery that is told to stop while the peer is away ends soon, and leaves its batch alone",
            StoppedAsync),
        new(SinkPromise.DisposingEndsDeliveriesInOutage,
            "Disposing ends the deliveries that are under way while the peer is away", EndedAsync),
        new(SinkPromise.OutageIsSeen,
            "The peer is not reachable while it is away, and reachable when it is back", ReachableAsync),
    ];

    private static async Task DeliveredAsync(SinkTrial trial)
    {
        var destination = await trial.DestinationAsync();
        var outputs = trial.Plain("away", 200);
        using var batch = new OutputBatch();
        await trial.DeliverAsync(batch, destination, outputs[..100]);
        await trial.GoAwayAsync();
        batch.Clear();
        SinkTrial.Add(batch, destination, outputs[100..]);
        var waiting = await FailOrWaitAsync(trial, batch);
        await trial.ComeBackAsync();
        await trial.DeliverAtLastAsync(batch, waiting);
        await trial.ExpectAtLeastOnceAsync(destination, outputs);
    }

    private static async Task ThroughAsync(SinkTrial trial)
    {
        var destination = await trial.DestinationAsync();
        var shards = Enumerable.Range(0, Shards).Select(shard => trial.Plain($"shard-{shard}", 1000)).ToList();
        var begun = shards.Select(static _ => new TaskCompletionSource()).ToList();
        var isAway = new TaskCompletionSource();
        var all = Task.WhenAll(shards.Select((outputs, shard) => Task.Run(() => RunAsync(outputs, begun[shard]))));
        await Task.WhenAny(all, Task.WhenAll(begun.Select(static each => each.Task)));
        await trial.GoAwayAsync();
        isAway.SetResult();
        await Task.Delay(Awhile, TimeProvider.System);
        await trial.ComeBackAsync();
        await all;

        var expected = shards.ConvertAll(trial.SeenOf);
        var seen = await trial.ReadAsync(destination, seen => seen.Distinct().Count() >= Shards * 1000);
        foreach (var outputs in expected)
        {
            var ofShard = outputs.ToHashSet();
            trial.Compare(
                outputs, [.. seen.Where(ofShard.Contains).Distinct()], "their first appearances in the shard's order");
        }

        async Task RunAsync(List<SinkOutput> outputs, TaskCompletionSource hasBegun)
        {
            using var batch = new OutputBatch();
            foreach (var (number, chunk) in outputs.Chunk(20).Index())
            {
                batch.Clear();
                SinkTrial.Add(batch, destination, chunk);
                await trial.DeliverAtLastAsync(batch);
                if (number == BeginAt)
                {
                    hasBegun.SetResult();
                }

                // However fast it is, the last ones meet the outage.
                if (number == WaitAt)
                {
                    await isAway.Task;
                }
            }
        }
    }

    private static async Task OpenedAsync(SinkTrial trial)
    {
        var destination = await trial.DestinationAsync();
        var outputs = trial.Plain("opened", 100);
        await trial.GoAwayAsync();
        await trial.ReopenAsync();
        using var batch = new OutputBatch();
        SinkTrial.Add(batch, destination, outputs);
        var waiting = await FailOrWaitAsync(trial, batch);
        await trial.ComeBackAsync();
        await trial.DeliverAtLastAsync(batch, waiting);
        await trial.ExpectAtLeastOnceAsync(destination, outputs);
    }

    private static async Task StoppedAsync(SinkTrial trial)
    {
        var (first, second) = (await trial.DestinationAsync(), await trial.DestinationAsync());
        var (before, after) = (trial.Plain("before", 100), trial.Plain("behind", 100));
        using var batch = new OutputBatch();
        await trial.GoAwayAsync();
        SinkTrial.Add(batch, first, before);
        using var stop = new CancellationTokenSource();
        var delivery = trial.Begin(batch, stop.Token);
        await Task.WhenAny(delivery, Task.Delay(Awhile, TimeProvider.System));
        await stop.CancelAsync();
        await trial.EndAsync(delivery, trial.Options.StopLimit, "a delivery that is told to stop");

        batch.Clear();
        SinkTrial.Add(batch, second, after);
        await trial.ComeBackAsync();
        await trial.DeliverAtLastAsync(batch);
        await trial.ExpectAtLeastOnceAsync(second, after);
        var seen = await trial.ReadAsync(first, static _ => true);
        var foreign = seen.Except(trial.SeenOf(before)).ToList();
        if (foreign.Count > 0)
        {
            throw trial.Broken("of the stopped delivery, nothing but what its batch held then", $"{foreign[0]}");
        }
    }

    private static async Task EndedAsync(SinkTrial trial)
    {
        var destination = await trial.DestinationAsync();
        using var warm = new OutputBatch();
        await trial.DeliverAsync(warm, destination, trial.Plain("warm", 10));
        await trial.GoAwayAsync();
        var batches = Enumerable.Range(0, Shards).Select(static _ => new OutputBatch()).ToList();
        var deliveries = batches.Select((batch, shard) =>
        {
            SinkTrial.Add(batch, destination, trial.Plain($"shard-{shard}", 100));
            return trial.Begin(batch);
        }).ToList();
        await Task.WhenAny(Task.WhenAll(deliveries), Task.Delay(Awhile, TimeProvider.System));

        await trial.DisposeAsync();
        await trial.EndAsync(
            Task.WhenAll(deliveries), trial.Options.StopLimit, "each delivery, since the sink is disposed,");
        if (deliveries.Find(static delivery => delivery.IsCompletedSuccessfully) is { } lie)
        {
            throw trial.Broken("no delivery succeeds, since the peer is away", SinkTrial.Describe(lie));
        }

        batches.ForEach(static batch => batch.Dispose());
    }

    private static async Task ReachableAsync(SinkTrial trial)
    {
        await trial.GoAwayAsync();
        await trial.ExpectReachableAsync(false);
        await trial.ComeBackAsync();
        await trial.ExpectReachableAgainAsync();
    }

    /// <summary>
    /// A delivery to a peer that is away: it fails, twice (over what was open, and without), or it waits.
    /// </summary>
    /// <returns>The delivery that waits; null when it failed.</returns>
    private static async Task<Task?> FailOrWaitAsync(SinkTrial trial, OutputBatch batch)
    {
        if (trial.Options.WaitsForPeer)
        {
            var waiting = trial.Begin(batch);
            await Task.WhenAny(waiting, Task.Delay(Awhile, TimeProvider.System));
            if (waiting.IsCompleted)
            {
                throw trial.Broken("a delivery waits while the peer is away", SinkTrial.Describe(waiting));
            }

            return waiting;
        }

        for (var attempt = 0; attempt < 2; attempt++)
        {
            var delivery = trial.Begin(batch);
            await trial.EndAsync(delivery, trial.Options.FailureLimit, "a delivery to a peer that is away");
            trial.ExpectRetry(delivery);
        }

        return null;
    }
}
