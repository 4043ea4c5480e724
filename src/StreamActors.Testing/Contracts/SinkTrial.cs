using System.Buffers;
using System.Text;
using StreamActors.Records;
using StreamActors.Sinks;

namespace StreamActors.Testing;

/// <summary>One sink while one promise is checked: gives it batches as the engine does, and compares.</summary>
internal sealed class SinkTrial(SinkContract contract, string promise, ISink sink)
{
    private const int MostListed = 3;

    private const string Hint =
        ". Where values have a format, override Value(text); what is rightly refused, IsRefused names";

    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan DeliverAgain = TimeSpan.FromMilliseconds(50);

    // Of the group of cases that nobody else writes to.
    private readonly string unique = Guid.NewGuid().ToString("N")[..12];
    private int destinations;
    private bool isAway;
    private bool hasSeen;
    private bool isProving;

    /// <summary>The sink.</summary>
    public ISink Sink { get; private set; } = sink;

    /// <summary>Its limits.</summary>
    public SinkContractOptions Options { get; } = contract.Options;

    /// <summary>What the author says cannot be delivered.</summary>
    public SinkOutput Undeliverable => contract.Undeliverable;

    /// <summary>Makes outputs with a key whose values tell them apart.</summary>
    public List<SinkOutput> Plain(string prefix, int count) =>
        [.. Enumerable.Range(0, count).Select(number => new SinkOutput(
            Encoding.UTF8.GetBytes(prefix), Value($"{prefix}:{number}")))];

    /// <summary>A value as the sink takes it.</summary>
    public byte[] Value(string text) => contract.Value(text);

    /// <summary>Appends outputs to a batch.</summary>
    public static void Add(OutputBatch batch, string destination, params IEnumerable<SinkOutput> outputs)
    {
        foreach (var output in outputs)
        {
            var draft = batch.Begin(destination, output.Key, output.Key is not null);
            foreach (var (name, value) in output.Headers)
            {
                var bytes = Encoding.UTF8.GetBytes(name);
                if (value is null)
                {
                    RecordHeaders.WriteNull(batch.Writer, bytes);
                }
                else
                {
                    RecordHeaders.Write(batch.Writer, bytes, value);
                }
            }

            batch.BeginValue(ref draft);
            batch.Writer.Write(output.Value);
            batch.End(in draft, new Origin(0, Origin.NoOffset, 0), isTombstone: output.Value is null);
        }
    }

    /// <summary>A destination of its own.</summary>
    public Task<string> DestinationAsync() =>
        contract.MakeDestinationAsync($"contract-{unique}-{Interlocked.Increment(ref destinations)}");

    /// <summary>
    /// Begins an attempt as a lane does, on a thread of the pool; what the sink throws at once is the task's failure.
    /// </summary>
    public Task Begin(OutputBatch batch, CancellationToken stop = default)
    {
        batch.BeginAttempt();
        return Task.Run(() => Sink.DeliverAsync(batch, stop), CancellationToken.None);
    }

    /// <summary>Fills a batch and delivers it, to a peer that answers.</summary>
    public async Task DeliverAsync(OutputBatch batch, string destination, IReadOnlyList<SinkOutput> outputs)
    {
        batch.Clear();
        Add(batch, destination, outputs);
        await DeliverAsync(batch);
        CheckRefused(batch, outputs);
    }

    /// <summary>Delivers a batch to a peer that answers.</summary>
    public async Task DeliverAsync(OutputBatch batch)
    {
        var delivery = Begin(batch);
        await EndAsync(delivery, Options.DeliveryLimit, $"a delivery of {batch.Count} outputs");
        if (!delivery.IsCompletedSuccessfully)
        {
            throw Broken("the delivery succeeds, since the peer answers", Describe(delivery), ErrorOf(delivery));
        }
    }

    /// <summary>Delivers a batch as the engine does: again, after a pause, as long as the sink asks for it.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="first">An attempt that is under way already.</param>
    public async Task DeliverAtLastAsync(OutputBatch batch, Task? first = null)
    {
        var begun = TimeProvider.System.GetTimestamp();
        for (var delivery = first ?? Begin(batch); ; delivery = Begin(batch))
        {
            var left = Options.RecoveryLimit - TimeProvider.System.GetElapsedTime(begun);
            await EndAsync(delivery, left, "the delivery, since the peer is back");
            if (delivery.IsCompletedSuccessfully)
            {
                return;
            }

            ExpectRetry(delivery);
            if (TimeProvider.System.GetElapsedTime(begun) > Options.RecoveryLimit)
            {
                throw Broken(
                    $"deliveries succeed within {Options.RecoveryLimit} of the peer's return",
                    Describe(delivery),
                    ErrorOf(delivery));
            }

            await Task.Delay(DeliverAgain, TimeProvider.System);
        }
    }

