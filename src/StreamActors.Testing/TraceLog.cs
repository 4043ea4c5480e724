using System.Text;
using StreamActors.Records;

namespace StreamActors.Testing;

/// <summary>What became of the records so far, a line each, at virtual times. One thread at a time.</summary>
internal sealed class TraceLog(VirtualTime time)
{
    // A line costs some 150 bytes: 15 MB at most.
    private const int MaxLines = 100_000;

    private const int LinesShown = 40;

    private readonly Queue<Line> lines = new();
    private long dropped;

    /// <summary>Adds a line about no record.</summary>
    public void Add(string what) => Add(new Line(time.Elapsed, null, -1, null, what));

    /// <summary>Adds a line about a record.</summary>
    public void Add(PartitionOffset place, byte[]? key, string what) =>
        Add(new Line(time.Elapsed, place.Partition, place.Offset, key, what));

    /// <summary>The lines as text.</summary>
    public string Text() => Format(lines);

    /// <summary>
    /// What a failure shows: the last lines about the records of a key, and then the last of all. Where the trace is
    /// about no other key, it is shown once.
    /// </summary>
    /// <param name="key">The key that the failure is about; null = none is known.</param>
    public string Tail(byte[]? key)
    {
        var ofKey = lines.Where(line => key is not null && IsSame(line.Key, key)).ToList();
        return ofKey.Count == 0 || lines.All(line => line.Partition is null || IsSame(line.Key, key))
            ? Last([.. lines])
            : $"of {Show(key)}:\n{Last(ofKey)}of all:\n{Last([.. lines])}";
    }

    /// <summary>The lines of the records of a topic with a key.</summary>
    public string Text(string topic, byte[]? key) =>
        Format(lines.Where(line => line.Partition?.Topic == topic && IsSame(line.Key, key)));

    /// <summary>Whether two keys are the same; no key is like no other but none.</summary>
    public static bool IsSame(byte[]? one, byte[]? other) =>
        one is null ? other is null : other is not null && one.AsSpan().SequenceEqual(other);

    /// <summary>A key as lines show it.</summary>
    public static string Show(byte[]? key) => key is null ? "(no key)" : Encoding.UTF8.GetString(key);

    /// <summary>A time as lines show it: without the parts of a second where there are none.</summary>
    public static string Show(TimeSpan time) =>
        time.Ticks % TimeSpan.TicksPerSecond == 0 ? time.ToString("c") : time.ToString("c").TrimEnd('0');

    private string Last(List<Line> chosen) =>
        (chosen.Count > LinesShown ? $"… {chosen.Count - LinesShown} lines before these: see Trace\n" : "")
        + Format(chosen.TakeLast(LinesShown));

    private void Add(Line line)
    {
        if (lines.Count == MaxLines)
        {
            lines.Dequeue();
            dropped++;
        }

        lines.Enqueue(line);
    }

    private string Format(IEnumerable<Line> chosen)
    {
        var text = new StringBuilder();
        if (dropped > 0)
        {
            text.Append(dropped).Append(" earlier lines are dropped.\n");
        }

        foreach (var line in chosen)
        {
            text.Append(Show(line.At).PadRight(13));
            if (line.Partition is { } partition)
            {
                text.Append(partition);
                text.Append(line.Offset >= 0 ? $"@{line.Offset}" : "").Append(' ').Append(Show(line.Key)).Append(": ");
            }

            text.Append(line.What).Append('\n');
        }

        return text.ToString();
    }

    /// <param name="At">When.</param>
    /// <param name="Partition">The partition of its record; null = it is about none.</param>
    /// <param name="Offset">The record's offset; negative for what a timer did.</param>
    /// <param name="Key">The record's key.</param>
    /// <param name="What">What happened.</param>
    private readonly record struct Line(
        TimeSpan At, PartitionId? Partition, long Offset, byte[]? Key, string What);
}
