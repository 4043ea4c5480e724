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
    private int count;
    private long bytes;

    /// <summary>How many records are parked. Any thread.</summary>
    public int Count => Volatile.Read(ref count);

    /// <summary>Whether another record may be parked.</summary>
    public bool HasRoom => count < limits.Records && bytes < limits.Bytes;

    /// <summary>Why no other record may be parked, where that is so.</summary>
    /// <param name="stage">What it is parked for.</param>
    public Obstacle? Full(string stage) => HasRoom ? null : new Obstacle(
        StallReason.ParkingFull,
        stage,
        $"{Count} records with {bytes} bytes are parked for {stage}, as many as may be "
        + $"({nameof(PipelineLimits.Parking)})");

    /// <summary>Parks a record behind the others of its key.</summary>
    /// <returns>Whether it is the first one, and so may go on.</returns>
    public bool Add(ParkedRecord record)
    {
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
        Volatile.Write(ref count, count - 1);
        bytes -= record.Bytes;
        if (record.Behind is null && (isOrdered || record.IsOrdered))
        {
            keys.RemoveAt(record.KeyIndex);
            lastOfKey[record.KeyIndex] = null;
        }

        return record.Behind;
    }
}
