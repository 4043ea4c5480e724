using System.Text;
using StreamActors.Node.Cli;

namespace StreamActors.Node.Chaos;

/// <summary>What a run found, for the terminal and for a document.</summary>
/// <param name="Verdict">What it found.</param>
/// <param name="Options">How it was run.</param>
/// <param name="Totals">What went in and came out.</param>
/// <param name="Skipped">Faults that could not be, and why.</param>
/// <param name="Versions">What it ran on.</param>
internal sealed record ChaosReport(
    Verdict Verdict,
    ChaosOptions Options,
    ChaosTotals Totals,
    IReadOnlyList<SkippedFault> Skipped,
    string Versions)
{
    private const int BreachesShown = 5;

    private static readonly string[] Header =
        ["fault", "times", "records", "lost", "duplicated", "out of order", "wrong state", "longest silence"];

    /// <summary>The command that draws the same faults again.</summary>
    public string Command
    {
        get
        {
            var all = Options.Faults.Count == Fault.All.Count - Skipped.Count;
            var faults = all ? "" : string.Concat(Options.Faults.Select(static fault => $" --fault {fault.Name}"));
            var previous = Options.World.Previous is { } folder
                ? $" --previous {Path.GetRelativePath(Environment.CurrentDirectory, folder.FullName)}"
                : "";
            return $"streamactors chaos --minutes {Options.Length.TotalMinutes:0.##} --seed {Options.Seed} "
                + $"--nodes {Options.World.Nodes} --rate {Options.Rate}{faults}{previous}";
        }
    }

    /// <summary>The verdict for people.</summary>
    public override string ToString()
    {
        var table = new TextTable(Header);
        foreach (var row in Verdict.Rows)
        {
            table.Add(Cells(row));
        }

        var page = new StringBuilder();
        page.Append(table);
        page.AppendLine();
        foreach (var skipped in Skipped)
        {
            page.AppendLine($"skipped     {skipped}");
        }

        page.AppendLine($"records     {Totals}");
        page.AppendLine($"again       {Command}");
        foreach (var lost in Verdict.Unplanned)
        {
            page.AppendLine(
                $"unplanned   {lost.Node} was taken for dead at {DateTimeOffset.FromUnixTimeMilliseconds(lost.At):T}, "
                + "which no fault did");
        }

        foreach (var kind in Verdict.Breaches.GroupBy(static breach => breach.Promise))
        {
            page.AppendLine($"{Ink.Bad("✘")} {Say.Count(kind.Count())} of {kind.Key}:");
            foreach (var breach in kind.Take(BreachesShown))
            {
                page.AppendLine($"    {(breach.Span.Length > 0 ? $"{breach.Span}: " : "")}{breach.Sentence}");
            }
        }

        page.AppendLine(Verdict.Breaches.Count == 0
            ? $"{Ink.Good("✔")} Every promise was kept."
            : $"{Ink.Bad("✘")} {Say.Count(Verdict.Breaches.Count)} times a promise broke.");
        return page.ToString();
    }

    /// <summary>The verdict as a document.</summary>
    public string ToMarkdown()
    {
        var page = new StringBuilder();
        page.AppendLine("# Faults");
        page.AppendLine();
        page.AppendLine("Written by `streamactors chaos`, from a run of real processes on a real Kafka and Redis:");
        page.AppendLine();
        page.AppendLine($"    {Command}");
        page.AppendLine();
        page.AppendLine($"{Totals.At:d MMMM yyyy}, {Environment.ProcessorCount} cores for everything, {Versions}.");
        page.AppendLine($"{Totals}. {Options.World.Nodes} nodes, a commit every "
            + $"{Options.World.CommitInterval.TotalSeconds:0.#} s, {Options.World.DrainLimit?.TotalSeconds:0.#} s for "
            + "a hand-over.");
        page.AppendLine();
        page.AppendLine($"| {string.Join(" | ", Header)} |");
        page.AppendLine($"|{string.Concat(Header.Select(static (_, column) => column == 0 ? " --- |" : " ---: |"))}");
        foreach (var row in Verdict.Rows)
        {
            page.AppendLine($"| {string.Join(" | ", Cells(row))} |");
        }

        page.AppendLine();
        page.AppendLine(Verdict.Breaches.Count == 0
            ? "Every promise was kept."
            : $"**{Say.Count(Verdict.Breaches.Count)} times a promise broke**: "
                + string.Join("; ", Verdict.Breaches.Take(BreachesShown).Select(static each => each.Sentence)) + ".");
        page.AppendLine();
        Explain(page);
        return page.ToString();
    }

    private void Explain(StringBuilder page)
    {
        page.AppendLine("""
            - **Lost**: produced, acknowledged by Kafka, and never came out. **Wrong state**: the state behind an effect
              was not the fold of exactly the effects up to there, each once.
            - **Duplicated**: outputs that came again. None may under a clean hand-over or in peace; after a crash, or
              a hand-over while a server was away, only those that came out less than a commit interval (and 3 s on
              their way) before the fault.
            - **Too busy**: the group took a node for dead though no fault did that, on a machine where more than six
              processes waited for each core. That is no clean hand-over, and what came twice is told apart.
            - **Out of order**: an effect came out before the one in front of it, or an epoch left one out.
            - **Silence** is that of the partition that was silent longest; Kafka's own recovery is in it (the session
              time-out of 6 s, and a broker's failover), and so is a process' start where a fault waits for one.
            """);
        var late = Verdict.Rows.Sum(static row => row.Late);
        page.AppendLine(
            $"- **A limit**: outputs to Kafka cannot be fenced. {Say.Count(late)} of a former owner arrived behind the "
            + "first of the next one; they are among the duplicated.");
        page.AppendLine();
        page.AppendLine("| fault | what happens |");
        page.AppendLine("| --- | --- |");
        foreach (var fault in Options.Faults)
        {
            page.AppendLine($"| {fault.Name} | {fault.Story} |");
        }

        foreach (var (fault, why) in Skipped)
        {
            page.AppendLine($"| {fault} | skipped: {why} |");
        }
    }

    private static string[] Cells(FaultRow row) =>
    [
        row.Name, Say.Count(row.Times), Say.Count(row.Records), Say.Count(row.Lost), Say.Count(row.Duplicated),
        Say.Count(row.OutOfOrder), Say.Count(row.WrongState), $"{row.LongestSilence.TotalSeconds:0.0} s",
    ];
}

/// <summary>A fault that could not be.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Why">Why not.</param>
internal sealed record SkippedFault(string Name, string Why)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Name}: {Why}";
}

/// <summary>What went in and came out of a run.</summary>
/// <param name="At">When it ended.</param>
/// <param name="Length">How long it was, all in all.</param>
/// <param name="Produced">Effects that went in.</param>
/// <param name="Outputs">Outputs that came out.</param>
internal sealed record ChaosTotals(DateTimeOffset At, TimeSpan Length, long Produced, long Outputs)
{
    /// <inheritdoc/>
    public override string ToString() =>
        $"{Say.Count(Produced)} effects in, {Say.Count(Outputs)} out, in {Say.Clock(Length)}";
}
