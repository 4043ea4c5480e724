using Spectre.Console;
using Spectre.Console.Rendering;
using StreamActors.Metrics;
using StreamActors.Node.Cli;

namespace StreamActors.Node.Demo;

/// <summary>
/// Draws the state of a demo: a headline, the rates with their last half minute, the topics with their partitions,
/// where to look, and what was wrong lately. At 100 columns it has 25 lines, and those of the warnings.
/// </summary>
internal static class DemoPicture
{
    private const int History = 30;
    private const double Room = 1.25;
    private const int WarningsShown = 3;
    private const int BarWidth = 30;

    // Of the terminal's 16, those that are readable on light and on dark.
    private const string InColor = "teal";
    private const string OutColor = "green";

    // Eighths of a block, from empty to full.
    private const string Heights = " ▁▂▃▄▅▆▇█";

    /// <summary>The picture.</summary>
    public static IRenderable Draw(DemoState state, IReadOnlyList<(string Label, string Text)> places) => new Rows(
        Headline(state),
        Text.Empty,
        Rates(state),
        Text.Empty,
        Topics(state),
        Places(places),
        Warnings(state));

    /// <summary>A line, the newest value last, blanks where there are none; the highest leaves room.</summary>
    internal static string Sparkline(IReadOnlyList<double> values, int width)
    {
        var shown = values.Skip(Math.Max(values.Count - width, 0)).ToList();
        var top = Math.Max(shown.DefaultIfEmpty().Max() * Room, 1);
        var blocks = shown.Select(value => Heights[(int)Math.Round(value / top * (Heights.Length - 1))]);
        return string.Concat(blocks).PadLeft(width);
    }

    /// <summary>A bar that is full at 1.</summary>
    internal static string Bar(double share, int width)
    {
        var full = (int)Math.Round(Math.Clamp(share, 0, 1) * width);
        return new string('█', full) + new string('░', width - full);
    }

    private static Markup Headline(DemoState state) => new(
        $"[bold]StreamActors[/] [dim]·[/] ride-share demo [dim]·[/] [bold]{state.Phase.EscapeMarkup()}[/] [dim]·[/] "
        + $"{Say.Clock(state.Now.At)} [dim]· Ctrl-C drains and ends[/]");


    private static Grid Rates(DemoState state)
    {
        var grid = new Grid();
        grid.AddColumn(new GridColumn().NoWrap().Width(12));
        grid.AddColumn(new GridColumn().NoWrap().RightAligned().Width(11));
        grid.AddColumn(new GridColumn().NoWrap().Width(BarWidth));
        grid.AddColumn(new GridColumn().NoWrap());
        var now = state.Now;
        Add("records in", Say.Rate(state.Rate(static sample => sample.Handled)), InColor,
            Sparkline(state.Rates(static sample => sample.Handled), History),
            $"{Say.Count(now.Handled)} [dim]of[/] {Say.Count(now.Produced)} [dim]produced[/]");
        Add("records out", Say.Rate(state.Rate(static sample => sample.Published)), OutColor,
            Sparkline(state.Rates(static sample => sample.Published), History),
            $"{Say.Count(now.Published)} [dim]published to Redis[/]");
        var ratio = now.RatioSince(state.Lately);
        Add("GPS out/in", Say.Ratio(ratio), OutColor, Bar(ratio ?? 0, BarWidth),
            $"{Say.Count(now.Merged)} [dim]merged by the window[/]");
        Add("latency p50", state.LatencyOf(0.5), "", "[dim]from produce to Redis, 5 s[/]",
            $"{Say.Count(now.Duplicates)} [dim]duplicates dropped[/]");
        Add("latency p99", state.LatencyOf(0.99), "", "",
            $"{Say.Count(now.Invalid)} [dim]invalid, {Say.Count(now.DeadLetters)} dead letters[/]");
        Add("lag", Say.Count(state.Lag), "", "[dim]records, all partitions[/]",
            $"{Say.Megabytes(state.Memory)} [dim]memory, simulator and broker too[/]");
        return grid;

        void Add(string name, string value, string color, string picture, string total) => grid.AddRow(
            new Markup($"[dim]{name}[/]"),
            new Markup($"[bold]{value}[/]"),
            new Markup(color.Length > 0 ? $"[{color}]{picture}[/]" : picture),
            new Markup(total));
    }

    private static Table Topics(DemoState state)
    {
        var table = new Table { Border = TableBorder.Simple, BorderStyle = new Style(decoration: Decoration.Dim) };
        table.AddColumn(new TableColumn("[dim]topic[/]").NoWrap().Width(16));
        table.AddColumn(new TableColumn("[dim]in/s[/]").NoWrap().RightAligned().Width(6));
        table.AddColumn(new TableColumn("[dim]out/s[/]").NoWrap().RightAligned().Width(6));
        table.AddColumn(new TableColumn("[dim]owner[/]").NoWrap().Width(17));
        table.AddColumn(new TableColumn("[dim]lag of each partition[/]").NoWrap());

        foreach (var (index, route) in state.Now.Routes.Index())
        {
            var owned = state.Partitions.Where(each => each.Partition.Topic == route.Topic).ToList();
            table.AddRow(
                new Markup(route.Topic),
                new Markup(Say.Count((long)state.Rate(sample => sample.Routes[index].Received))),
                new Markup(Say.Count((long)state.Rate(sample => sample.Routes[index].Emitted))),
                new Markup(Owner(owned)),
                new Markup(string.Join(' ', owned.OrderBy(static each => each.Partition.Number).Select(Lag))));
        }

        return table;
    }

    private static string Owner(List<PartitionStatus> owned)
    {
        var held = owned.Count(static partition => partition.State == PartitionState.Held);
        var starting = owned.Count(static partition => partition.State == PartitionState.Starting);
        return owned.Count == 0 ? "[dim]none yet[/]"
            : held > 0 ? $"this node, [olive]{held} held[/]"
            : starting > 0 ? $"this node, {starting} not yet"
            : "this node";
    }

    private static string Lag(PartitionStatus partition)
    {
        var lag = partition.Lag switch
        {
            null => "?",
            >= 10_000 and var many => $"{many / 1_000}k",
            var few => $"{few}",
        };
        return partition.State == PartitionState.Running ? $"{lag,4}" : $"[olive]{lag,4}[/]";
    }

    private static Rows Warnings(DemoState state) => new(state.Warnings.Take(WarningsShown)
        .Select(static warning => new Markup($"{warning.At:HH:mm:ss} [olive]{warning.ToString().EscapeMarkup()}[/]"))
        .Prepend<IRenderable>(Text.Empty));

    private static Rows Places(IReadOnlyList<(string Label, string Text)> places) => new(
        places.Select(static place => new Markup($"[dim]{place.Label,-11}[/]{place.Text.EscapeMarkup()}")));
}
