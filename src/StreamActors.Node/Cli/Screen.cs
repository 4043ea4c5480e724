using Spectre.Console;
using Spectre.Console.Rendering;

namespace StreamActors.Node.Cli;

/// <summary>
/// Pictures on the terminal's other screen, which leaves the first as it was. Each frame is rendered in memory and
/// written at once over the one before, line by line: nothing is erased first, so nothing flickers.
/// </summary>
internal sealed class Screen : IDisposable
{
    private const string Enter = "\e[?1049h\e[?25l\e[?7l";
    private const string Leave = "\e[?7h\e[?25h\e[?1049l";
    private const string FrameBegin = "\e[?2026h\e[H";
    private const string FrameEnd = "\e[J\e[?2026l";
    private const string LineEnd = "\e[K";
    private const int Widest = 110;

    private readonly Stream terminal = Console.OpenStandardOutput();

    /// <summary>Takes the screen.</summary>
    public Screen() => Write(Enter);

    /// <summary>Shows a picture.</summary>
    public void Show(IRenderable picture)
    {
        var width = Math.Clamp(Console.WindowWidth, 1, Widest);
        var lines = Render(picture, width).TrimEnd('\n').Split('\n');
        var shown = lines.Take(Math.Max(Console.WindowHeight, 1)).Select(static line => line.TrimEnd() + LineEnd);
        Write(FrameBegin + string.Join("\r\n", shown) + FrameEnd);
    }

    /// <summary>Gives the screen back.</summary>
    public void Dispose()
    {
        Write(Leave);
        terminal.Dispose();
    }

    /// <summary>A picture as text with the terminal's codes.</summary>
    internal static string Render(IRenderable picture, int width)
    {
        using var text = new StringWriter { NewLine = "\n" };
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Yes,
            ColorSystem = Ink.HasColor ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(text),
        });
        console.Profile.Width = width;
        console.Write(picture);
        return text.ToString();
    }

    private void Write(string text)
    {
        terminal.Write(System.Text.Encoding.UTF8.GetBytes(text));
        terminal.Flush();
    }
}
