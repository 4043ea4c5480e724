using System.Text;
using StreamActors.Node.Cli;

namespace StreamActors.Node.Demo;

/// <summary>What became of every record of a demo, and whether it adds up.</summary>
/// <param name="End">The numbers after the drain.</param>
/// <param name="Malformed">Broken records that the simulator sent.</param>
/// <param name="Repeated">Records that it sent once more.</param>
internal sealed record DemoTotals(DemoSample End, long Malformed, long Repeated)
{
    /// <summary>What was left when the time to stop was up; null where the node drained.</summary>
    public string? Cut { get; init; }

    /// <summary>Where it does not add up, a sentence each; empty where it does.</summary>
    public IReadOnlyList<string> Gaps =>
    [
        .. Cut is null ? Array.Empty<string>() : [Cut],
        .. Compare(
            ("produced", End.Produced),
            ("handled", End.Handled),
            "were not read: the end came first, or the embedded broker, which keeps 5 MB a partition, dropped them",
            "were read twice after a restart, or were written by somebody else"),
        .. Compare(
            ("handled", End.Handled),
            ("published + merged + duplicates + invalid", End.Published + End.Merged + End.Duplicates + End.Invalid),
            "were taken but not acknowledged by Redis before the end",
            "were published twice"),
        .. Compare(
            ("invalid", End.Invalid),
            ("dead letters", End.DeadLetters),
            "have no dead letter in Kafka",
            "dead letters were written twice"),
    ];

    /// <summary>The table, and the line that says whether it adds up.</summary>
    public override string ToString()
    {
        var text = new StringBuilder().AppendLine();
        Row("produced", End.Produced, $"{Say.Count(Malformed)} malformed, {Say.Count(Repeated)} repeated");
        Row("handled", End.Handled, "");
        Row("  published", End.Published, "to Redis");
        Row("  merged", End.Merged, "by the window: a later ping of the same driver took the place");
        Row("  duplicates", End.Duplicates, "");
        Row("  invalid", End.Invalid, "");
        Row("dead letters", End.DeadLetters, $"in the topic {DemoPeers.DeadLetterTopic}");
        text.AppendLine();
        if (Gaps.Count == 0)
        {
            text.AppendLine(
                $"{Ink.Good("✔")} It adds up: produced = handled = published + merged + duplicates + invalid;");
            text.AppendLine("  invalid = dead letters.");
        }

        foreach (var gap in Gaps)
        {
            text.AppendLine($"{Ink.Bad("✘")} {gap}");
        }

        return text.ToString();

        void Row(string name, long number, string note) =>
            text.AppendLine($"  {name,-14}{Say.Count(number),14}   {Ink.Faint(note)}".TrimEnd());
    }

    private static IEnumerable<string> Compare(
        (string Name, long Number) left, (string Name, long Number) right, string fewer, string more)
    {
        var missing = left.Number - right.Number;
        if (missing != 0)
        {
            yield return $"It does not add up: {left.Name} is {Say.Count(left.Number)}, {right.Name} is "
                + $"{Say.Count(right.Number)}: {Say.Count(Math.Abs(missing))} {(missing > 0 ? fewer : more)}.";
        }
    }
}
