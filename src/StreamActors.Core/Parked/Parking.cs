using StreamActors.Entities;
using StreamActors.Limits;
using StreamActors.Stalls;

namespace StreamActors.Parked;

/// <summary>
/// The records of a shard that are parked: a queue for each key, whose first record alone may go on; one without a key
/// is always first. Owned by the shard: only its turn calls it, but for what says otherwise.
/// </summary>
/// <param name="limits">How much may be parked.</param>
/// <param name="seed">The seed of the hash.</param>
/// <param name="isOrdered">Whether all records without a key are those of one, as entities have it.</param>
internal sealed class Parking(ParkingLimits limits, ulong seed, bool isOrdered = false)
{
    private readonly KeyTable keys = new(seed);
    private ParkedRecord?[] lastOfKey = new ParkedRecord?[16];
    private readonly long maxAge = limits.Age == TimeSpan.Zero ? long.MaxValue : (long)limits.Age.TotalMilliseconds;
    private ParkedRecord? newest;
    private int count;
    private long bytes;

    /// <summary>How many records are parked. Any thread.</summary>
    public int Count => Volatile.Read(ref count);

    /// <summary>The record that has been parked longest, the first of its key; null = there is none.</summary>
    public ParkedRecord? Oldest { get; private set; }

    /// <summary>
    /// When that is parked for too long, in milliseconds; <see cref="long.MaxValue"/> = never.
    /// </summary>
    public long OverdueAt => Oldest is null || maxAge == long.MaxValue ? long.MaxValue : Oldest.ParkedAt + maxAge;

    /// <summary>Whether another record may be parked.</summary>
    public bool HasRoom(long now) => count < limits.Records && bytes < limits.Bytes && now < OverdueAt;

    /// <summary>Why no other record may be parked, where that is so.</summary>
    /// <param name="now">The time in milliseconds.</param>
    /// <param name="stage">What it is parked for.</param>
    public Obstacle? Full(long now, string stage) => HasRoom(now) ? null : new Obstacle(
        StallReason.ParkingFull,
        stage,
        now >= OverdueAt
            ? $"a record is parked for {stage} for longer than may be ({nameof(PipelineLimits.Parking)}: {limits.Age})"
            : $"{Count} records with {bytes} bytes are parked for {stage}, as many as may be "
                + $"({nameof(PipelineLimits.Parking)})");

    /// <summary>Parks a record behind the others of its key.</summary>
    /// <returns>Whether it is the first one, and so may go on.</returns>
    public bool Add(ParkedRecord record, long now)
    {
        (record.ParkedAt, record.Older) = (now, newest);
        Oldest ??= record;
        if (newest is not null)
        {
            newest.Newer = record;
        }

        newest = record;
        Volatile.Write(ref count, count + 1);
        bytes += record.Bytes;
        if (!isOrdered && !record.IsOrdered)
        {
            return true;
        }

        record.KeyIndex = keys.GetOrAdd(record.EntityKey, out var isFirst);
        if (record.KeyIndex == lastOfKey.Length)
        {
            Array.Resize(ref lastOfKey, lastOfKey.Length * 2);
        }

        ref var last = ref lastOfKey[record.KeyIndex];
        if (!isFirst)
        {
            last!.Behind = record;
        }

        last = record;
        return isFirst;
    }

    /// <summary>The first record of its key is done.</summary>
    /// <returns>The next one, which may go on; null = there is none.</returns>
    public ParkedRecord? Remove(ParkedRecord record)
    {
        Unlink(record);
        Volatile.Write(ref count, count - 1);
        bytes -= record.Bytes;
        if (record.Behind is null && (isOrdered || record.IsOrdered))
        {
            keys.RemoveAt(record.KeyIndex);
            lastOfKey[record.KeyIndex] = null;
        }

        return record.Behind;
    }

    private void Unlink(ParkedRecord record)
    {
        if (record.Older is { } older)
        {
            older.Newer = record.Newer;
        }
        else
        {
            Oldest = record.Newer;
        }

        if (record.Newer is { } newer)
        {
            newer.Older = record.Older;
        }
        else
        {
            newest = record.Older;
        }

        (record.Older, record.Newer) = (null, null);
    }
}
