namespace StreamActors.Node.Cli;

/// <summary>
/// Colours for a person's eyes: none where the output is redirected, where the terminal has none, or where NO_COLOR
/// (no-color.org) is set. Only the terminal's own 16 colours, which its owner has made readable on their background.
/// </summary>
internal static class Ink
{
    /// <summary>
    /// Whether standard output is a terminal that can be drawn on: one of 0 × 0 cannot (<c>script</c> under a job
    /// without a terminal makes such a one).
    /// </summary>
    public static bool IsTerminal { get; } =
        !Console.IsOutputRedirected
        && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb")
        && Console.WindowWidth > 0
        && Console.WindowHeight > 0;

    /// <summary>Whether colours are wanted.</summary>
    public static bool HasColor { get; } =
        IsTerminal && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));

    /// <summary>All is well.</summary>
    public static string Good(string text) => Paint("32", text);

    /// <summary>Something is wrong.</summary>
    public static string Bad(string text) => Paint("31", text);

    /// <summary>A headline.</summary>
    public static string Strong(string text) => Paint("1", text);

    /// <summary>Beside the point.</summary>
    public static string Faint(string text) => Paint("2", text);

    private static string Paint(string code, string text) => HasColor ? $"\e[{code}m{text}\e[0m" : text;
}
