using System.Text;
using System.Text.Json;
using StreamActors.Node.Cli;

namespace StreamActors.Node.Bench;

/// <summary>The figures of hand-overs.</summary>
internal sealed record HandoverReport(IReadOnlyList<HandoverRow> Rows, HandoverOptions Options)
{
    /// <summary>A commit interval of traffic of the node that dies: what may come twice.</summary>
    public double IntervalRecords =>
        Options.Rate * Options.World.CommitInterval.TotalSeconds / Options.World.Nodes;

    /// <summary>The figures as a table, for people.</summary>
    public override string ToString()
    {
        var table = new TextTable(
            "change", "heartbeat", "moved", "median silence", "longest", "stayed", "median silence", "longest",
            "duplicates");
        foreach (var row in Rows)
        {
            table.Add(
                row.Name,
                $"{row.Pace.Heartbeat.TotalSeconds:0.#} s",
                $"{row.Moved.Count}",
                Median(row.Moved),
                Longest(row.Moved),
                $"{row.Stayed.Count}",
                Median(row.Stayed),
                Longest(row.Stayed),
                Say.Count(row.Duplicates));
        }

        var page = new StringBuilder();
        page.AppendLine(
            $"{Options.Rate:N0} records/s on 8 partitions, {Options.Entities:N0} entities each, {Options.World.Nodes} "
            + $"nodes, {Environment.ProcessorCount} cores shared with Kafka and Redis; {Options.Times} times each");
        page.AppendLine();
        page.Append(table);
        page.AppendLine();
        foreach (var row in Rows.Where(static row => row.Name == "kill -9" && row.Moved.Count > 0))
        {
            page.AppendLine(
                $"kill -9     first outputs {Say.Milliseconds(row.Moved[^1] - row.Pace.Session)} after the session "
                + $"time-out of {row.Pace.Session.TotalSeconds:0} s, at the latest");
        }

        page.AppendLine($"duplicates  a commit interval of a node's traffic is {IntervalRecords:N0} records");
        return page.ToString();
    }

    /// <summary>The figures as JSON, for scripts.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(
        Rows.Select(static row => new
        {
            change = row.Name,
            heartbeat_ms = row.Pace.Heartbeat.TotalMilliseconds,
            session_ms = row.Pace.Session.TotalMilliseconds,
            moved_silence_ms = row.Moved.Select(static each => each.TotalMilliseconds),
            stayed_silence_ms = row.Stayed.Select(static each => each.TotalMilliseconds),
            duplicates = row.Duplicates,
        }),
        JsonSerializerOptions.Web);

    private static string Median(IReadOnlyList<TimeSpan> silences) =>
        silences.Count == 0 ? "" : Say.Milliseconds(silences[silences.Count / 2]);

    private static string Longest(IReadOnlyList<TimeSpan> silences) =>
        silences.Count == 0 ? "" : Say.Milliseconds(silences[^1]);
}
