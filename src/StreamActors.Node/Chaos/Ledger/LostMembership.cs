using System.Globalization;

namespace StreamActors.Node.Chaos;

/// <summary>
/// A node that the group took for dead, as its log has it. Under a fault that does this it is no news; in peace it is
/// the explanation of what came twice: the machine was so busy that heartbeats stood still.
/// </summary>
/// <param name="Node">The node.</param>
/// <param name="At">When it learned so, in milliseconds of Unix time.</param>
internal sealed record LostMembership(string Node, long At)
{
    /// <summary>How a time stands in front of a line; universal time.</summary>
    public const string TimeFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";

    // The engine's log: partitions that were lost without a hand-over.
    private const string Event = "[1004]";

    /// <summary>All that the logs of a run tell of.</summary>
    public static async Task<IReadOnlyList<LostMembership>> FindAsync(string folder)
    {
        var found = new List<LostMembership>();
        foreach (var log in Directory.EnumerateFiles(folder, "node-*.log").Order(StringComparer.Ordinal))
        {
            var lines = await File.ReadAllLinesAsync(log);
            found.AddRange(lines.Where(static line => line.Contains(Event, StringComparison.Ordinal)).Select(line =>
                new LostMembership(
                    Path.GetFileNameWithoutExtension(log),
                    DateTimeOffset.ParseExact(
                        line[..TimeFormat.Length],
                        TimeFormat,
                        CultureInfo.InvariantCulture,
                        DateTimeStyles.AssumeUniversal).ToUnixTimeMilliseconds())));
        }

        return found;
    }
}
