using System.Buffers;
using System.Runtime.InteropServices;

namespace StreamActors.Records;

/// <summary>
/// A run of records of one partition, in offset order, copied out of the client's memory into one pooled arena.
/// The poll thread fills it, hands it to a shard's mailbox, and never touches it again; the shard's turn reads it and
/// gives it back by <see cref="Dispose"/>. One copy a record, no object a record.
/// </summary>
internal sealed class RecordBatch : IDisposable
{
    private const int InitialArena = 64 * 1024;

    private readonly List<Entry> entries = [];
    private byte[] arena = ArrayPool<byte>.Shared.Rent(InitialArena);

    /// <summary>The partition that the records come from.</summary>
    public PartitionId Source { get; private set; }

    /// <summary>How many records it holds.</summary>
    public int Count => entries.Count;

    /// <summary>How many bytes of keys, values and headers it holds.</summary>
    public int Bytes { get; private set; }

    /// <summary>The bytes that its arena takes.</summary>
    internal int Capacity => arena.Length;

    /// <summary>Empties the batch for records of another read.</summary>
    public void Reset(PartitionId source)
    {
        Source = source;
        Bytes = 0;
        entries.Clear();
    }

    /// <summary>Appends a copy of a record.</summary>
    /// <param name="offset">Its offset.</param>
    /// <param name="timestamp">
    /// Its time in milliseconds since 1970 (UTC), as Kafka has it; negative when it has none.
    /// </param>
    /// <param name="key">Its key; a null reference means no key, which is not the same as an empty one.</param>
    /// <param name="value">Its value; a null reference means a tombstone.</param>
    /// <param name="headers">Its headers, in the form of <see cref="RecordHeaders"/>; empty when it has none.</param>
    public void Add(
        long offset, long timestamp, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ReadOnlySpan<byte> headers)
    {
        var needed = key.Length + value.Length + headers.Length;
        if (needed > arena.Length - Bytes)
        {
            Grow(needed);
        }

        var start = Bytes;
        var room = arena.AsSpan(start);
        key.CopyTo(room);
        value.CopyTo(room[key.Length..]);
        headers.CopyTo(room[(key.Length + value.Length)..]);
        Bytes += needed;
        entries.Add(new Entry
        {
            Offset = offset,
            Timestamp = timestamp,
            Start = start,
            KeyLength = IsNull(key) ? -1 : key.Length,
            ValueLength = IsNull(value) ? -1 : value.Length,
            HeadersLength = headers.Length,
        });
    }

    /// <summary>The record at an index; its spans are valid until the batch is disposed or reset.</summary>
    public Record this[int index]
    {
        get
        {
            ref readonly var entry = ref CollectionsMarshal.AsSpan(entries)[index];
            return new Record(Source, in entry, arena);
        }
    }

    /// <summary>Gives the arena back to the pool. The batch must not be used afterwards.</summary>
    public void Dispose()
    {
        if (arena.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(arena);
            arena = [];
            entries.Clear();
        }
    }

    private static bool IsNull(ReadOnlySpan<byte> span) =>
        System.Runtime.CompilerServices.Unsafe.IsNullRef(ref MemoryMarshal.GetReference(span));

    private void Grow(int needed)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(arena.Length * 2, Bytes + needed));
        arena.AsSpan(0, Bytes).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(arena);
        arena = larger;
    }

    /// <summary>Where a record's parts lie in the arena: key, value and headers, one behind the other.</summary>
    internal struct Entry
    {
        public long Offset;
        public long Timestamp;
        public int Start;
        public int KeyLength;
        public int ValueLength;
        public int HeadersLength;
    }
}
