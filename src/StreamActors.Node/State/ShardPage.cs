using System.Text;
using StreamActors.Node.Cli;
using StreamActors.Snapshots;

namespace StreamActors.Node.State;

/// <summary>All that there is to know of a shard, for people.</summary>
internal static class ShardPage
{
    private const int Label = 12;

    /// <summary>The page of a shard.</summary>
    public static string Of(ShardReport shard)
    {
        var stored = shard.Stored;
        var text = new StringBuilder().AppendLine(Ink.Strong(stored.Shard));
        if (stored.IsForeign)
        {
            Line("unreadable", shard.Trouble ?? "");
            return text.ToString();
        }

        Line("token", stored.Token.Length == 0
            ? "none: it was never claimed, or somebody deleted its head"
            : $"{stored.Token}, generation {stored.Generation}");
        Line("owner", stored.ClaimedAt is { } claimed ? $"{stored.Owner}, since {Say.Moment(claimed)}" : "none");
        if (!stored.HasSave)
        {
            Line("save", "nothing is saved");
            return text.ToString();
        }

        Line("save", $"{stored.Current.Number} ({stored.Current.Save}) of "
            + $"{(stored.SavedAt is { } at ? Say.Moment(at) : "an unknown time")}, "
            + (stored.IsSettled ? "applied" : $"half applied: {stored.Applied} of {stored.Staged} pieces"));
        Line("base", stored.Current.Base);
        Line("memory", Say.Bytes(shard.Memory));
        if (shard.Head is not { } head)
        {
            Line("damaged", shard.Trouble ?? "");
            return text.ToString();
        }

        for (var input = 0; input < head.Positions.Count; input++)
        {
            var time = head.EventTimes[input];
            Line(input == 0 ? "positions" : "", $"{head.Positions[input]}"
                + (time > 0 ? $", event time {Say.Moment(DateTimeOffset.FromUnixTimeMilliseconds(time))}" : ""));
        }

        return text.Append(Parts(shard, head)).ToString();

        void Line(string name, string value) => text.AppendLine($"{name.PadRight(Label)}{value}");
    }

    private static TextTable Parts(ShardReport shard, ShardHead head)
    {
        var table = new TextTable("PART", "KEYS", "LOG", "HEAD");
        foreach (var (part, size) in head.Parts.Zip(shard.Parts))
        {
            table.Add(
                part.Name,
                size.Keys is { } keys ? Say.Count(keys) : "",
                size.LogBytes is { } log ? Say.Bytes(log) : "",
                Say.Bytes(part.Head.Length));
        }

        return table;
    }
}
