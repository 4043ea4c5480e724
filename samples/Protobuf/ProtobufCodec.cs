using System.Buffers;
using System.Buffers.Binary;
using Google.Protobuf;
using StreamActors;

namespace Ordering;

/// <summary>
/// Protobuf messages, as they are or in a schema registry's frame: a zero, the schema's id (32 bits, big-endian), and
/// which message of the schema it is. The first one is a single zero; only that is written and read. Any id is read:
/// Protobuf itself bears other versions of a message.
/// <para>
/// Without the frame, no bytes are refused, though they are a message with nothing set: a tombstone looks the same.
/// Refusing what only the parser can tell costs an exception, some microseconds.
/// </para>
/// </summary>
/// <param name="parser">The generated class has it: <c>Order.Parser</c>.</param>
/// <param name="schemaId">The id to write, for values in a frame; null = they have none.</param>
public sealed class ProtobufCodec<T>(MessageParser<T> parser, int? schemaId = null) : ICodec<T>
    where T : IMessage<T>
{
    private const int FrameBytes = 6;

    private static readonly string NoMessage = $"is not the Protobuf of a {typeof(T).Name}";

    public bool TryRead(ReadOnlySpan<byte> bytes, out T value, out Rejection rejection)
    {
        value = default!;
        rejection = new Rejection("", bytes.IsEmpty ? "is empty" : schemaId is null ? "" : ProblemOfFrame(bytes));
        if (rejection.Problem.Length > 0)
        {
            return false;
        }

        try
        {
            value = parser.ParseFrom(schemaId is null ? bytes : bytes[FrameBytes..]);
            rejection = default;
            return true;
        }
        catch (InvalidProtocolBufferException)
        {
            rejection = new Rejection("", NoMessage);
            return false;
        }
    }

    public void Write(scoped in T value, IBufferWriter<byte> output)
    {
        if (schemaId is { } id)
        {
            var frame = output.GetSpan(FrameBytes)[..FrameBytes];
            frame.Clear();
            BinaryPrimitives.WriteInt32BigEndian(frame[1..], id);
            output.Advance(FrameBytes);
        }

        value.WriteTo(output);
    }

    private static string ProblemOfFrame(ReadOnlySpan<byte> bytes) =>
        bytes[0] != 0 ? "is not in a schema registry's frame: its first byte is not zero"
        : bytes.Length < FrameBytes ? "is cut in the middle of a schema registry's frame"
        : bytes[FrameBytes - 1] != 0 ? "is not the first message of its schema"
        : "";
}
