using StreamActors.Entities;
using StreamActors.Records;
using StreamActors.Sinks;

namespace StreamActors.Windows;

/// <summary>
/// What a window holds until its flush: the bytes of records with their keys and origins, in the order in which their
/// entities first appeared. The bytes are the validated ones of the source, headers included, so that holding a record
/// costs one copy into a slab and no object, one that is given up is whole, and a snapshot has nothing to serialise.
/// <para>Owned by the shard: only its turn calls it.</para>
/// </summary>
internal sealed class WindowBuffer(ulong seed)
{
    private const int InitialSlots = 16;

    private readonly KeyTable keys = new(seed);
    private Slot[] slots = new Slot[InitialSlots];
    private byte[] bytes = new byte[4 * 1024];
    private int used;

    /// <summary>How many records it holds.</summary>
    public int Count { get; private set; }

    /// <summary>The bytes of the records that it holds, overwritten ones included.</summary>
    public int Bytes => used;

    /// <summary>Holds a record in the place of the entity's earlier one.</summary>
    /// <returns>The origin of the record that was replaced; null where there was none.</returns>
    public Origin? Put(ReadOnlySpan<byte> key, scoped in Record record, Origin origin)
    {
        var index = keys.GetOrAdd(key, out var added);
        if (added)
        {
            Append(in record, origin);
            return null;
        }

        ref var slot = ref slots[index];
        var replaced = slot.Origin;
        slot.Origin = origin;
        Store(ref slot, in record);
        return replaced;
    }

    /// <summary>Holds a record behind all others.</summary>
    public void Append(scoped in Record record, Origin origin)
    {
        if (Count == slots.Length)
        {
            Array.Resize(ref slots, slots.Length * 2);
        }

        ref var slot = ref slots[Count++];
        slot = new Slot { Origin = origin };
        Store(ref slot, in record);
    }

    /// <summary>The record at an index, as it came; valid until the next change of the buffer.</summary>
    public Record RecordAt(int index, PartitionId source)
    {
        ref readonly var slot = ref slots[index];
        var place = new RecordBatch.Entry
        {
            Offset = slot.Origin.Offset,
            Timestamp = slot.Origin.Timestamp,
            Start = slot.Start,
            KeyLength = slot.KeyLength,
            ValueLength = slot.ValueLength,
            HeadersLength = slot.HeadersLength,
        };
        return new Record(source, in place, bytes);
    }

    /// <summary>The origin of the record at an index.</summary>
    public Origin OriginAt(int index) => slots[index].Origin;

    /// <summary>The entity's key at an index, where every record was put under one.</summary>
    public ReadOnlySpan<byte> KeyAt(int index) => keys.KeyAt(index).Span;

    /// <summary>Forgets all records and keeps the memory.</summary>
    public void Clear()
    {
        keys.Clear();
        Count = 0;
        used = 0;
    }

    private void Store(ref Slot slot, scoped in Record record)
    {
        var whole = record.Bytes;
        var needed = whole.Length;
        if (needed > slot.Room)
        {
            if (needed > bytes.Length - used)
            {
                Array.Resize(ref bytes, Math.Max(bytes.Length * 2, used + needed));
            }

            slot.Start = used;
            slot.Room = needed;
            used += needed;
        }

        slot.KeyLength = record.HasKey ? record.Key.Length : -1;
        slot.ValueLength = record.IsTombstone ? -1 : record.Value.Length;
        slot.HeadersLength = record.Headers.Length;
        whole.CopyTo(bytes.AsSpan(slot.Start));
    }

    private struct Slot
    {
        public Origin Origin;
        public int Start;
        public int Room;
        public int KeyLength;
        public int ValueLength;
        public int HeadersLength;
    }
}
