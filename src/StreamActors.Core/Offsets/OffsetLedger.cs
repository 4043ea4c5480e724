using StreamActors.Shards;

namespace StreamActors.Offsets;

/// <summary>
/// Steps 4 and 5 of a record's path, ack and commit: the ledger of one input of a shard. It counts, per record, what is
/// still to be done: handling it, and each of its outputs until the sink acknowledges it. The committable offset is the
/// lowest record that is not done; it never moves past a gap, whatever the order of the acknowledgements.
/// <para>Owned by the shard: only its turn calls it.</para>
/// </summary>
/// <remarks>
/// A ring of counters, one for each offset from the first uncompleted to the last received. It costs four bytes for
/// each offset in that span, nothing for each record that is done. A record that a snapshot carries is counted beside
/// the ring: it may take minutes, and holds back nobody.
/// </remarks>
internal sealed class OffsetLedger
{
    private const int InitialCapacity = 1024;

    private readonly int maxSpan;
    private readonly Dictionary<long, int> carried = [];
    private int[] pending = new int[InitialCapacity];
    private long first;
    private long next;

    /// <summary>Makes a ledger whose first record is expected at <paramref name="start"/>.</summary>
    /// <param name="start">The offset from which the input is read.</param>
    /// <param name="maxSpan">How many offsets may lie between the first uncompleted and the last received.</param>
    public OffsetLedger(long start, int maxSpan)
    {
        this.maxSpan = maxSpan;
        first = next = start;
    }

    /// <summary>The offset that may be committed: every record below it is done.</summary>
    public long Committable => first;

    /// <summary>The offset behind the last received record; a record below it was received before.</summary>
    public long Next => next;

    /// <summary>How many of the received records are not done. Looks at each of them.</summary>
    public long CountPending()
    {
        var count = (long)carried.Count;
        for (var offset = first; offset < next; offset++)
        {
            count += pending[Slot(offset)] > 0 ? 1 : 0;
        }

        return count;
    }

    /// <summary>How many things are still to be done for a received record; 0 = it is done.</summary>
    public int Left(long offset) =>
        carried.TryGetValue(offset, out var left) ? left
        : offset < first || offset >= next ? 0
        : pending[Slot(offset)];

    /// <summary>Whether a record at this offset can be received now; false while the span is at its bound.</summary>
    public bool HasRoomFor(long offset) => first == next || offset - first < maxSpan;

    /// <summary>
    /// Takes note of a record, which is then pending once, for its handling. Offsets that were skipped (compacted away,
    /// or markers of transactions) count as done.
    /// </summary>
    public void Receive(long offset)
    {
        if (first == next)
        {
            first = next = offset;
        }

        EnsureCapacity(offset - first + 1);
        while (next < offset)
        {
            pending[Slot(next++)] = 0;
        }

        pending[Slot(offset)] = 1;
        next = offset + 1;
    }

    /// <summary>
    /// A snapshot has this record, which is not done: it may be committed, since whoever restores the snapshot handles
    /// the record again. One that is done is left alone.
    /// </summary>
    public void Carry(long offset)
    {
        if (offset < first || offset >= next || pending[Slot(offset)] is not (> 0 and var left))
        {
            return;
        }

        carried.Add(offset, left);
        pending[Slot(offset)] = 0;
        SkipCompleted();
    }

    /// <summary>Expects the first record at another offset; none was received yet.</summary>
    public void StartAt(long offset) => first = next = offset;

    /// <summary>A record below the start that a snapshot carried; it is pending once.</summary>
    public void Restore(long offset) => carried.Add(offset, 1);

    /// <summary>
    /// One more thing must be done before this record is: an output of it, or a window that holds it.
    /// </summary>
    public void Retain(long offset)
    {
        if (carried.Count > 0 && carried.TryGetValue(offset, out var left))
        {
            carried[offset] = left + 1;
            return;
        }

        if (pending[Slot(CheckPending(offset))]++ == 0)
        {
            throw new EngineDefectException($"Offset {offset} was retained after it was completed.");
        }
    }

    /// <summary>One of the things to be done for this record is done.</summary>
    /// <returns>Whether it was the last one.</returns>
    public bool Complete(long offset)
    {
        if (carried.Count > 0 && carried.TryGetValue(offset, out var count))
        {
            return CompleteCarried(offset, count - 1);
        }

        var left = --pending[Slot(CheckPending(offset))];
        if (left < 0)
        {
            throw new EngineDefectException($"Offset {offset} was completed more often than it was retained.");
        }

        SkipCompleted();
        return left == 0;
    }

    private bool CompleteCarried(long offset, int left)
    {
        if (left == 0)
        {
            return carried.Remove(offset);
        }

        carried[offset] = left;
        return false;
    }

    private void SkipCompleted()
    {
        while (first < next && pending[Slot(first)] == 0)
        {
            first++;
        }
    }

    private long CheckPending(long offset) =>
        offset >= first && offset < next
            ? offset
            : throw new EngineDefectException($"Offset {offset} is not pending: those are {first} to {next - 1}.");

    private int Slot(long offset) => (int)(offset & (pending.Length - 1));

    private void EnsureCapacity(long span)
    {
        if (span <= pending.Length)
        {
            return;
        }

        var larger = new int[System.Numerics.BitOperations.RoundUpToPowerOf2((uint)span)];
        for (var offset = first; offset < next; offset++)
        {
            larger[(int)(offset & (larger.Length - 1))] = pending[Slot(offset)];
        }

        pending = larger;
    }
}
