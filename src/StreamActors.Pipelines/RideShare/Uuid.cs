using System.Buffers;
using System.Buffers.Binary;

namespace StreamActors.Pipelines.RideShare;

/// <summary>
/// UUIDs as text, in the forms that the original accepts: with dashes, without, with dashes in braces, and with dashes
/// behind <c>urn:uuid:</c>; in either case.
/// </summary>
internal static class Uuid
{
    /// <summary>The length of the canonical form.</summary>
    public const int TextLength = 36;

    private const int DigitCount = 32;

    /// <summary>Reads a UUID.</summary>
    /// <param name="text">The text.</param>
    /// <param name="id">Its 128 bits, the first digit highest.</param>
    /// <param name="canonical">Whether the text is what <see cref="Write"/> would write.</param>
    public static bool TryRead(ReadOnlySpan<byte> text, out UInt128 id, out bool canonical)
    {
        id = default;
        canonical = text.Length == TextLength && !text.ContainsAnyInRange((byte)'A', (byte)'F');
        if (text.Length == DigitCount)
        {
            return TryReadDigits(text, out id);
        }

        if (text.StartsWith("urn:uuid:"u8))
        {
            text = text["urn:uuid:".Length..];
        }
        else if (text is [(byte)'{', .. var inner, (byte)'}'])
        {
            text = inner;
        }

        if (text.Length != TextLength || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-')
        {
            return false;
        }

        Span<byte> digits = stackalloc byte[DigitCount];
        text[..8].CopyTo(digits);
        text[9..13].CopyTo(digits[8..]);
        text[14..18].CopyTo(digits[12..]);
        text[19..23].CopyTo(digits[16..]);
        text[24..].CopyTo(digits[20..]);
        return TryReadDigits(digits, out id);
    }

    /// <summary>Writes a UUID in lower case with dashes.</summary>
    public static void Write(UInt128 id, Span<byte> destination) => ToGuid(id).TryFormat(destination, out _);

    /// <summary>The 128 bits of a <see cref="Guid"/>, the first digit of its text highest.</summary>
    public static UInt128 FromGuid(Guid guid)
    {
        Span<byte> bytes = stackalloc byte[16];
        guid.TryWriteBytes(bytes, bigEndian: true, out _);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    private static Guid ToGuid(UInt128 id)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, id);
        return new Guid(bytes, bigEndian: true);
    }

    private static bool TryReadDigits(ReadOnlySpan<byte> digits, out UInt128 id)
    {
        Span<byte> bytes = stackalloc byte[16];
        var read = Convert.FromHexString(digits, bytes, out _, out _) == OperationStatus.Done;
        id = read ? BinaryPrimitives.ReadUInt128BigEndian(bytes) : default;
        return read;
    }
}
