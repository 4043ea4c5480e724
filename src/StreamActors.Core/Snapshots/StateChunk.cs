using System.Buffers;
using System.Buffers.Binary;

namespace StreamActors.Snapshots;

/// <summary>
/// Changed keys of one part of a shard, in the form that a store is given. It is fixed, because a store's scripts read
/// it: for each key four bytes with its length, the key, four bytes with the value's length, the value; all lengths
/// little-endian. A key that is removed has the length <see cref="Removed"/> in place of a value.
/// </summary>
/// <param name="Part">The part.</param>
/// <param name="Bytes">The keys and values.</param>
internal readonly record struct StateChunk(string Part, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>
    /// A chunk that has reached this size is closed: a store handles one in some milliseconds, and nothing else
    /// meanwhile. A single value may be larger, up to <see cref="MaxEntry"/>.
    /// </summary>
    public const int Size = 256 * 1024;

    /// <summary>
    /// The most bytes of one key with its value. A store has nothing smaller to take a chunk apart into, so for as long
    /// as this takes it does nothing else (Redis: some 50 ms, measured), and eight of them on their way at once still
    /// pass through 13 MB/s within a time-out of 5 s.
    /// </summary>
    public const int MaxEntry = 8 * 1024 * 1024;

    /// <summary>The length that stands for no value.</summary>
    public const uint Removed = uint.MaxValue;
}

/// <summary>Writes the chunks of a save. Owned by the shard: only its turn calls it.</summary>
internal sealed class StateChunkWriter
{
    private readonly List<StateChunk> chunks = [];
    private ArrayBufferWriter<byte> current = new();
    private string part = "";

    /// <summary>The keys that were written since the last <see cref="TakeAll"/>, those removed included.</summary>
    public int Keys { get; private set; }

    /// <summary>What follows belongs to this part.</summary>
    public void Begin(string name)
    {
        Close();
        part = name;
    }

    /// <summary>A key has this value.</summary>
    public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        WriteLengthAnd(key);
        WriteLengthAnd(value);
        End();
    }

    /// <summary>A key has no value any more.</summary>
    public void Remove(ReadOnlySpan<byte> key)
    {
        WriteLengthAnd(key);
        WriteLength(StateChunk.Removed);
        End();
    }

    /// <summary>The chunks so far, which are the caller's; the writer begins anew.</summary>
    public IReadOnlyList<StateChunk> TakeAll()
    {
        Close();
        StateChunk[] taken = [.. chunks];
        chunks.Clear();
        Keys = 0;
        return taken;
    }

    private void End()
    {
        Keys++;
        if (current.WrittenCount >= StateChunk.Size)
        {
            Close();
        }
    }

    private void Close()
    {
        if (current.WrittenCount > 0)
        {
            chunks.Add(new StateChunk(part, current.WrittenMemory));
            current = new ArrayBufferWriter<byte>();
        }
    }

    private void WriteLengthAnd(ReadOnlySpan<byte> bytes)
    {
        WriteLength((uint)bytes.Length);
        current.Write(bytes);
    }

    private void WriteLength(uint length)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(current.GetSpan(sizeof(uint)), length);
        current.Advance(sizeof(uint));
    }
}
