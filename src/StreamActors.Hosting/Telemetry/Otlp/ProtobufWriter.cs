using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace StreamActors.Hosting;

/// <summary>Writes a message of Protocol Buffers: the few field types that OTLP's metrics have.</summary>
internal sealed class ProtobufWriter
{
    private readonly ArrayBufferWriter<byte> buffer = new();

    private enum WireType
    {
        Varint = 0,
        Fixed64 = 1,
        Length = 2,
    }

    /// <summary>What was written so far.</summary>
    public byte[] ToArray() => buffer.WrittenSpan.ToArray();

    /// <summary>Writes a message as a field.</summary>
    public void Message(int field, Action<ProtobufWriter> write)
    {
        var message = new ProtobufWriter();
        write(message);
        Bytes(field, message.buffer.WrittenSpan);
    }

    /// <summary>Writes a text.</summary>
    public void Text(int field, string text) => Bytes(field, Encoding.UTF8.GetBytes(text));

    /// <summary>Writes a whole number, an enum's or a Boolean's value.</summary>
    public void Varint(int field, ulong value)
    {
        Tag(field, WireType.Varint);
        Varint(value);
    }

    /// <summary>Writes a number of eight bytes.</summary>
    public void Fixed64(int field, ulong value)
    {
        Tag(field, WireType.Fixed64);
        Fixed64(value);
    }

    /// <summary>Writes a floating-point number.</summary>
    public void Double(int field, double value) => Fixed64(field, BitConverter.DoubleToUInt64Bits(value));

    /// <summary>Writes a list of numbers of eight bytes, packed.</summary>
    public void Fixed64s(int field, IReadOnlyCollection<ulong> values)
    {
        Tag(field, WireType.Length);
        Varint((ulong)values.Count * sizeof(ulong));
        foreach (var value in values)
        {
            Fixed64(value);
        }
    }

    /// <summary>Writes a list of floating-point numbers, packed.</summary>
    public void Doubles(int field, IEnumerable<double> values) =>
        Fixed64s(field, [.. values.Select(BitConverter.DoubleToUInt64Bits)]);

    private void Bytes(int field, ReadOnlySpan<byte> bytes)
    {
        Tag(field, WireType.Length);
        Varint((ulong)bytes.Length);
        buffer.Write(bytes);
    }

    private void Tag(int field, WireType type) => Varint(((ulong)field << 3) | (ulong)type);

    private void Fixed64(ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        buffer.Write(bytes);
    }

    private void Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            buffer.Write([(byte)(value | 0x80)]);
        }

        buffer.Write([(byte)value]);
    }
}
