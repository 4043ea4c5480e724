using StreamActors.Node.Chaos;

namespace StreamActors.Node.Bench;

/// <summary>A time in which members changed, in milliseconds of Unix time.</summary>
internal sealed record Window(long From, long Until);

/// <summary>What a change of members cost.</summary>
/// <param name="Moved">The longest silence of each partition that got another node.</param>
/// <param name="Stayed">The longest silence of each other partition.</param>
/// <param name="Duplicates">Outputs that came again.</param>
internal sealed record Handover(IReadOnlyList<TimeSpan> Moved, IReadOnlyList<TimeSpan> Stayed, long Duplicates)
{
    /// <summary>Reads it from the outputs.</summary>
    /// <param name="history">All outputs.</param>
    /// <param name="keys">How many keys there are.</param>
    /// <param name="window">When members changed.</param>
    public static Handover Measure(History history, int keys, Window window)
    {
        var (moved, stayed, duplicates) = (new List<TimeSpan>(), new List<TimeSpan>(), 0L);
        for (var partition = 0; partition < Feed.Chain.Partitions; partition++)
        {
            var times = history.TimesOf(Feed.Chain, partition);
            (IsMoved(history, keys, partition, window) ? moved : stayed).Add(LongestSilence(times, window));
        }

        for (var key = 0; key < keys; key++)
        {
            var last = 0L;
            foreach (var output in history.Of(Feed.Chain, key).Outputs)
            {
                duplicates += output.Sequence <= last && output.At >= window.From && output.At <= window.Until ? 1 : 0;
                last = Math.Max(last, output.Sequence);
            }
        }

        return new Handover(moved, stayed, duplicates);
    }

    private static TimeSpan LongestSilence(IReadOnlyList<long> times, Window window)
    {
        var longest = 0L;
        for (var index = 1; index < times.Count; index++)
        {
            if (times[index] >= window.From && times[index - 1] <= window.Until)
            {
                // What begins at the end is the next change's.
                longest = Math.Max(longest, Math.Min(times[index], window.Until) - times[index - 1]);
            }
        }

        return TimeSpan.FromMilliseconds(longest);
    }

    /// <summary>Whether outputs of more than one node came in a window and right before it.</summary>
    private static bool IsMoved(History history, int keys, int partition, Window window)
    {
        var outputs = Enumerable.Range(0, keys)
            .Where(key => Feed.Chain.PartitionOf(key) == partition)
            .SelectMany(key => history.Of(Feed.Chain, key).Outputs)
            .Where(output => output.At <= window.Until)
            .OrderBy(static output => output.At)
            .ToList();
        var before = outputs.FindLastIndex(output => output.At < window.From);
        return outputs.Skip(Math.Max(before, 0)).Select(output => NodeOf(history, output)).Distinct().Count() > 1;
    }

    private static string NodeOf(History history, SeenOutput output) => history.OwnerOf(output.Owner).Split('.')[0];
}

/// <summary>All changes of a kind.</summary>
/// <param name="Name">The kind.</param>
/// <param name="Pace">With which heartbeat and session.</param>
/// <param name="All">What each cost.</param>
internal sealed record HandoverRow(string Name, GroupPace Pace, IReadOnlyList<Handover> All)
{
    /// <summary>Silences of moved partitions, the longest last.</summary>
    public IReadOnlyList<TimeSpan> Moved { get; } = [.. All.SelectMany(static each => each.Moved).Order()];

    /// <summary>Silences of the others, the longest last.</summary>
    public IReadOnlyList<TimeSpan> Stayed { get; } = [.. All.SelectMany(static each => each.Stayed).Order()];

    /// <summary>The most outputs that came again at one change.</summary>
    public long Duplicates { get; } = All.Max(static each => each.Duplicates);
}
