namespace StreamActors.Node.Cli;

/// <summary>
/// One line on a terminal that says how far a command has come, and goes when it is done; nothing where nobody looks.
/// </summary>
internal sealed class Progress : IDisposable
{
    private const string ClearLine = "\r\e[K";

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(100);

    private readonly Lock gate = new();
    private readonly bool isSeen = Ink.IsTerminal && !Console.IsErrorRedirected;
    private long shownAt = TimeProvider.System.GetTimestamp();
    private bool isShown;

    /// <summary>Says how far; ten times a second at most. Any thread.</summary>
    public void Say(string text)
    {
        lock (gate)
        {
            if (isSeen && TimeProvider.System.GetElapsedTime(shownAt) >= Pace)
            {
                Console.Error.Write(ClearLine + text);
                (shownAt, isShown) = (TimeProvider.System.GetTimestamp(), true);
            }
        }
    }

    /// <summary>Takes the line away.</summary>
    public void Dispose()
    {
        if (isShown)
        {
            Console.Error.Write(ClearLine);
        }
    }
}
