using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace StreamActors.Snapshots;

/// <summary>Writes numbers, texts and bytes one behind the other: little-endian, each length in front.</summary>
internal sealed class SnapshotWriter
{
    private readonly ArrayBufferWriter<byte> output = new();
    private readonly ArrayBufferWriter<byte> inner = new();

    /// <summary>What was written.</summary>
    public ReadOnlyMemory<byte> Written => output.WrittenMemory;

    /// <summary>Makes one that begins with room for a checksum, for <see cref="Seal"/>.</summary>
    public static SnapshotWriter Sealed()
    {
        var writer = new SnapshotWriter();
        writer.Clear();
        return writer;
    }

    /// <summary>Begins again, with room for a checksum.</summary>
    public void Clear()
    {
        output.ResetWrittenCount();
        output.GetSpan(Checksum.Bytes)[..Checksum.Bytes].Clear();
        output.Advance(Checksum.Bytes);
    }

    /// <summary>Puts the checksum of what was written in front of it.</summary>
    /// <returns>Both; valid until the next <see cref="Clear"/>.</returns>
    public ReadOnlyMemory<byte> Seal()
    {
        Checksum.Seal(MemoryMarshal.AsMemory(output.WrittenMemory).Span);
        return output.WrittenMemory;
    }

    /// <summary>Appends a number.</summary>
    public void Write(long number)
    {
        BinaryPrimitives.WriteInt64LittleEndian(output.GetSpan(sizeof(long)), number);
        output.Advance(sizeof(long));
    }

    /// <summary>Appends an id.</summary>
    public void WriteId(UInt128 id)
    {
        BinaryPrimitives.WriteUInt128LittleEndian(output.GetSpan(16), id);
        output.Advance(16);
    }

    /// <summary>Appends bytes.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        Write((long)bytes.Length);
        BuffersExtensions.Write(output, bytes);
    }

    /// <summary>Appends bytes, or that there are none: not the same as no bytes.</summary>
    public void WriteOptional(byte[]? bytes)
    {
        Write(bytes is null ? 0L : 1L);
        Write(bytes);
    }

    /// <summary>Appends a text.</summary>
    public void Write(string text) => Write(Encoding.UTF8.GetBytes(text));

    /// <summary>Appends a value, by its codec.</summary>
    public void Write<T>(in T value, ICodec<T> codec)
    {
        inner.ResetWrittenCount();
        codec.Write(in value, inner);
        Write(inner.WrittenSpan);
    }
}

/// <summary>Reads what <see cref="SnapshotWriter"/> wrote.</summary>
/// <param name="bytes">The bytes.</param>
/// <param name="what">What they are, and of which shard, for messages.</param>
internal ref struct SnapshotReader(ReadOnlySpan<byte> bytes, (string Shard, string Part) what)
{
    private readonly (string Shard, string Part) what = what;
    private ReadOnlySpan<byte> rest = bytes;

    /// <summary>Whether all was read.</summary>
    public readonly bool IsAtEnd => rest.IsEmpty;

    /// <summary>Reads what <see cref="SnapshotWriter.Seal"/> gave.</summary>
    /// <param name="sealedBytes">The bytes with their checksum.</param>
    /// <param name="shard">The shard's name, for the message.</param>
    /// <param name="what">What it is, for the message.</param>
    /// <exception cref="SnapshotException">The checksum is another.</exception>
    public static SnapshotReader Open(ReadOnlySpan<byte> sealedBytes, string shard, string what) =>
        Checksum.TryOpen(sealedBytes, out var bytes)
            ? new SnapshotReader(bytes, (shard, what))
            : throw new SnapshotException(
                $"The snapshot of the shard {shard} is damaged: the checksum of {what} ({sealedBytes.Length} bytes) is "
                + "not that of its bytes.");

    /// <summary>Reads the value of a key.</summary>
    /// <param name="sealedBytes">The bytes with their checksum.</param>
    /// <param name="shard">The shard's name, for the message.</param>
    /// <param name="part">The part's name, for the message.</param>
    /// <param name="key">The key, for the message.</param>
    /// <exception cref="SnapshotException">The checksum is another.</exception>
    public static SnapshotReader Open(
        ReadOnlySpan<byte> sealedBytes, string shard, string part, ReadOnlySpan<byte> key) =>
        Checksum.TryOpen(sealedBytes, out var bytes)
            ? new SnapshotReader(bytes, (shard, part))
            : Open(sealedBytes, shard, $"{part} {Convert.ToHexString(key)}");

    /// <summary>The next number.</summary>
    public long ReadNumber() => BinaryPrimitives.ReadInt64LittleEndian(Take(sizeof(long)));

    /// <summary>The next id.</summary>
    public UInt128 ReadId() => BinaryPrimitives.ReadUInt128LittleEndian(Take(16));

    /// <summary>The next bytes.</summary>
    public ReadOnlySpan<byte> ReadBytes() => Take(ReadNumber());

    /// <summary>The next bytes, or null where there are none.</summary>
    public byte[]? ReadOptional()
    {
        var isThere = ReadNumber() == 1;
        var read = ReadBytes();
        return isThere ? read.ToArray() : null;
    }

    /// <summary>The next text.</summary>
    public string ReadText() => Encoding.UTF8.GetString(ReadBytes());

    /// <exception cref="SnapshotException">There are not as many bytes left.</exception>
    private ReadOnlySpan<byte> Take(long length)
    {
        if ((ulong)length > (ulong)rest.Length)
        {
            throw new SnapshotException(
                $"The snapshot of the shard {what.Shard} is of a form that this release does not know: {what.Part} "
                + $"ends {rest.Length} bytes behind a place where {length} are expected. Run the release that wrote "
                + "it.");
        }

        var taken = rest[..(int)length];
        rest = rest[(int)length..];
        return taken;
    }
}