    /// <summary>Waits for the end of something that the sink does, however it ends.</summary>
    public async Task EndAsync(Task task, TimeSpan limit, string what)
    {
        await Task.WhenAny(task, Task.Delay(limit > TimeSpan.Zero ? limit : TimeSpan.Zero, TimeProvider.System));
        if (!task.IsCompleted)
        {
            throw Broken($"{what} ends within {limit}", "it is still under way");
        }
    }

    /// <summary>Asks whether the peer answers, which never throws.</summary>
    public async Task ExpectReachableAsync(bool expected)
    {
        if (await IsReachableAsync() != expected)
        {
            throw Broken($"IsReachableAsync says {expected}", $"it said {!expected}");
        }
    }

    /// <summary>Asks until the peer answers: it is back, and a client may need a moment to notice.</summary>
    public async Task ExpectReachableAgainAsync()
    {
        for (var begun = TimeProvider.System.GetTimestamp(); !await IsReachableAsync();)
        {
            if (TimeProvider.System.GetElapsedTime(begun) > Options.RecoveryLimit)
            {
                throw Broken(
                    $"IsReachableAsync says True within {Options.RecoveryLimit} of the peer's return", "it said False");
            }

            await Task.Delay(DeliverAgain, TimeProvider.System);
        }
    }

    /// <summary>A delivery must have failed so that the engine tries again.</summary>
    public void ExpectRetry(Task delivery)
    {
        if (ErrorOf(delivery) is not SinkException { Message.Length: > 0 })
        {
            throw Broken("a SinkException that says what failed", Describe(delivery), ErrorOf(delivery));
        }
    }

