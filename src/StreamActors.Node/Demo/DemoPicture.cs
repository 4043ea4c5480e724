using Spectre.Console;
using Spectre.Console.Rendering;
using StreamActors.Metrics;
using StreamActors.Node.Cli;

namespace StreamActors.Node.Demo;

/// <summary>
/// Draws the state of a demo: a headline, the rates with their last half minute, the topics with their partitions, what
/// was wrong lately, and where to look. At 100 columns it has 27 lines at most.
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
        Warnings(state),
        Places(places));

    /// <summary>A line of blocks, the newest value last; blanks where there are no values yet. The highest leaves room.</summary>
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

    private static Markup Headline(DemoState state) => Line(
        $"[bold]StreamActors[/] [dim]·[/] ride-share demo [dim]·[/] [bold]{state.Phase.EscapeMarkup()}[/] [dim]·[/] "
        + $"{Say.Clock(state.Now.At)} [dim]· Ctrl-C drains and ends[/]");

    private static Markup Line(string markup) => new(markup) { Overflow = Overflow.Ellipsis };

    private static Grid Rates(DemoState state)
    {
        var grid = new Grid();
        grid.AddColumn(new GridColumn().NoWrap().Width(12)).AddColumn(new GridColumn().NoWrap().RightAligned().Width(11));
        grid.AddColumn(new GridColumn().NoWrap().Width(BarWidth)).AddColumn(new GridColumn().NoWrap());
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
        Add("latency p50", Of(state.Latency, 0.5), "", "[dim]from produce to Redis, 5 s[/]",
            $"{Say.Count(now.Duplicates)} [dim]duplicates dropped[/]");
        Add("latency p99", Of(state.Latency, 0.99), "", "",
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

    private static string Of(LatencySnapshot latency, double share) =>
        latency.Count == 0 ? "–" : Say.Milliseconds(latency.Percentile(share));

    private static Table Topics(DemoState state)
    {
        var table = new Table { Border = TableBorder.Simple, Expand = true, BorderStyle = new Style(decoration: Decoration.Dim) };
        foreach (var (title, isNumber) in (ReadOnlySpan<(string, bool)>)
            [("topic", false), ("in/s", true), ("out/s", true), ("owner", false), ("lag of each partition", false)])
        {
            var column = new TableColumn($"[dim]{title}[/]").NoWrap();
            table.AddColumn(isNumber ? column.RightAligned() : column);
        }

        foreach (var (index, route) in state.Now.Routes.Index())
        {
            var owned = state.Partitions.Where(each => each.Partition.Topic == route.Topic).ToList();
            table.AddRow(
                new Markup(route.Topic),
                new Markup(Say.Count((long)state.Rate(sample => sample.Routes[index].Received))),
                new Markup(Say.Count((long)state.Rate(sample => sample.Routes[index].Emitting))),
                new Markup(owned.Count == 0 ? "[dim]none yet[/]" : "this node"),
                new Markup(string.Join(' ', owned.OrderBy(static each => each.Partition.Number).Select(Lag))));
        }

        return table;
    }

    private static string Lag(PartitionStatus partition) => partition switch
    {
        { State: PartitionState.Held } => $"[olive]{Lagging(partition)} held[/]",
        { State: PartitionState.Starting } => "[dim]starting[/]",
        { Lag: > 1_000 } => $"[olive]{Lagging(partition)}[/]",
        _ => Lagging(partition),
    };

    private static string Lagging(PartitionStatus partition) => $"{(partition.Lag is { } lag ? Say.Count(lag) : "?"),5}";

    private static Rows Warnings(DemoState state) => new(state.Warnings.Take(WarningsShown)
        .Select(static warning => Line($"{warning.At:HH:mm:ss} [olive]{warning.ToString().EscapeMarkup()}[/]"))
        .Append<IRenderable>(Text.Empty));

    private static Rows Places(IReadOnlyList<(string Label, string Text)> places) => new(
        places.Select(static place => Line($"[dim]{place.Label,-8}[/]{place.Text.EscapeMarkup()}")));
}
