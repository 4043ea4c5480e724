using Spectre.Console;
using Spectre.Console.Rendering;
using StreamActors.Node.Cli;

namespace StreamActors.Node.Chaos;

/// <summary>Shows a run, several times a second. Disposing it leaves the terminal as it was.</summary>
internal interface IChaosView : IDisposable
{
    /// <summary>Shows how it stands.</summary>
    void Show(ChaosState state);
}

/// <summary>A line whenever something else goes on, and one every ten seconds: for logs and pipes.</summary>
internal sealed class ChaosLines : IChaosView
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(10);

    private TimeSpan saidAt;
    private string phase = "";

    /// <inheritdoc/>
    public void Show(ChaosState state)
    {
        if (state.Phase == phase && state.Age - saidAt < Every)
        {
            return;
        }

        (saidAt, phase) = (state.Age, state.Phase);
        Console.WriteLine(
            $"{Say.Clock(state.Age)}  {phase,-48} nodes {state.Nodes()}  in {Say.Count(state.Ledger.Produced)}  "
            + $"out {Say.Count(state.History.Outputs)}  waiting {Say.Count(state.Waiting)}");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}

/// <summary>A picture that changes, for a person at a terminal.</summary>
internal sealed class ChaosScreen : IChaosView
{
    private const int DoneShown = 12;

    private readonly Screen screen = new();

    /// <inheritdoc/>
    public void Show(ChaosState state) => screen.Show(Draw(state));

    /// <inheritdoc/>
    public void Dispose() => screen.Dispose();

    internal static IRenderable Draw(ChaosState state) => new Rows(
        new Markup(
            $"[bold]StreamActors[/] [dim]·[/] chaos [dim]·[/] {Say.Clock(state.Age)} [dim]· seed[/] "
            + $"{state.Options.Seed} [dim]· Ctrl-C ends it without a verdict[/]"),
        Text.Empty,
        new Markup($"[bold]{state.Phase.EscapeMarkup()}[/]"),
        new Markup(
            $"[dim]nodes[/] {state.Nodes()}   [dim]in[/] [teal]{Say.Count(state.Ledger.Produced)}[/]   "
            + $"[dim]out[/] [green]{Say.Count(state.History.Outputs)}[/]   "
            + $"[dim]waiting[/] {Say.Count(state.Waiting)}"),
        Text.Empty,
        Done(state));

    private static Table Done(ChaosState state)
    {
        var table = new Table { Border = TableBorder.Simple, BorderStyle = new Style(decoration: Decoration.Dim) };
        table.AddColumn("[dim]fault[/]");
        table.AddColumn(new TableColumn("[dim]at[/]").RightAligned());
        table.AddColumn(new TableColumn("[dim]lasted[/]").RightAligned());
        table.AddColumn(new TableColumn("[dim]caught up after[/]").RightAligned());
        foreach (var step in state.Done.TakeLast(DoneShown).Reverse())
        {
            table.AddRow(
                new Markup(step.Name.EscapeMarkup()),
                new Markup(Say.Clock(step.At)),
                new Markup($"{step.Length.TotalSeconds:0.0} s"),
                new Markup(step.Recovery is { } recovery ? $"{recovery.TotalSeconds:0.0} s" : "[red]not at all[/]"));
        }

        return table;
    }
}
