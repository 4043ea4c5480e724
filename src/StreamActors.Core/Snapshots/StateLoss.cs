using StreamActors.Events;
using StreamActors.Records;
using StreamActors.Shards;

namespace StreamActors.Snapshots;

/// <summary>
/// Sees that a store does not have what the group's commit stands for: a commit comes behind its save, so a snapshot
/// that ends in front of the committed offset, or none, is one that the store has lost since. What then, the pipeline
/// says (<see cref="LostState"/>). Owned by the shard: only its turn calls it, but for what says otherwise.
/// </summary>
/// <param name="claim">The shard's claim.</param>
/// <param name="context">The shard's.</param>
internal sealed class StateLoss(ShardClaim claim, ShardContext context)
{
    private static readonly RestoredShard Nothing = new(null, []);

    /// <summary>Reads the snapshot, unless the shard begins empty in any case.</summary>
    /// <param name="lazy">The parts that read their keys themselves.</param>
    /// <param name="stop">Ends the wait.</param>
    /// <exception cref="SnapshotException">The snapshot cannot be used.</exception>
    /// <exception cref="StateStoreException">The store did not answer.</exception>
    public Task<RestoredShard> ReadAsync(IReadOnlyCollection<string> lazy, CancellationToken stop) => claim.Discards
        ? Task.FromResult(Nothing)
        : ShardRestore.ReadAsync(context.Stored!, claim.Shard, lazy, stop);

    /// <summary>What the shard begins with.</summary>
    /// <param name="restored">What was read.</param>
    /// <exception cref="SnapshotException">It stands still.</exception>
    public RestoredShard Judge(RestoredShard restored)
    {
        if (claim.Discards)
        {
            return BeginEmpty("what its store has cannot be used, and OnLostState is Discard");
        }

        if (claim.IsRemade && restored.Head is not null)
        {
            return BeginWithout(
                "a topic of it was made again, and its snapshot is of the old one",
                $"A topic of the shard {claim.Shard} was made again, and its snapshot is of the old one.");
        }

        if (!claim.Expects)
        {
            return restored;
        }

        if (restored.Head is not { } head)
        {
            return BeginWithout(
                "its store has nothing of it any more",
                $"The store has nothing of the shard {claim.Shard} any more, and what was committed of it stands for "
                + "state that was saved: the store was emptied, or it is another one.");
        }

        var behind = BehindOf(head).ToList();
        if (behind.Count == 0)
        {
            return restored;
        }

        switch (claim.OnLostState)
        {
            case LostState.Discard:
                return BeginEmpty($"its snapshot ends at {behind[0].To}, in front of {behind[0].Committed}, which is "
                    + "committed, and OnLostState is Discard");
            case LostState.Fail:
                throw new SnapshotException(
                    $"The snapshot of the shard {claim.Shard} ends at {behind[0].To}, in front of "
                    + $"{behind[0].Committed}, which is committed: its store has lost the saves in between.");
            default:
                foreach (var (committed, to) in behind)
                {
                    claim.Opened.Counters.AddRewound(committed.Offset - to);
                    context.Events.Report(new EngineEvent.StateRewound(context.Pipeline, committed, to));
                }

                return restored;
        }
    }

    private RestoredShard BeginWithout(string why, string message)
    {
        if (claim.OnLostState == LostState.Discard)
        {
            return BeginEmpty($"{why}, and OnLostState is Discard");
        }

        return context.Parts.TrueForAll(static part => part.IsExpendable)
            ? BeginEmpty($"{why}. It kept ids of dedup: repeated records pass once more")
            : throw new SnapshotException(message);
    }

    private RestoredShard BeginEmpty(string why)
    {
        context.Events.Report(new EngineEvent.StateDiscarded(context.Pipeline, claim.Shard, why));
        return Nothing;
    }

    private IEnumerable<(PartitionOffset Committed, long To)> BehindOf(ShardHead head)
    {
        foreach (var (partition, to) in head.Positions)
        {
            for (var input = 0; input < context.Inputs.Count; input++)
            {
                if (context.Inputs[input] == partition && context.Ledgers[input].Next > to)
                {
                    yield return (new PartitionOffset(partition, context.Ledgers[input].Next), to);
                }
            }
        }
    }
}
