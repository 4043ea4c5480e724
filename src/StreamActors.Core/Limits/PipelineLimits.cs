using StreamActors.Configuration;
using StreamActors.Snapshots;

namespace StreamActors.Limits;

/// <summary>
/// Every bound of a pipeline, in one place. What a node keeps in memory for one owned partition is at most
/// <c>MailboxBytes + BatchBytes</c> (the last batch may overshoot) of records, twice <c>OutboxBytes</c> of outputs for
/// each sink, <c>WindowBytes</c> twice for each window (one fills while the other is flushed), <c>Parking.Bytes</c>
/// for a route that calls, 4 bytes for each of <c>UncommittedRecords</c>; and, for the whole pipeline,
/// <c>DedupBytes</c>. The largest single record is the broker's limit, 1 MB by default, and may stand above each bound
/// once.
/// </summary>
public sealed record PipelineLimits
{
    /// <summary>
    /// Records that wait in a shard's mailbox before its partition is held. More smooths bursts, costs memory.
    /// </summary>
    public int MailboxRecords { get; init; } = 4_000;

    /// <summary>Bytes that wait in a shard's mailbox before its partition is held.</summary>
    public int MailboxBytes { get; init; } = 1024 * 1024;

    /// <summary>Records that one turn handles at most: the longest that a shard keeps a thread to itself.</summary>
    public int BatchRecords { get; init; } = 1_000;

    /// <summary>Bytes that one read appends at most.</summary>
    public int BatchBytes { get; init; } = 512 * 1024;

    /// <summary>
    /// Outputs that gather for a sink while it works on others; at the bound the shard takes no turns.
    /// </summary>
    public int OutboxRecords { get; init; } = 1_024;

    /// <summary>Bytes of outputs that gather for a sink.</summary>
    public int OutboxBytes { get; init; } = 512 * 1024;

    /// <summary>
    /// Bytes that a window holds; at the bound it is flushed early, which costs outputs, never records.
    /// </summary>
    public int WindowBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Offsets between a partition's first uncompleted record and its last; at the bound it is held.</summary>
    public int UncommittedRecords { get; init; } = 1024 * 1024;

    /// <summary>
    /// Bytes that the ids of all shards take, 22 to 28 an id; at the bound the oldest ids go before their time.
    /// </summary>
    public long DedupBytes { get; init; } = 80L * 1024 * 1024;

    /// <summary>
    /// Entities that a shard keeps active; at the bound the longest idle one is passivated. With a store those stay on
    /// top that are not saved yet (<c>CommitRecords</c> as a rule, <c>UncommittedRecords</c> while the store is away),
    /// or have a timer.
    /// </summary>
    public int EntitiesPerShard { get; init; } = 100_000;

    /// <summary>
    /// Bytes of an entity that a store keeps: its key, its state as its codec writes it, and its timers; 8 MB at most,
    /// for which Redis stands still for 50 ms. At the bound the shard begins again from its last save, once, and the
    /// record that makes the entity larger becomes a dead letter.
    /// </summary>
    public int EntityBytes { get; init; } = 1024 * 1024;

    /// <summary>
    /// Timers that the entities of a shard have set, some 400 bytes each; at the bound a call that sets a new one
    /// fails: its record becomes a dead letter. Moving a timer that is set always works.
    /// </summary>
    public int TimersPerShard { get; init; } = 200_000;

    /// <summary>
    /// What a shard parks for the calls of <c>MapAsync</c>, and as much again for each kind of entity whose states are
    /// read; at a bound its partition is held, unless <see cref="ParkingLimits.WhenFull"/> says otherwise.
    /// </summary>
    public ParkingLimits Parking { get; init; } = new();

    /// <summary>Reads the bounds over those that the code gives; mistakes are the reader's.</summary>
    internal static PipelineLimits Read(SettingsReader reader, PipelineLimits given)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ArgumentNullException.ThrowIfNull(given);
        // The ranges end where sums and doublings of 32 bits would, with room to spare; no machine gets there first.
        const int Records = 10_000_000;
        const int Bytes = 512 * 1024 * 1024;
        var parking = reader.Section(nameof(Parking));
        return new PipelineLimits
        {
            MailboxRecords = reader.Number(nameof(MailboxRecords), given.MailboxRecords, 1, Records),
            MailboxBytes = reader.Number(nameof(MailboxBytes), given.MailboxBytes, 1, Bytes),
            BatchRecords = reader.Number(nameof(BatchRecords), given.BatchRecords, 1, Records),
            BatchBytes = reader.Number(nameof(BatchBytes), given.BatchBytes, 1, Bytes),
            OutboxRecords = reader.Number(nameof(OutboxRecords), given.OutboxRecords, 1, Records),
            OutboxBytes = reader.Number(nameof(OutboxBytes), given.OutboxBytes, 1, Bytes),
            WindowBytes = reader.Number(nameof(WindowBytes), given.WindowBytes, 1, Bytes),
            UncommittedRecords = reader.Number(
                nameof(UncommittedRecords), given.UncommittedRecords, 1, 256 * 1024 * 1024),
            DedupBytes = reader.Number(nameof(DedupBytes), given.DedupBytes, 1, 64L * 1024 * 1024 * 1024),
            EntitiesPerShard = reader.Number(nameof(EntitiesPerShard), given.EntitiesPerShard, 1, Records),
            EntityBytes = reader.Number(nameof(EntityBytes), given.EntityBytes, 1024, StateChunk.MaxEntry),
            TimersPerShard = reader.Number(nameof(TimersPerShard), given.TimersPerShard, 1, Records),
            Parking = new ParkingLimits
            {
                Records = parking.Number(nameof(ParkingLimits.Records), given.Parking.Records, 1, Records),
                Bytes = parking.Number(nameof(ParkingLimits.Bytes), given.Parking.Bytes, 1, Bytes),
                Age = parking.Time(
                    nameof(ParkingLimits.Age), given.Parking.Age, TimeSpan.Zero, TimeSpan.FromDays(1_000)),
                WhenFull = parking.OneOf(nameof(ParkingLimits.WhenFull), given.Parking.WhenFull),
            },
        };
    }
}

/// <summary>
/// The bounds of what a shard parks: records that wait for their call, its result, or its next attempt.
/// </summary>
public sealed record ParkingLimits
{
    /// <summary>Records that are parked. Each takes some 300 bytes beside its own.</summary>
    public int Records { get; init; } = 10_000;

    /// <summary>Bytes of their keys, values and headers.</summary>
    public int Bytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>
    /// How long a record may be parked in one process; zero = as long as its calls take. For calls alone.
    /// </summary>
    public TimeSpan Age { get; init; }

    /// <summary>What is done at a bound; what waits for the state of its entity always holds the partition.</summary>
    public WhenParkingFull WhenFull { get; init; }
}

/// <summary>What a shard does where as much is parked for calls as may be, or something for too long.</summary>
public enum WhenParkingFull
{
    /// <summary>It takes no further record until there is room: the partition is held, nothing is given up.</summary>
    Hold,

    /// <summary>
    /// The record that has been parked longest is given up, its call too: it goes to the dead-letter topic of its
    /// route, which must have one, and the next record of its key goes on.
    /// </summary>
    DeadLetterOldest,
}
