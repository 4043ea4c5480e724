using System.Buffers.Binary;
using StreamActors.Records;
using StreamActors.Snapshots;

namespace StreamActors.Parked;

/// <summary>
/// The parked records of a shard, as its snapshots have them: each under its input and offset, written once, however
/// long it waits. Owned by the shard: only its turn calls it.
/// </summary>
internal sealed class SavedRecords
{
    private readonly HashSet<ParkedRecord> parked = [];
    private readonly List<ParkedRecord> fresh = [];
    private readonly List<ParkedRecord> gone = [];
    private readonly SnapshotWriter value = new();

    /// <summary>Whether a cut has something to forget.</summary>
    public bool HasChanges => gone.Count > 0;

    /// <summary>A record is parked.</summary>
    public void Add(ParkedRecord record)
    {
        parked.Add(record);
        fresh.Add(record);
    }

    /// <summary>A parked record is done, or given up.</summary>
    public void Remove(ParkedRecord record)
    {
        parked.Remove(record);
        if (record.IsSaved)
        {
            gone.Add(record);
        }
    }

    /// <summary>Says which came and which went; all that are parked are in the cut.</summary>
    public void Cut(SnapshotCut cut)
    {
        Span<byte> key = stackalloc byte[sizeof(int) + sizeof(long)];
        foreach (var record in gone)
        {
            WriteKey(key, record);
            cut.Keys.Remove(key);
        }

        foreach (var record in cut.IsWhole ? (IEnumerable<ParkedRecord>)parked : fresh.Where(parked.Contains))
        {
            WriteKey(key, record);
            value.Clear();
            RecordImage.Write(value, record.Keyed);
            value.Write(record.Failed);
            value.Write(record.Watermark);
            cut.Keys.Put(key, value.Seal().Span);
            record.IsSaved = true;
        }

        foreach (var record in parked)
        {
            cut.Carry(record.Origin);
        }

        gone.Clear();
        fresh.Clear();
    }

    /// <summary>The records that were saved, in the order in which they were parked.</summary>
    /// <param name="part">What was saved.</param>
    /// <param name="inputs">The shard's inputs.</param>
    public static IReadOnlyList<ParkedRecord> Load(RestoredPart part, IReadOnlyList<PartitionId> inputs)
    {
        var records = new List<ParkedRecord>();
        foreach (var (key, bytes) in part.Entries)
        {
            var what = $"a parked record ({Convert.ToHexString(key.Span)})";
            var input = SnapshotReader.Open(bytes.Span, part.Shard, what);
            var image = RecordImage.Read(ref input, part, inputs);
            var failed = (int)input.ReadNumber();
            records.Add(new ParkedRecord(in image)
            {
                Attempts = failed,
                Failed = failed,
                IsSaved = true,
                Watermark = input.ReadNumber(),
            });
        }

        // Along each input the event time only grows; between inputs it is what tells who came first.
        return
        [
            .. records.OrderBy(static record => record.Watermark)
                .ThenBy(static record => record.Origin.Input).ThenBy(static record => record.Origin.Offset),
        ];
    }

    private static void WriteKey(Span<byte> key, ParkedRecord record)
    {
        BinaryPrimitives.WriteInt32LittleEndian(key, record.Origin.Input);
        BinaryPrimitives.WriteInt64LittleEndian(key[sizeof(int)..], record.Origin.Offset);
    }
}
