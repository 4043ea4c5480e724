using StreamActors.Shards;
using StreamActors.Sinks;
using StreamActors.Snapshots;

namespace StreamActors.Stalls;

/// <summary>
/// Finds what is in the way of a shard's inputs: it asks whoever has the lowest record that is not done, and, where
/// none is, why the next one is not taken. Nothing is kept for it between two turns: the poll thread asks where a
/// position stands still, and the next turn answers.
/// </summary>
/// <param name="context">The shard's.</param>
/// <param name="runners">The routes, one for each input.</param>
/// <param name="intake">What the shard takes in.</param>
/// <param name="cycle">How a store keeps the state; null without a store.</param>
internal sealed class ShardInspector(
    ShardContext context, IRouteRunner[] runners, Intake intake, SnapshotCycle? cycle)
{
    private const long NotAsked = long.MaxValue;

    private long askedAt = NotAsked;
    private volatile ShardView? view;

    /// <summary>The last answer; null before. Any thread.</summary>
    public ShardView? View => view;

    /// <summary>Asks. Called by the poll thread.</summary>
    public void Ask(long now)
    {
        Interlocked.CompareExchange(ref askedAt, now, NotAsked);
        context.RequestTurn();
    }

    /// <summary>How long no turn has answered, in milliseconds. Called by the poll thread.</summary>
    public long Unanswered(long now) => Math.Max(now - Volatile.Read(ref askedAt), 0);

    /// <summary>Answers, where somebody has asked. Called at the end of a turn.</summary>
    public void AnswerIfAsked()
    {
        if (Volatile.Read(ref askedAt) == NotAsked)
        {
            return;
        }

        view = new ShardView(
            context.Now,
            [.. runners.Select((_, input) => OfRecord(input))],
            [.. runners.Select((_, input) => OfSave(input))],
            cycle?.Progress);
        Volatile.Write(ref askedAt, NotAsked);
    }

    private Obstacle? OfRecord(int input)
    {
        if (cycle is { IsRestored: false })
        {
            return OfRestore(cycle);
        }

        var ledger = context.Ledgers[input];
        return ledger.Committable < ledger.Next ? OfHolder(input, ledger.Committable) : OfNext();
    }

    /// <summary>What a record waits for that was received and is not done.</summary>
    private Obstacle OfHolder(int input, long offset)
    {
        var origin = new Origin(input, offset, 0);
        var found = runners[input].Find(origin) ?? context.Outbox.Find(origin) ?? new Obstacle(
            StallReason.Unknown, "", "nobody has the record: a defect of the engine, please report it");
        var lane = found.NeedsRoom ? context.Outbox.Full : null;
        return (lane is null ? found : lane with { Key = found.Key }) with { Offset = offset };
    }

    /// <summary>Why the next record is not taken; null where none waits. It may be another input's.</summary>
    private Obstacle? OfNext()
    {
        if (intake.Next is not { } next)
        {
            return null;
        }

        var ledger = context.Ledgers[next.Input];
        return runners[next.Input].Full is { } full ? (full.NeedsRoom ? context.Outbox.Full ?? full : full)
            : context.Outbox.Full is { } lane ? lane
            : !ledger.HasRoomFor(next.Offset) ? OfHolder(next.Input, ledger.Committable)
            : cycle?.HasRoomFor(next.Input, next.Offset) == false ? OfBound(next.Input)
            : null;
    }

    private Obstacle OfBound(int input) => OfSave(input) ?? new Obstacle(
        StallReason.Uncommitted,
        "",
        $"{context.Limits.UncommittedRecords} records are not saved and committed (UncommittedRecords)");

    private Obstacle OfRestore(SnapshotCycle restoring) => restoring.Trouble is { } error
        ? new Obstacle(StallReason.Store, context.Store!.Store.Name, error)
        {
            IsTrouble = true,
            Due = restoring.NextDue,
        }
        : new Obstacle(
            StallReason.Restoring,
            context.Store!.Store.Name,
            restoring.Progress?.ToString() ?? "its state is being restored")
        {
            IsTrouble = true,
        };

    /// <summary>Why what is done of an input is not saved; null where it is, or is not due.</summary>
    private Obstacle? OfSave(int input)
    {
        if (cycle is not { IsRestored: true } || cycle.Durable(input) >= context.Ledgers[input].Committable)
        {
            return null;
        }

        var store = context.Store!.Store.Name;
        return cycle.Awaited is { } mark ? context.Outbox.Behind(mark)
            : cycle.Trouble is { } error ? new Obstacle(StallReason.Store, store, error)
            {
                IsTrouble = true,
                Due = cycle.NextDue,
            }
            : cycle.IsAsking ? new Obstacle(StallReason.Store, store, $"{store} has not answered a save yet")
            : null;
    }
}
