using StreamActors.Offsets;
using StreamActors.Sinks;
using StreamActors.Snapshots;

namespace StreamActors.Shards;

/// <summary>What a shard's turn tells other threads of its ledgers, at its end: they read it at any time.</summary>
internal sealed class ShardProgress(OffsetLedger[] ledgers)
{
    private readonly long[] committable = [.. ledgers.Select(static ledger => ledger.Committable)];
    private readonly long[] done = [.. ledgers.Select(static ledger => ledger.Committable)];
    private readonly long[] next = [.. ledgers.Select(static ledger => ledger.Next)];
    private long watermark = Origin.NoEventTime;
    private long undone;
    private volatile bool isReading;

    /// <summary>
    /// The offsets that are not done, by what was last published; a shard that closes sets the count of its routes.
    /// </summary>
    public long Undone { get => Volatile.Read(ref undone); set => Volatile.Write(ref undone, value); }

    /// <summary>
    /// How far event time has come where an entity goes by it, in milliseconds since 1970 (UTC); null before.
    /// </summary>
    public long? Watermark => Volatile.Read(ref watermark) is var known and not Origin.NoEventTime ? known : null;

    /// <summary>Whether some of its state was not read yet.</summary>
    public bool IsReading => isReading;

    /// <summary>The offset of an input below which every record is done, saved or not.</summary>
    public long Done(int input) => Volatile.Read(ref done[input]);

    /// <summary>The offset of an input that may be committed.</summary>
    public long Committable(int input) => Volatile.Read(ref committable[input]);

    /// <summary>The offset of an input from which on no record was handled.</summary>
    public long Next(int input) => Volatile.Read(ref next[input]);

    /// <summary>Tells how the ledgers and the clock stand. Called by the turn.</summary>
    /// <param name="clock">The records' own time.</param>
    /// <param name="cycle">What decides about the committable offsets where a store has the state.</param>
    public void Publish(EventClock clock, SnapshotCycle? cycle)
    {
        var span = 0L;
        for (var input = 0; input < ledgers.Length; input++)
        {
            Volatile.Write(ref committable[input], cycle?.Durable(input) ?? ledgers[input].Committable);
            Volatile.Write(ref done[input], ledgers[input].Committable);
            Volatile.Write(ref next[input], ledgers[input].Next);
            span += ledgers[input].Next - ledgers[input].Committable;
        }

        Volatile.Write(ref watermark, clock.IsUsed ? clock.Now : Origin.NoEventTime);
        isReading = cycle is { IsReading: true };
        Undone = span;
    }
}
