using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using StreamActors.Kafka.Native;
using StreamActors.Records;
using Message = StreamActors.Kafka.Native.LibRdKafka.Message;

namespace StreamActors.Kafka;

/// <summary>
/// Puts a record's headers into the form of <see cref="RecordHeaders"/>, in a buffer that is used again for each.
/// One for a poll thread; a span it gave is valid until the next call.
/// </summary>
internal sealed unsafe class HeaderScratch
{
    private readonly ArrayBufferWriter<byte> bytes = new();

    /// <summary>The headers of a native message; empty when it has none.</summary>
    public ReadOnlySpan<byte> Of(Message* message)
    {
        nint headers;
        if (LibRdKafka.MessageHeaders(message, &headers) != 0)
        {
            return [];
        }

        bytes.ResetWrittenCount();
        byte* name;
        byte* value;
        nuint size;
        for (nuint index = 0; LibRdKafka.HeaderAt(headers, index, &name, &value, &size) == 0; index++)
        {
            Add(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name), new(value, (int)size), value == null);
        }

        return bytes.WrittenSpan;
    }

    /// <summary>The headers of a record that came through the managed client.</summary>
    public ReadOnlySpan<byte> Of(Confluent.Kafka.Headers? headers)
    {
        bytes.ResetWrittenCount();
        foreach (var header in headers ?? [])
        {
            var value = header.GetValueBytes();
            Add(Encoding.UTF8.GetBytes(header.Key), value, value is null);
        }

        return bytes.WrittenSpan;
    }

    private void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, bool isNull)
    {
        if (isNull)
        {
            RecordHeaders.WriteNull(bytes, name);
        }
        else
        {
            RecordHeaders.Write(bytes, name, value);
        }
    }
}