    /// <summary>The refused ones must be those that the author named, each with a reason.</summary>
    public void CheckRefused(OutputBatch batch, IReadOnlyList<SinkOutput> outputs)
    {
        var expected = outputs.Index().Where(each => contract.IsRefused(each.Item)).Select(static each => each.Index);
        var got = batch.Refused.Select(static each => each.Index).Order().ToList();
        if (!got.SequenceEqual(expected) || batch.Refused.Any(static each => string.IsNullOrWhiteSpace(each.Reason)))
        {
            throw Broken(
                $"of {outputs.Count} outputs, those refused that IsRefused names, with a reason each: "
                + List(expected.Select(static index => $"{index}")),
                $"refused: {List(batch.Refused.Select(static each => $"{each.Index} (\"{each.Reason}\")"))}"
                + (got.Count > expected.Count() ? Hint : ""));
        }
    }

    /// <summary>A reader must see these outputs, no other ones, in this order.</summary>
    public async Task ExpectAsync(string destination, IReadOnlyList<SinkOutput> outputs)
    {
        var expected = SeenOf(outputs);
        Compare(expected, await ReadAsync(destination, seen => seen.Count >= expected.Count), "in this order");
    }

    /// <summary>
    /// A reader must see these outputs, no other ones, and their first appearances in this order: after a failure, some
    /// come twice.
    /// </summary>
    public async Task ExpectAtLeastOnceAsync(string destination, IReadOnlyList<SinkOutput> outputs)
    {
        var expected = SeenOf(outputs);
        var all = await ReadAsync(destination, seen => seen.Distinct().Count() >= expected.Count);
        Compare(expected, [.. all.Distinct()], "their first appearances in this order");
    }

    /// <summary>What a reader sees once a condition holds, or the limit has passed.</summary>
    public async Task<IReadOnlyList<SinkOutput>> ReadAsync(
        string destination, Func<IReadOnlyList<SinkOutput>, bool> isEnough)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var seen = await contract.DeliveredAsync(destination);
            if (isEnough(seen) || TimeProvider.System.GetElapsedTime(begun) > Options.DeliveryLimit)
            {
                return seen;
            }

            await Task.Delay(LookAgain, TimeProvider.System);
        }
    }

    /// <summary>Outputs as a reader sees them, without those that are refused, which cannot be all.</summary>
    public List<SinkOutput> SeenOf(IEnumerable<SinkOutput> outputs)
    {
        List<SinkOutput> all = [.. outputs];
        List<SinkOutput> seen = [.. all.Where(output => !contract.IsRefused(output)).Select(contract.Seen)];
        isProving |= all.Count > 0 && seen.Count == 0;
        return all.Count == 0 || seen.Count > 0
            ? seen
            : throw Broken(
                $"of {all.Count} outputs, at least one arrives",
                $"IsRefused says that all are refused, such as {all[0]}{Hint}");
    }

    /// <summary>
    /// A sink that delivers nothing keeps many a promise: unless outputs were seen meanwhile, one must be now.
    /// </summary>
    public async Task ExpectProofAsync()
    {
        if (hasSeen)
        {
            return;
        }

        isProving = true;
        if (isAway)
        {
            await ComeBackAsync();
        }

        await ReopenAsync();
        var (destination, outputs) = (await DestinationAsync(), Plain("proof", 1));
        using var batch = new OutputBatch();
        Add(batch, destination, outputs);
        await DeliverAtLastAsync(batch);
        CheckRefused(batch, outputs);
        await ExpectAtLeastOnceAsync(destination, outputs);
    }

    /// <summary>Fails where two lists differ, with the first difference.</summary>
    public void Compare(IReadOnlyList<SinkOutput> expected, IReadOnlyList<SinkOutput> got, string how)
    {
        var at = expected.Zip(got).TakeWhile(static pair => pair.First.Equals(pair.Second)).Count();
        if (at < expected.Count || at < got.Count)
        {
            throw Broken(
                $"{expected.Count} outputs, {how}; number {at} is {At(expected)}",
                got.Count > 0 ? $"{got.Count} outputs; number {at} is {At(got)}"
                : "none: the deliveries succeeded, and DeliveredAsync sees nothing at their destination");
        }

        hasSeen |= got.Count > 0;

        string At(IReadOnlyList<SinkOutput> list) => at < list.Count ? $"{list[at]}" : "missing";
    }

    /// <summary>Takes the peer away; it comes back at the end at the latest.</summary>
    public Task GoAwayAsync()
    {
        isAway = true;
        return contract.GoAwayAsync();
    }

    /// <summary>Brings the peer back.</summary>
    public async Task ComeBackAsync()
    {
        await contract.ComeBackAsync();
        isAway = false;
    }

    /// <summary>Disposes the sink, and opens another.</summary>
    public async Task ReopenAsync()
    {
        await DisposeAsync();
        Sink = await contract.OpenAsync();
    }

    /// <summary>Disposes the sink, which must not throw.</summary>
    public async Task DisposeAsync()
    {
        var disposing = Task.Run(() => Sink.DisposeAsync().AsTask());
        await EndAsync(disposing, Options.StopLimit, "disposing");
        if (!disposing.IsCompletedSuccessfully)
        {
            throw Broken("disposing succeeds", Describe(disposing), ErrorOf(disposing));
        }
    }

    /// <summary>Closes the sink, and leaves the peer as it was.</summary>
    public async Task EndAsync()
    {
        try
        {
            await DisposeAsync();
        }
        finally
        {
            if (isAway)
            {
                await ComeBackAsync();
            }
        }
    }

    /// <summary>The failure of the promise.</summary>
    public SinkContractException Broken(string expected, string got, Exception? error = null) =>
        new($"{Sink.Name} {(isProving ? "proves nothing by" : "breaks a promise")}: {promise}.\n"
            + $"expected: {expected}\ngot:      {got}", error);

    /// <summary>How a task has ended, or that it has not.</summary>
    public static string Describe(Task task) => task switch
    {
        { IsCompletedSuccessfully: true } => "it succeeded",
        { IsCanceled: true } => "it was cancelled, though nobody had said stop",
        { IsFaulted: true } => $"it failed with {ErrorOf(task)!.GetType().Name}: {ErrorOf(task)!.Message}",
        _ => "it is still under way",
    };

    private async Task<bool> IsReachableAsync()
    {
        var asked = Task.Run(() => Sink.IsReachableAsync(CancellationToken.None).AsTask());
        await EndAsync(asked, Options.ReachLimit, "IsReachableAsync");
        return asked.IsCompletedSuccessfully
            ? await asked
            : throw Broken("IsReachableAsync says True or False", Describe(asked), ErrorOf(asked));
    }

    private static Exception? ErrorOf(Task task) => task.Exception?.InnerException;

    private static string List(IEnumerable<string> items) => items.ToList() switch
    {
        [] => "none",
        { Count: > MostListed } many => $"{string.Join(", ", many[..MostListed])} and {many.Count - MostListed} more",
        var few => string.Join(", ", few),
    };
}
