using StreamActors.Records;
using StreamActors.Shards;

namespace StreamActors.Sources;

/// <summary>
/// Finds out where assigned partitions start, and makes it so for good: a start that was not committed is committed
/// before the first record is read, so that a crash right after it, and every later change of owner, skips nothing.
/// Called by the poll thread.
/// </summary>
internal sealed class StartResolver(IGroupConsumer client, ITurnScheduler scheduler, StartAt setting, TimeSpan limit)
{
    private readonly HashSet<string> readTopics = [];

    // Starts whose commit has no known outcome: asked again, the answer is the same, as the commit may still arrive.
    private readonly Dictionary<PartitionId, long> decided = [];

    /// <summary>Where partitions of one topic start, and whether a store has state for that.</summary>
    /// <exception cref="SourceException">The broker did not answer in time; nothing was changed.</exception>
    public IReadOnlyList<(PartitionOffset Place, bool HasState)> Resolve(
        string topic, IReadOnlyCollection<PartitionId> assigned)
    {
        var committed = client.CommittedOffsets(topic, limit);
        var hasRead = readTopics.Contains(topic);
        var wanted = StartPolicy.IsFirstStart(committed, hasRead)
            ? [.. committed.Select(static each => each.Partition).Union(assigned)]
            : assigned;
        var starts = new List<(PartitionOffset, bool)>();
        var fresh = new List<PartitionOffset>();
        foreach (var partition in wanted)
        {
            var start = StartPolicy.Decide(partition, committed, hasRead, setting);
            var place = new PartitionOffset(partition, OffsetOf(partition, start));
            if (start.Kind != StartKind.Committed)
            {
                fresh.Add(place);
            }

            if (assigned.Contains(partition))
            {
                starts.Add((place, start.HasState));
            }
        }

        if (fresh.Exists(place => !assigned.Contains(place.Partition)))
        {
            // Another member may have started at the same moment: what it has committed since stays.
            var since = client.CommittedOffsets(topic, limit).Where(static each => each.Committed is not null)
                .Select(static each => each.Partition).Except(assigned).ToHashSet();
            fresh.RemoveAll(place => since.Contains(place.Partition));
        }

        Commit(fresh);
        fresh.ForEach(place => decided.Remove(place.Partition));
        readTopics.Add(topic);
        return starts;
    }

    private long OffsetOf(PartitionId partition, Start start)
    {
        if (start.Kind == StartKind.Committed)
        {
            return start.Offset;
        }

        if (!decided.TryGetValue(partition, out var offset))
        {
            var (first, end) = client.Bounds(partition, limit);
            decided[partition] = offset = start.Kind == StartKind.First ? first : end;
        }

        return offset;
    }

    private void Commit(List<PartitionOffset> starts)
    {
        if (starts.Count == 0)
        {
            return;
        }

        var commit = client.CommitAsync(starts);
        if (!scheduler.WaitUntil(() => commit.IsCompleted, limit))
        {
            throw new SourceException($"The coordinator did not acknowledge the start within {limit.TotalSeconds} s.");
        }

        if (!commit.IsCompletedSuccessfully)
        {
            var why = commit.Exception?.InnerException;
            throw new SourceException($"The start could not be committed: {why?.Message ?? "it was cancelled."}", why!);
        }
    }
}
