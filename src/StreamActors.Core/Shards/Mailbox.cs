using StreamActors.Records;

namespace StreamActors.Shards;

/// <summary>
/// What waits for a shard's turns: batches in the order in which they were read. Bounded in records and in bytes by its
/// user: the poll thread posts only while there is room, which is what holds a partition. One lock per batch.
/// </summary>
internal sealed class Mailbox(int maxRecords, int maxBytes)
{
    private readonly Lock sync = new();
    private readonly Queue<Letter> letters = new();
    private int handled = -1;    // the input of the batch that a turn works on
    private int records;
    private int bytes;

    /// <summary>Whether the poll thread may post another batch. What a turn works on still counts.</summary>
    public bool HasRoom => Volatile.Read(ref records) < maxRecords && Volatile.Read(ref bytes) < maxBytes;

    /// <summary>Whether nothing waits.</summary>
    public bool IsEmpty
    {
        get
        {
            lock (sync)
            {
                return letters.Count == 0;
            }
        }
    }

    /// <summary>Whether a batch of an input waits, or is being handled.</summary>
    public bool Holds(int input)
    {
        lock (sync)
        {
            return handled == input || letters.Any(letter => letter.Input == input);
        }
    }

    /// <summary>Puts a batch behind the others.</summary>
    public void Post(Letter letter)
    {
        lock (sync)
        {
            letters.Enqueue(letter);
            records += letter.Batch.Count;
            bytes += letter.Batch.Bytes;
        }
    }

    /// <summary>Takes the oldest batch, which counts until <see cref="Done"/>.</summary>
    public bool TryTake(out Letter letter)
    {
        lock (sync)
        {
            var isTaken = letters.TryDequeue(out letter);
            handled = isTaken ? letter.Input : -1;
            return isTaken;
        }
    }

    /// <summary>A batch that was taken needs its room no longer.</summary>
    /// <returns>Whether there is room now, and was none before.</returns>
    public bool Done(Letter letter)
    {
        lock (sync)
        {
            handled = -1;
            var wasFull = records >= maxRecords || bytes >= maxBytes;
            records -= letter.Batch.Count;
            bytes -= letter.Batch.Bytes;
            return wasFull && HasRoom;
        }
    }

    /// <summary>A batch of one of the shard's inputs.</summary>
    internal readonly record struct Letter(int Input, RecordBatch Batch);
}
