using StreamActors.Node.Cli;

namespace StreamActors.Node.Demo;

/// <summary>A picture of the demo on the terminal's other screen.</summary>
internal sealed class DemoScreen(IReadOnlyList<(string Label, string Text)> places) : IDemoView
{
    private readonly Screen screen = new();

    /// <inheritdoc/>
    public void Show(DemoState state) => screen.Show(DemoPicture.Draw(state, places));

    /// <inheritdoc/>
    public void Dispose() => screen.Dispose();
}
