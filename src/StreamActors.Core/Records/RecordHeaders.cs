using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace StreamActors.Records;

/// <summary>
/// Record headers as bytes, so that they travel in an arena: per header the length of the name, the name (UTF-8), the
/// length of the value (-1 = null), the value; lengths are 32-bit little-endian. Order and repetition are kept.
/// </summary>
public static class RecordHeaders
{
    /// <summary>Appends a header.</summary>
    internal static void Write(IBufferWriter<byte> output, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) =>
        Write(output, name, value, value.Length);

    /// <summary>Appends a header whose value is null.</summary>
    internal static void WriteNull(IBufferWriter<byte> output, ReadOnlySpan<byte> name) => Write(output, name, [], -1);

    /// <summary>Appends a header whose value is text, written as UTF-8.</summary>
    internal static void Write(IBufferWriter<byte> output, ReadOnlySpan<byte> name, string value)
    {
        var length = Encoding.UTF8.GetByteCount(value);
        WriteName(output, name, length);
        Encoding.UTF8.GetBytes(value, output.GetSpan(length));
        output.Advance(length);
    }

    /// <summary>The headers in the order in which they were written.</summary>
    public static Enumerator Read(ReadOnlySpan<byte> headers) => new(headers);

    private static void Write(
        IBufferWriter<byte> output, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, int valueLength)
    {
        WriteName(output, name, valueLength);
        output.Write(value);
    }

    private static void WriteName(IBufferWriter<byte> output, ReadOnlySpan<byte> name, int valueLength)
    {
        var span = output.GetSpan(name.Length + (2 * sizeof(int)));
        BinaryPrimitives.WriteInt32LittleEndian(span, name.Length);
        name.CopyTo(span[sizeof(int)..]);
        BinaryPrimitives.WriteInt32LittleEndian(span[(sizeof(int) + name.Length)..], valueLength);
        output.Advance(name.Length + (2 * sizeof(int)));
    }

    /// <summary>Walks through headers without copying them; <c>foreach</c> works on it.</summary>
    public ref struct Enumerator
    {
        private ReadOnlySpan<byte> rest;

        internal Enumerator(ReadOnlySpan<byte> headers)
        {
            rest = headers;
            Current = default;
        }

        /// <summary>The header that the last <see cref="MoveNext"/> reached.</summary>
        public Header Current { get; private set; }

        /// <summary>Itself, for <c>foreach</c>.</summary>
        public readonly Enumerator GetEnumerator() => this;

        /// <summary>Steps to the next header; false behind the last one.</summary>
        public bool MoveNext()
        {
            if (rest.IsEmpty)
            {
                return false;
            }

            var name = Take(BinaryPrimitives.ReadInt32LittleEndian(Take(sizeof(int))));
            var valueLength = BinaryPrimitives.ReadInt32LittleEndian(Take(sizeof(int)));
            Current = new Header(name, Take(Math.Max(valueLength, 0)), valueLength < 0);
            return true;
        }

        private ReadOnlySpan<byte> Take(int length)
        {
            var taken = rest[..length];
            rest = rest[length..];
            return taken;
        }
    }

    /// <summary>One header.</summary>
    public readonly ref struct Header
    {
        internal Header(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, bool isNull)
        {
            Name = name;
            Value = value;
            IsNull = isNull;
        }

        /// <summary>Its name, as UTF-8.</summary>
        public ReadOnlySpan<byte> Name { get; }

        /// <summary>Its value; empty when null.</summary>
        public ReadOnlySpan<byte> Value { get; }

        /// <summary>Whether its value is null.</summary>
        public bool IsNull { get; }
    }
}
