using StreamActors.Kafka;
using StreamActors.Node.Cli;

namespace StreamActors.Node.State;

/// <summary>What a command would do to state and offsets, as tables.</summary>
internal static class PlanPage
{
    /// <summary>The offsets that would move or lose their mark; those that stay as they are are counted.</summary>
    public static string Offsets(IReadOnlyList<OffsetMove> moves)
    {
        var moved = moves.Where(static move => move.Before != move.After).ToList();
        var table = new TextTable("TOPIC", "PARTITION", "COMMITTED", "WOULD BE", "RECORDS", "");
        foreach (var move in moved)
        {
            table.Add(
                move.Partition.Topic,
                $"{move.Partition.Number}",
                Text(move.Before),
                Text(move.After),
                move.Skipped switch
                {
                    0 => "–",
                    > 0 => $"{Say.Count(move.Skipped)} skipped",
                    _ => $"{Say.Count(-move.Skipped)} again",
                },
                move.Note);
        }

        var same = moves.Count - moved.Count;
        return (moved.Count == 0 ? "" : $"{table}")
            + (same == 0 ? "" : $"{Say.Of(same, "committed offset")} would stay.{Environment.NewLine}");
    }

    /// <summary>The state that would go.</summary>
    public static string Deleted(IReadOnlyList<ShardReport> shards)
    {
        if (shards.Count == 0)
        {
            return $"No state would go.{Environment.NewLine}";
        }

        var table = new TextTable("SHARD", "SAVED (UTC)", "KEYS", "LOGS", "MEMORY", "");
        foreach (var shard in shards)
        {
            table.Add(
                shard.Stored.Name,
                shard.Stored.SavedAt is { } at ? Say.Moment(at) : "–",
                Say.Count(shard.Keys),
                Say.Bytes(shard.LogBytes),
                Say.Bytes(shard.Memory),
                shard.Stored.HasSave ? "would be deleted" : "what an earlier deletion left");
        }

        return $"{table}";
    }

    /// <summary>The last line of a dry run.</summary>
    public static string DryRun(string group, IReadOnlyList<KafkaGroupMember> members) =>
        (GroupChange.Refusal(group, members) is { } why
            ? $"{Ink.Bad("It would be refused now.")} {why}{Environment.NewLine}"
            : "")
        + $"{Ink.Strong("Nothing was changed.")} Say --yes to do it.";

    private static string Text(CommittedOffset? offset) => offset is not { } found
        ? "–"
        : $"{found.Place.Offset}{(found.HasState ? " with state" : "")}";
}
