using StreamActors.Records;
using StreamActors.Shards;
using StreamActors.Sinks;

namespace StreamActors.Snapshots;

/// <summary>A record that is not done, with its entity's key, as snapshots hold it.</summary>
internal static class RecordImage
{
    /// <summary>Appends a record.</summary>
    public static void Write(SnapshotWriter output, in Keyed from)
    {
        var record = from.Record;
        output.Write(from.Origin.Input);
        output.Write(record.Offset);
        output.Write(record.Timestamp);
        output.Write(from.Origin.EventTime);
        output.Write(record.HasKey ? record.Key.Length : -1);
        output.Write(record.IsTombstone ? -1 : record.Value.Length);
        output.Write(record.Headers.Length);
        output.Write(record.Bytes);
        output.Write(from.EntityKey);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <param name="input">What was saved.</param>
    /// <param name="saved">The part that it belongs to.</param>
    /// <param name="inputs">The inputs of the shard.</param>
    /// <exception cref="SnapshotException">The shard has no such input any more.</exception>
    public static Keyed Read(ref SnapshotReader input, RestoredPart saved, IReadOnlyList<PartitionId> inputs)
    {
        var at = saved.InputOf((int)input.ReadNumber());
        var (offset, timestamp, eventTime) = (input.ReadNumber(), input.ReadNumber(), input.ReadNumber());
        var place = new RecordBatch.Entry
        {
            Offset = offset,
            Timestamp = timestamp,
            KeyLength = (int)input.ReadNumber(),
            ValueLength = (int)input.ReadNumber(),
            HeadersLength = (int)input.ReadNumber(),
        };
        var bytes = input.ReadBytes().ToArray();
        return new Keyed
        {
            Record = new Record(inputs[at], in place, bytes),
            EntityKey = input.ReadBytes().ToArray(),
            Origin = new Origin(at, offset, timestamp) { EventTime = eventTime },
        };
    }
}
