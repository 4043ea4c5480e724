using System.Globalization;
using System.Text;
using StreamActors.Records;
using StreamActors.Shards;
using StreamActors.Sinks;
using StreamActors.Stalls;

namespace StreamActors.Parked;

/// <summary>
/// A record that waits for its call, the call's result, its next attempt, or the state of its entity: its own bytes, so
/// that each attempt reads a fresh value, what is given up is whole, and a snapshot has nothing to serialise. The bytes
/// do not change.
/// </summary>
internal sealed class ParkedRecord
{
    /// <summary>The bytes that one takes beside its own, as an object with its places in queues.</summary>
    public const int Overhead = 300;

    private readonly PartitionId source;
    private readonly RecordBatch.Entry place;
    private readonly byte[] bytes;
    private readonly int entityKeyStart;

    /// <summary>Copies a record with its entity's key.</summary>
    public ParkedRecord(in Keyed from)
    {
        var record = from.Record;
        source = record.Source;
        Origin = from.Origin;
        entityKeyStart = record.Bytes.Length;
        bytes = new byte[entityKeyStart + from.EntityKey.Length];
        record.Bytes.CopyTo(bytes);
        from.EntityKey.CopyTo(bytes.AsSpan(entityKeyStart));
        place = new RecordBatch.Entry
        {
            Offset = record.Offset,
            Timestamp = record.Timestamp,
            KeyLength = record.HasKey ? record.Key.Length : -1,
            ValueLength = record.IsTombstone ? -1 : record.Value.Length,
            HeadersLength = record.Headers.Length,
        };
    }

    /// <summary>The record, as it came.</summary>
    public Record Record => new(source, in place, bytes);

    /// <summary>The key of its entity.</summary>
    public ReadOnlySpan<byte> EntityKey => bytes.AsSpan(entityKeyStart);

    /// <summary>The record with its entity's key.</summary>
    public Keyed Keyed => new() { Record = Record, EntityKey = EntityKey, Origin = Origin };

    /// <summary>Whether it has a place behind the other records of its key.</summary>
    public bool IsOrdered => place.KeyLength >= 0 || entityKeyStart < bytes.Length;

    /// <summary>Where it came from.</summary>
    public Origin Origin { get; }

    /// <summary>The shard's event time when it was parked, its own included.</summary>
    public long Watermark { get; init; } = Origin.NoEventTime;

    /// <summary>The bytes that it takes.</summary>
    public int Bytes => bytes.Length;

    /// <summary>Attempts so far. Only the shard's turn touches it, as the next four.</summary>
    public int Attempts { get; set; }

    /// <summary>Attempts of which it is known that they failed: one that is cut off is made again.</summary>
    public int Failed { get; set; }

    /// <summary>Whether a cut had it.</summary>
    public bool IsSaved { get; set; }

    /// <summary>Where its key stands in <see cref="Parking"/>.</summary>
    public int KeyIndex { get; set; }

    /// <summary>When it was parked, in milliseconds; as the next two, the business of <see cref="Parking"/>.</summary>
    public long ParkedAt { get; set; }

    /// <summary>The record that was parked before it; null = there is none.</summary>
    public ParkedRecord? Older { get; set; }

    /// <summary>The record that was parked after it; null = there is none.</summary>
    public ParkedRecord? Newer { get; set; }

    /// <summary>The next record of its key; null = there is none.</summary>
    public ParkedRecord? Behind { get; set; }

    /// <summary>The error of its last call that failed, as pages show it; null where none did.</summary>
    public string? LastError { get; set; }

    /// <summary>The key as pages show it; null where it has none.</summary>
    public string? KeyText => place.KeyLength < 0 ? null : Shards.KeyText.Of(Record.Key);

    /// <summary>Whether a record is this one, or stands behind it.</summary>
    public bool Leads(Origin origin)
    {
        for (var each = this; each is not null; each = each.Behind)
        {
            if (each.Origin.IsOf(origin))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Says what it and the records behind it wait for, for people who look.</summary>
    public IEnumerable<Kept> Keep(Obstacle obstacle)
    {
        for (var each = this; each is not null; each = each.Behind)
        {
            var key = each.place.KeyLength < 0 ? null : each.Record.Key.ToArray();
            var what = each == this ? obstacle.Why : "waits behind another record of its key";
            yield return new Kept(key, what, obstacle.Due);
        }
    }

    /// <summary>What an attempt is told.</summary>
    public Call ToCall(int attempt) => new(
        Encoding.UTF8.GetString(Record.Key),
        Record.DateOf(Origin.EventTime),
        attempt,
        string.Create(CultureInfo.InvariantCulture, $"{source.Topic}/{source.Number}/{place.Offset}"));
}
