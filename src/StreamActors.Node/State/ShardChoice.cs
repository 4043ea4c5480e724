using System.CommandLine;
using System.Globalization;
using StreamActors.Redis;

namespace StreamActors.Node.State;

/// <summary>Which shards of a group a command is about: all, those with a number, or one by its name.</summary>
/// <param name="Text">As it was asked for; null = all.</param>
internal sealed record ShardChoice(string? Text)
{
    /// <summary>All of a group.</summary>
    public static ShardChoice All { get; } = new((string?)null);

    /// <summary>How it is asked for.</summary>
    public static Option<string?> Option { get; } = new("--shard")
    {
        Description = "Only the shards of this partition number, or the one of this name: trips/0, entity Visits/3.",
        HelpName = "SHARD",
    };

    /// <summary>Whether a shard is one of them.</summary>
    public bool Takes(StoredShard shard) => Text is null || Text == shard.Name
        || (int.TryParse(Text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && shard.Number == number);

    /// <summary>For a sentence.</summary>
    public override string ToString() => Text is null ? "" : $" in the shard {Text}";
}
