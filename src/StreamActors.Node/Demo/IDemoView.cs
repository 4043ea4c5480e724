using StreamActors.Node.Cli;

namespace StreamActors.Node.Demo;

/// <summary>Shows a demo, once a second. One thread calls it; disposing it leaves the terminal as it was.</summary>
internal interface IDemoView : IDisposable
{
    /// <summary>Shows how it stands.</summary>
    void Show(DemoState state);
}

/// <summary>A line a second, for logs and pipes; warnings in lines of their own, a kind at most every 10 s.</summary>
internal sealed class DemoLines : IDemoView
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(10);

    private readonly Dictionary<int, DateTimeOffset> saidAt = [];
    private string phase = "";

    /// <summary>Makes the view; says where to look.</summary>
    public DemoLines(IReadOnlyList<(string Label, string Text)> places)
    {
        foreach (var (label, text) in places)
        {
            Console.WriteLine($"{label,-11}{text}");
        }
    }

    /// <inheritdoc/>
    public void Show(DemoState state)
    {
        if (state.Phase != phase)
        {
            phase = state.Phase;
            Console.WriteLine($"{Say.Clock(state.Now.At)}  {phase}");
            return;
        }

        foreach (var warning in state.Warnings.Reverse().Where(IsNews))
        {
            saidAt[warning.Kind] = warning.At;
            Console.WriteLine($"{Say.Clock(state.Now.At)}  {warning}");
        }

        if (state.Now.Produced > 0)
        {
            Console.WriteLine(
                $"{Say.Clock(state.Now.At)}  in {Say.Rate(state.Rate(static sample => sample.Handled)),9}  "
                + $"out {Say.Rate(state.Rate(static sample => sample.Published)),9}  "
                + $"ratio {Say.Ratio(state.Now.RatioSince(state.Lately))}  lag {Say.Count(state.Lag),5}  "
                + $"p50 {state.LatencyOf(0.5),7}  "
                + $"p99 {state.LatencyOf(0.99),7}  {Say.Megabytes(state.Memory)}");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private bool IsNews(RecentWarning warning) =>
        !saidAt.TryGetValue(warning.Kind, out var said) || warning.At - said >= Quiet;
}
