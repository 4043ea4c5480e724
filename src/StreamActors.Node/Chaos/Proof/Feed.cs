using System.Globalization;

namespace StreamActors.Node.Chaos;

/// <summary>What goes into one of the routes.</summary>
/// <param name="Index">Its place among all.</param>
/// <param name="Name">The route's name, and the end of its topic's.</param>
/// <param name="Partitions">Partitions of its topic.</param>
internal sealed record Feed(int Index, string Name, int Partitions)
{
    /// <summary>Straight to the entities.</summary>
    public static Feed Chain { get; } = new(0, "chain", 8);

    /// <summary>Through the slow service.</summary>
    public static Feed Calls { get; } = new(1, "calls", 4);

    /// <summary>Both.</summary>
    public static IReadOnlyList<Feed> All { get; } = [Chain, Calls];

    /// <summary>The name of a key.</summary>
    public string KeyOf(int number) => string.Create(CultureInfo.InvariantCulture, $"{Name}-{number}");

    /// <summary>The partition of a key: the producer chooses it, so that all have the same traffic.</summary>
    public int PartitionOf(int number) => number % Partitions;

    /// <summary>Whose key it is, and the key's number.</summary>
    /// <exception cref="FormatException">It is nobody's.</exception>
    public static (Feed Feed, int Number) Find(string key)
    {
        foreach (var feed in All)
        {
            if (key.Length > feed.Name.Length
                && key.StartsWith(feed.Name, StringComparison.Ordinal)
                && key[feed.Name.Length] == '-'
                && int.TryParse(
                    key.AsSpan(feed.Name.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                return (feed, number);
            }
        }

        throw new FormatException($"{key} is the key of no feed.");
    }
}
