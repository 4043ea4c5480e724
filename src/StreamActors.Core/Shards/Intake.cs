using StreamActors.Offsets;
using StreamActors.Records;
using StreamActors.Sinks;
using StreamActors.Snapshots;

namespace StreamActors.Shards;

/// <summary>
/// What a shard takes in: batches wait in the mailbox, and a turn hands the records of one to their routes, as far as
/// there is room. Owned by the shard: only its turn calls it, but for what says otherwise.
/// </summary>
/// <param name="host">What the shards of the pipeline share.</param>
/// <param name="context">The shard's.</param>
/// <param name="runners">The routes, one for each input.</param>
/// <param name="cycle">How a store keeps the state; null without a store.</param>
internal sealed class Intake(ShardHost host, ShardContext context, IRouteRunner[] runners, SnapshotCycle? cycle)
{
    private readonly Mailbox mailbox = new(host.Limits.MailboxRecords, host.Limits.MailboxBytes);
    private Mailbox.Letter current;
    private int position;

    /// <summary>Whether another batch may be posted. Any thread.</summary>
    public bool HasRoom => mailbox.HasRoom;

    /// <summary>Whether records of an input wait.</summary>
    public bool Holds(int input) => mailbox.Holds(input);

    /// <summary>The record that was read and could not be taken, for want of room; null where none is.</summary>
    public (int Input, long Offset)? Next =>
        current.Batch is null ? null : (current.Input, current.Batch[position].Offset);

    /// <summary>Takes a batch of an input. Called by the poll thread.</summary>
    public void Post(int input, RecordBatch batch) => mailbox.Post(new Mailbox.Letter(input, batch));

    /// <summary>Handles records until the batch ends or something has no room.</summary>
    /// <returns>Whether another batch can be handled at once.</returns>
    public bool HandleBatch()
    {
        if (current.Batch is null && !mailbox.TryTake(out current))
        {
            return false;
        }

        var (ledger, runner) = (context.Ledgers[current.Input], runners[current.Input]);
        while (position < current.Batch.Count)
        {
            var record = current.Batch[position];
            var origin = new Origin(current.Input, record.Offset, record.Timestamp);
            if (record.Offset < ledger.Next)
            {
                runner.Counts.Repeated++;
            }
            else if (HasRoomFor(record.Offset, ledger, runner) && IsEventTime(in record, origin))
            {
                ledger.Receive(record.Offset);
                runner.Handle(in record, origin);
                ledger.Complete(record.Offset);
            }
            else
            {
                return false;
            }

            position++;
        }

        FinishBatch();
        return !mailbox.IsEmpty;
    }

    /// <summary>Gives back all batches: what is in them was never started.</summary>
    public void Discard()
    {
        do
        {
            if (current.Batch is not null)
            {
                FinishBatch();
            }
        }
        while (mailbox.TryTake(out current));
        current = default;
    }

    private bool HasRoomFor(long offset, OffsetLedger ledger, IRouteRunner runner)
    {
        if (!runner.HasRoom)
        {
            runner.OnTime();
            runner.MakeRoom();
        }

        return runner.HasRoom && context.Outbox.HasRoom && ledger.HasRoomFor(offset)
            && cycle?.HasRoomFor(current.Input, offset) is null or true;
    }

    /// <summary>Lets what waits for the record's time go first.</summary>
    /// <returns>False where the outbox had no room for all of it, or has none left for the record.</returns>
    private bool IsEventTime(in Record record, Origin origin)
    {
        runners[origin.Input].TellTime(in record, origin);
        if (!context.EventClock.IsDue)
        {
            return true;
        }

        for (var i = 0; context.EventClock.IsDue && i < runners.Length; i++)
        {
            runners[i].OnTime();
        }

        return !context.EventClock.IsDue && context.Outbox.HasRoom;
    }

    private void FinishBatch()
    {
        context.EventClock.Heard(current.Input, context.Now);
        var hasRoomAgain = mailbox.Done(current);
        host.Batches.Return(current.Batch);
        (current, position) = (default, 0);
        if (hasRoomAgain)
        {
            host.Wake();
        }
    }
}
