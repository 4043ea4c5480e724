using StreamActors.Sinks;

namespace StreamActors.Testing;

/// <summary>What a sink promises while its peer answers, a function each.</summary>
internal static class SinkPromises
{
    private const int Shards = 8;
    private const int Rounds = 25;
    private const int BatchOutputs = 40;
    private const int ShardOutputs = Rounds * BatchOutputs;

    /// <summary>The promises of every sink.</summary>
    public static readonly SinkPromiseCheck[] OfEverySink =
    [
        new(SinkPromise.BatchArrivesInOrder, "A batch arrives whole and in order", WholeAsync),
        new(SinkPromise.EmptyBatchCompletes, "An empty batch completes, and nothing arrives", EmptyAsync),
        new(SinkPromise.BatchIsUsedAgain,
            "A batch may be used again as soon as its delivery has completed", UsedAgainAsync),
        new(SinkPromise.BatchesArriveInOrder,
            "Many batches, one after the other, arrive in their order", OneAfterTheOtherAsync),
        new(SinkPromise.ShardsDeliverSideBySide,
            "Shards deliver side by side, and the outputs of each stay in order", SideBySideAsync),
        new(SinkPromise.DestinationsAreKeptApart,
            "The outputs of a batch go each to its destination", DestinationsAsync),
        new(SinkPromise.AllPartsArrive, "Keys, headers, tombstones and outputs without a key arrive", PartsAsync),
        new(SinkPromise.AnyBytesArrive, "Any bytes arrive as they are", BytesAsync),
        new(SinkPromise.LargeValuesArrive, "Large values arrive whole", LargeAsync),
        new(SinkPromise.StoppedDeliveryEnds, "A delivery whose stop has fired ends soon", StoppedAsync),
        new(SinkPromise.PeerIsReachable,
            "The peer is reachable while it answers", static trial => trial.ExpectReachableAsync(true)),
        new(SinkPromise.AcknowledgedIsThere,
            "What was acknowledged is there, though the sink is disposed at once", AcknowledgedAsync),
        new(SinkPromise.DisposingEndsDeliveries, "Disposing ends the deliveries that are under way", EndedAsync),
        new(SinkPromise.DisposingTwiceIsHarmless, "Disposing twice is harmless", DisposedTwiceAsync),
    ];

    /// <summary>The promises of a sink that can never deliver some outputs.</summary>
    public static readonly SinkPromiseCheck[] OfRefusal =
    [
        new(SinkPromise.UndeliverableIsRefused,
            "What can never be delivered is refused, and the others of its batch arrive", RefusedAsync),
        new(SinkPromise.EachAttemptRefuses, "An output that is refused is refused by each attempt", RefusedAgainAsync),
    ];

    private static async Task WholeAsync(SinkTrial trial)
    {
        var destination = await trial.DestinationAsync();
        var outputs = trial.Plain("whole", 1000);
        using var batch = new OutputBatch();
        await trial.DeliverAsync(batch, destination, outputs);
        await trial.ExpectAsync(destination, outputs);
    }

    private static async Task EmptyAsync(SinkTrial trial)
    {
        var destination = await trial.DestinationAsync();
        using var batch = new OutputBatch();
        await trial.DeliverAsync(batch);

        // Something that is seen tells that all that came before it would be.
        var outputs = trial.Plain("after", 1);
        await trial.DeliverAsync(batch, destination, outputs);
        await trial.DeliverAsync(batch, destination, []);
        await trial.ExpectAsync(destination, outputs);
    }

    private static async Task UsedAgainAsync(SinkTrial trial)
    {
        var (first, second) = (await trial.DestinationAsync(), await trial.DestinationAsync());
        var (before, after) = (trial.Plain("before", 500), trial.Plain("behind", 500));
        using var batch = new OutputBatch();
        await trial.DeliverAsync(batch, first, before);
        await trial.DeliverAsync(batch, second, after);
        await trial.ExpectAsync(second, after);
        await trial.ExpectAsync(first, before);
    }

    private static async Task OneAfterTheOtherAsync(SinkTrial trial)
    {
        var destination = await trial.DestinationAsync();
        var outputs = trial.Plain("row", Rounds * Rounds);
        using var batch = new OutputBatch();
        for (var (size, at) = (1, 0); at < outputs.Count; at += size, size = (size % Rounds) + 1)
        {
            await trial.DeliverAsync(batch, destination, outputs[at..Math.Min(at + size, outputs.Count)]);
        }

        await trial.ExpectAsync(destination, outputs);
    }

    private static async Task SideBySideAsync(SinkTrial trial)
    {
        var destination = await trial.DestinationAsync();
        var shards = Enumerable.Range(0, Shards)
            .Select(shard => trial.Plain($"shard-{shard}", ShardOutputs)).ToList();
        await Task.WhenAll(shards.Select(outputs => Task.Run(async () =>
        {
            using var batch = new OutputBatch();
            foreach (var round in outputs.Chunk(BatchOutputs))
            {
                await trial.DeliverAsync(batch, destination, round);
            }
        })));

        var all = await trial.ReadAsync(destination, static seen => seen.Count >= Shards * ShardOutputs);
        foreach (var outputs in shards)
        {
            var expected = trial.SeenOf(outputs);
            var ofShard = expected.ToHashSet();
            trial.Compare(expected, [.. all.Where(ofShard.Contains)], "in the order of their shard");
        }

        if (all.Count != Shards * ShardOutputs)
        {
            throw trial.Broken($"{Shards * ShardOutputs} outputs of all shards", $"{all.Count}");
        }
    }

