namespace StreamActors.Node.Chaos;

/// <summary>
/// Compares what was produced with what came out. A key is right when each of its effects came out, for the first time
/// behind the one before it; when what came again did so under a fault that allows it, and not long after it was
/// committed; when each epoch wrote without gaps; and when each state was the fold of exactly the effects up to there.
/// </summary>
/// <param name="produced">What went in; all of it.</param>
/// <param name="seen">What came out; all of it.</param>
/// <param name="spans">What was going on when, from the first output on.</param>
/// <param name="repeats">
/// How long before a fault an output may have come that comes again: a commit interval, and what was on its way.
/// </param>
internal sealed class Verifier(Ledger produced, History seen, IReadOnlyList<FaultSpan> spans, TimeSpan repeats)
{
    private readonly Dictionary<string, FaultRow> rows = [];
    private readonly List<Breach> breaches = [];

    /// <summary>The verdict.</summary>
    /// <param name="producedUntil">When the last record was produced: later silence is none.</param>
    public Verdict Check(long producedUntil)
    {
        foreach (var span in spans)
        {
            RowOf(span).Times++;
        }

        foreach (var feed in Feed.All)
        {
            for (var number = 0; number < produced.Keys; number++)
            {
                Check(feed, number);
            }

            for (var partition = 0; partition < feed.Partitions; partition++)
            {
                Listen(seen.TimesOf(feed, partition), producedUntil);
            }

            CountLate(feed);
        }

        return new Verdict([.. rows.Values], breaches);
    }

    private FaultRow RowOf(FaultSpan span)
    {
        if (!rows.TryGetValue(span.Name, out var row))
        {
            rows.Add(span.Name, row = new FaultRow(span.Name));
        }

        return row;
    }

    /// <summary>What was going on at a time.</summary>
    private FaultSpan SpanAt(long time)
    {
        var (low, high) = (0, spans.Count - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            (low, high) = spans[middle].From <= time ? (middle, high) : (low, middle - 1);
        }

        return spans[low];
    }

    private void Check(Feed feed, int number)
    {
        var (name, last) = (feed.KeyOf(number), produced.Of(feed, number));
        var history = seen.Of(feed, number);
        var key = new KeyCheck(name, last);
        var gaps = new List<(long Sequence, FaultSpan Span, string Sentence)>();
        foreach (var output in history.Outputs)
        {
            var span = SpanAt(output.At);
            var row = RowOf(span);
            row.Records++;
            if (output.Sequence < 1 || output.Sequence > last)
            {
                Break(Promise.Origin, span, $"{name}: effect {output.Sequence} came out, {last} were produced");
                continue;
            }

            CheckState(key, output, span);
            if (key.SeenAt(output.Sequence) is { } before)
            {
                row.Duplicated++;
                CheckRepeat(name, output, before, span);
            }

            if (key.Gap(output) is { } gap)
            {
                gaps.Add((output.Sequence, span, $"{name}: {gap} ({seen.OwnerOf(output.Owner)})"));
            }

            key.Take(output);
        }

        // A gap that nothing ever filled is a loss, and told as one.
        foreach (var (_, span, sentence) in gaps.Where(gap => key.SeenAt(gap.Sequence - 1) is not null))
        {
            RowOf(span).OutOfOrder++;
            Break(Promise.Order, span, sentence);
        }

        CheckEnd(key, history);
    }

    private void CheckState(KeyCheck key, SeenOutput output, FaultSpan span)
    {
        if (output.Count != output.Sequence || output.Fold != key.FoldAt(output.Sequence))
        {
            RowOf(span).WrongState++;
            Break(
                Promise.State,
                span,
                $"{key.Name}: behind effect {output.Sequence} the state had seen {output.Count}"
                    + (output.Count == output.Sequence ? ", but not these" : "")
                    + $" ({seen.OwnerOf(output.Owner)})");
        }
    }

    private void CheckRepeat(string key, SeenOutput output, long before, FaultSpan span)
    {
        if (!span.MayRepeat)
        {
            Break(
                Promise.Duplicate,
                span,
                $"{key}: effect {output.Sequence} came again after {output.At - before} ms "
                    + $"({seen.OwnerOf(output.Owner)})");
        }
        else if (before < span.From - repeats.TotalMilliseconds)
        {
            Break(
                Promise.Duplicate,
                span,
                $"{key}: effect {output.Sequence} came again, though it had come out {span.From - before} ms before "
                    + $"the fault, and was committed ({seen.OwnerOf(output.Owner)})");
        }
    }

    private void CheckEnd(KeyCheck key, KeyHistory history)
    {
        foreach (var sequence in key.Missing())
        {
            var span = SpanAt(key.NextSeenAt(sequence) ?? long.MaxValue);
            RowOf(span).Lost++;
            Break(Promise.Loss, span, $"{key.Name}: effect {sequence} of {key.Last} never came out");
        }

        if (history.Timer != key.Last)
        {
            Break(
                Promise.Timer,
                spans[^1],
                $"{key.Name}: its timer fired last behind effect {history.Timer}, the last effect is {key.Last}");
        }
    }

    /// <summary>The longest silence of a partition goes to what was going on when it began.</summary>
    private void Listen(IReadOnlyList<long> times, long until)
    {
        for (var index = 1; index < times.Count && times[index - 1] < until; index++)
        {
            var silence = TimeSpan.FromMilliseconds(Math.Min(times[index], until) - times[index - 1]);
            var row = RowOf(SpanAt(times[index - 1]));
            row.LongestSilence = silence > row.LongestSilence ? silence : row.LongestSilence;
        }
    }

    /// <summary>What an epoch wrote behind the first output of one that began after it.</summary>
    private void CountLate(Feed feed)
    {
        for (var partition = 0; partition < feed.Partitions; partition++)
        {
            var outputs = Enumerable.Range(0, produced.Keys)
                .Where(number => feed.PartitionOf(number) == partition)
                .SelectMany(number => seen.Of(feed, number).Outputs)
                .ToList();
            var begins = outputs.GroupBy(static output => output.Owner, static output => output.At)
                .ToDictionary(static owner => owner.Key, static owner => owner.Min());
            var inOrder = begins.Values.Order().ToList();
            foreach (var output in outputs)
            {
                var next = inOrder.BinarySearch(begins[output.Owner]) + 1;
                if (next < inOrder.Count && output.At > inOrder[next])
                {
                    RowOf(SpanAt(output.At)).Late++;
                }
            }
        }
    }

    private void Break(Promise promise, FaultSpan span, string sentence) =>
        breaches.Add(new Breach(promise, span.Name, sentence));
}
