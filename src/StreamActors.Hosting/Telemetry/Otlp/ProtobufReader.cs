using System.Buffers.Binary;

namespace StreamActors.Hosting;

/// <summary>Reads a message of Protocol Buffers field by field. What it cannot read ends the message.</summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message)
{
    private ReadOnlySpan<byte> rest = message;

    /// <summary>The number of the current field.</summary>
    public int Field { get; private set; }

    /// <summary>Its value, where it is a number.</summary>
    public ulong Number { get; private set; }

    /// <summary>Its bytes, where it is a text or a message.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>Goes to the next field.</summary>
    public bool Next()
    {
        Number = 0;
        Bytes = [];
        if (!TryVarint(out var tag))
        {
            return false;
        }

        Field = (int)(tag >> 3);
        switch (tag & 7)
        {
            case 0:
                var isWhole = TryVarint(out var number);
                Number = number;
                return isWhole;
            case 1 when rest.Length >= sizeof(ulong):
                Number = BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)));
                return true;
            case 2 when TryVarint(out var length) && length <= (ulong)rest.Length:
                Bytes = Take((int)length);
                return true;
            case 5 when rest.Length >= sizeof(uint):
                Number = BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)));
                return true;
            default:
                return false;
        }
    }

    private bool TryVarint(out ulong value)
    {
        value = 0;
        for (var shift = 0; shift < 64 && !rest.IsEmpty; shift += 7)
        {
            var next = Take(1)[0];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return true;
            }
        }

        return false;
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        var taken = rest[..count];
        rest = rest[count..];
        return taken;
    }
}