    private static async Task DestinationsAsync(SinkTrial trial)
    {
        string[] destinations = [await trial.DestinationAsync(), await trial.DestinationAsync()];
        var outputs = trial.Plain("place", 100);
        using var batch = new OutputBatch();
        foreach (var (number, output) in outputs.Index())
        {
            SinkTrial.Add(batch, destinations[number % 2], output);
        }

        await trial.DeliverAsync(batch);
        trial.CheckRefused(batch, outputs);
        await trial.ExpectAsync(destinations[0], [.. outputs.Where((_, number) => number % 2 == 0)]);
        await trial.ExpectAsync(destinations[1], [.. outputs.Where((_, number) => number % 2 == 1)]);
    }

    private static async Task PartsAsync(SinkTrial trial)
    {
        var destination = await trial.DestinationAsync();
        var value = trial.Value("value");
        SinkOutput[] outputs =
        [
            new("key"u8.ToArray(), value),
            new("key"u8.ToArray(), null),
            new(null, value),
            new(null, null),
            new([], value),
            new([0xFF, 0x00], []),
            new("key"u8.ToArray(), value) { Headers = [("a", "1"u8.ToArray()), ("a", null), ("", [0xFF])] },
        ];
        using var batch = new OutputBatch();
        await trial.DeliverAsync(batch, destination, outputs);
        await trial.ExpectAsync(destination, outputs);
    }

    private static async Task BytesAsync(SinkTrial trial)
    {
        var destination = await trial.DestinationAsync();
        byte[][] values =
        [
            [.. Enumerable.Range(0, 256).Select(static each => (byte)each)],
            [], [0], "\n"u8.ToArray(), "a\r\nb"u8.ToArray(), "$5\r\n"u8.ToArray(), [0xEF, 0xBB, 0xBF],
            [0xC3, 0x28], "\"'\\%s{}"u8.ToArray(), "東京 🚕"u8.ToArray(),
        ];
        SinkOutput[] outputs = [.. values.Select(static value => new SinkOutput("key"u8.ToArray(), value))];
        using var batch = new OutputBatch();
        await trial.DeliverAsync(batch, destination, outputs);
        await trial.ExpectAsync(destination, outputs);
    }

    private static async Task LargeAsync(SinkTrial trial)
    {
        var destination = await trial.DestinationAsync();
        SinkOutput[] outputs = [.. Enumerable.Range(0, 5).Select(number => new SinkOutput(
            "key"u8.ToArray(), trial.Value($"{number}".PadRight(trial.Options.LargeValueBytes, 'x'))))];
        using var batch = new OutputBatch();
        await trial.DeliverAsync(batch, destination, outputs);
        await trial.ExpectAsync(destination, outputs);
    }

    private static async Task StoppedAsync(SinkTrial trial)
    {
        using var batch = new OutputBatch();
        SinkTrial.Add(batch, await trial.DestinationAsync(), trial.Plain("stopped", 100));
        var delivery = trial.Begin(batch, new CancellationToken(canceled: true));
        await trial.EndAsync(delivery, trial.Options.StopLimit, "a delivery whose stop has fired");
    }

    private static async Task AcknowledgedAsync(SinkTrial trial)
    {
        var destination = await trial.DestinationAsync();
        var outputs = trial.Plain("kept", 500);
        using var batch = new OutputBatch();
        await trial.DeliverAsync(batch, destination, outputs);
        await trial.DisposeAsync();
        await trial.ExpectAsync(destination, outputs);
    }

    private static async Task EndedAsync(SinkTrial trial)
    {
        var destination = await trial.DestinationAsync();
        var batches = Enumerable.Range(0, Shards).Select(static _ => new OutputBatch()).ToList();
        var shards = batches.Select((_, shard) => trial.Plain($"shard-{shard}", 200)).ToList();
        var deliveries = batches.Select((batch, shard) =>
        {
            SinkTrial.Add(batch, destination, shards[shard]);
            return trial.Begin(batch);
        }).ToList();

        await trial.DisposeAsync();
        await trial.EndAsync(
            Task.WhenAll(deliveries), trial.Options.StopLimit, "each delivery, since the sink is disposed,");

        var acknowledged = shards.Where((_, shard) => deliveries[shard].IsCompletedSuccessfully);
        var kept = trial.SeenOf(acknowledged.SelectMany(static outputs => outputs));
        var seen = await trial.ReadAsync(destination, seen => kept.TrueForAll(seen.Contains));
        var lost = kept.Except(seen).ToList();
        if (lost.Count > 0)
        {
            throw trial.Broken("what completed before the end is there", $"{lost.Count} are not; one is {lost[0]}");
        }

        batches.ForEach(static batch => batch.Dispose());
    }

    private static async Task DisposedTwiceAsync(SinkTrial trial)
    {
        using var batch = new OutputBatch();
        await trial.DeliverAsync(batch, await trial.DestinationAsync(), trial.Plain("last", 10));
        await trial.DisposeAsync();
        await trial.DisposeAsync();
    }

    private static async Task RefusedAsync(SinkTrial trial)
    {
        var destination = await trial.DestinationAsync();
        var plain = trial.Plain("good", 2);
        SinkOutput[] outputs = [plain[0], trial.Undeliverable, plain[1]];
        using var batch = new OutputBatch();
        await trial.DeliverAsync(batch, destination, outputs);
        await trial.ExpectAsync(destination, outputs);
    }

    private static async Task RefusedAgainAsync(SinkTrial trial)
    {
        var destination = await trial.DestinationAsync();
        SinkOutput[] outputs = [trial.Undeliverable];
        using var batch = new OutputBatch();
        await trial.DeliverAsync(batch, destination, outputs);
        await trial.DeliverAsync(batch);
        trial.CheckRefused(batch, outputs);
    }
}
