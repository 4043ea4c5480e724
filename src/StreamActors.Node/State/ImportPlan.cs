using StreamActors.Node.Cli;

namespace StreamActors.Node.State;

/// <summary>What an import would do.</summary>
internal static class ImportPlan
{
    /// <summary>The offsets of all partitions of which shards have state: where that goes on, with the mark.</summary>
    /// <exception cref="RefusedException">The topics are not those that the state is of.</exception>
    /// <exception cref="Sources.SourceException">Kafka did not answer.</exception>
    public static async Task<IReadOnlyList<OffsetMove>> MovesAsync(
        GroupView kafka, IReadOnlyList<FileShard> shards, CancellationToken stop)
    {
        var positions = shards.SelectMany(static shard => shard.Head.Positions).ToList();
        var topics = positions.Select(static position => position.Partition.Topic).Distinct().ToList();
        var partitions = (await kafka.PartitionsAsync(topics, stop)).ToDictionary(static move => move.Partition);
        var moves = new List<OffsetMove>();
        foreach (var (partition, offset) in positions)
        {
            if (!partitions.TryGetValue(partition, out var now))
            {
                throw new RefusedException(
                    $"The export has state for {partition}, which Kafka does not have: the topic was made again with "
                    + "fewer partitions, or it is another cluster (--kafka).");
            }

            if (offset > now.End)
            {
                throw new RefusedException(
                    $"The export goes up to {partition}@{offset}, and Kafka's log ends at {now.End}: the topic was "
                    + "made again since, or it is another cluster (--kafka).");
            }

            moves.Add(now with
            {
                To = offset,
                HasState = true,
                Note = offset < now.First ? $"{Say.Count(now.First - offset)} behind it are gone from Kafka" : "",
            });
        }

        return moves;
    }

    /// <summary>The shards, as they are and as they would be.</summary>
    public static string Table(IReadOnlyList<ShardChange> changes)
    {
        var table = new TextTable("SHARD", "SAVED NOW (UTC)", "WOULD BE (UTC)", "KEYS", "BYTES");
        foreach (var (shard, import) in changes)
        {
            table.Add(
                shard.Name,
                shard.SavedAt is { } at ? Say.Moment(at) : "nothing saved",
                Say.Moment(import!.SavedAt),
                Say.Count(import.Keys),
                Say.Bytes(import.Bytes));
        }

        return $"{table}";
    }
}
