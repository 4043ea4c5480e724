using StreamActors.Node.Cli;

namespace StreamActors.Node.Load;

/// <summary>
/// Says once a second how a simulator gets on: on a terminal in one line that is written over, elsewhere in a line
/// each. That Kafka is away, and that it is back, is said once.
/// </summary>
internal sealed class LoadLines(LoadProducer producer)
{
    private readonly long startedAt = TimeProvider.System.GetTimestamp();
    private TimeSpan before;
    private long deliveredBefore;
    private string? trouble;

    /// <summary>Says how it gets on.</summary>
    public void Print()
    {
        Report(producer.Trouble);
        var elapsed = TimeProvider.System.GetElapsedTime(startedAt);
        var delivered = producer.Delivered;
        var rate = (delivered - deliveredBefore) / Math.Max((elapsed - before).TotalSeconds, 0.001);
        (before, deliveredBefore) = (elapsed, delivered);
        var line = $"{Say.Clock(elapsed)}  {Say.Rate(rate),12}  {Say.Count(delivered)} in all";
        Console.Write(Ink.IsTerminal ? $"\r{line}\e[K" : line + Environment.NewLine);
    }

    /// <summary>Leaves the line that is written over.</summary>
    public static void End()
    {
        if (Ink.IsTerminal)
        {
            Console.WriteLine();
        }
    }

    private void Report(string? now)
    {
        if (now is null == trouble is null)
        {
            return;
        }

        trouble = now;
        End();
        Console.WriteLine(now is null ? "Kafka answers again." : $"{now}; the city stands still until it does.");
    }
}
