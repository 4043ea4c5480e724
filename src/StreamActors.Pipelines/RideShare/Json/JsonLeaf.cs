using System.Numerics;
using System.Runtime.Intrinsics;

namespace StreamActors.Pipelines.RideShare.Json;

/// <summary>
/// Finds the ends of JSON values that hold no others. Every method takes the text and a position in it or at its end,
/// and gives the position behind the value, or <see cref="None"/>: positions in registers, nothing in memory, for these
/// loops are where a record's time goes.
/// </summary>
internal static class JsonLeaf
{
    /// <summary>There is no such value here.</summary>
    public const int None = -1;

    /// <summary>
    /// The end of a value in its usual form: a string without escapes, a number, a word, or a location that is a
    /// <see cref="JsonKind.Pair"/>. Any other value is left to <see cref="JsonScanner"/>.
    /// </summary>
    public static int UsualEnd(ReadOnlySpan<byte> bytes, int at, out JsonKind kind)
    {
        switch (ByteAt(bytes, at))
        {
            case (byte)'"':
                kind = JsonKind.Text;
                var quote = IndexOfSpecial(bytes, at + 1);
                return ByteAt(bytes, quote) == '"' ? quote + 1 : None;
            case (byte)'[':
                kind = JsonKind.Pair;
                return PairEnd(bytes, at);
            case (byte)'n' or (byte)'t' or (byte)'f':
                return WordEnd(bytes, at, out kind);
            default:
                return NumberEnd(bytes, at, out kind);
        }
    }

    /// <summary>The end of <c>null</c>, <c>true</c> or <c>false</c>.</summary>
    public static int WordEnd(ReadOnlySpan<byte> bytes, int at, out JsonKind kind)
    {
        var rest = bytes[at..];
        if (rest.StartsWith("null"u8))
        {
            kind = JsonKind.Null;
            return at + 4;
        }

        if (rest.StartsWith("true"u8))
        {
            kind = JsonKind.True;
            return at + 4;
        }

        kind = JsonKind.False;
        return rest.StartsWith("false"u8) ? at + 5 : None;
    }

    /// <summary>The end of a number; a digit behind a leading zero is left for the caller to trip over.</summary>
    public static int NumberEnd(ReadOnlySpan<byte> bytes, int at, out JsonKind kind)
    {
        var digits = ByteAt(bytes, at) == '-' ? at + 1 : at;
        var leadingZero = ByteAt(bytes, digits) == '0';
        var end = leadingZero ? digits + 1 : DigitsEnd(bytes, digits);
        kind = leadingZero && digits > at ? JsonKind.MinusZero : JsonKind.Integer;
        if (end == digits)
        {
            return None;
        }

        if (ByteAt(bytes, end) == '.')
        {
            kind = JsonKind.Fraction;
            digits = end + 1;
            end = DigitsEnd(bytes, digits);
            if (end == digits)
            {
                return None;
            }
        }

        if (ByteAt(bytes, end) is (byte)'e' or (byte)'E')
        {
            kind = JsonKind.Exponent;
            digits = ByteAt(bytes, end + 1) is (byte)'+' or (byte)'-' ? end + 2 : end + 1;
            end = DigitsEnd(bytes, digits);
            return end == digits ? None : end;
        }

        return end;
    }

    /// <summary>The end of a <see cref="JsonKind.Pair"/>.</summary>
    public static int PairEnd(ReadOnlySpan<byte> bytes, int at)
    {
        var comma = NumberEnd(bytes, at + 1, out var first);
        if (comma == None || first != JsonKind.Fraction || ByteAt(bytes, comma) != ',')
        {
            return None;
        }

        var close = NumberEnd(bytes, comma + 1, out var second);
        return close != None && second == JsonKind.Fraction && ByteAt(bytes, close) == ']' ? close + 1 : None;
    }

    /// <summary>The byte at a position; 0 at the end, which is no byte of JSON outside of strings.</summary>
    public static byte ByteAt(ReadOnlySpan<byte> bytes, int at) => (uint)at < (uint)bytes.Length ? bytes[at] : (byte)0;

    /// <summary>The next quote, backslash or control character, or the end of the text.</summary>
    public static int IndexOfSpecial(ReadOnlySpan<byte> bytes, int at)
    {
        while (at <= bytes.Length - Vector128<byte>.Count)
        {
            var chunk = Vector128.Create(bytes.Slice(at, Vector128<byte>.Count));
            var special = Vector128.Equals(chunk, Vector128.Create((byte)'"'))
                | Vector128.Equals(chunk, Vector128.Create((byte)'\\'))
                | Vector128.LessThan(chunk, Vector128.Create((byte)' '));
            var mask = special.ExtractMostSignificantBits();
            if (mask != 0)
            {
                return at + BitOperations.TrailingZeroCount(mask);
            }

            at += Vector128<byte>.Count;
        }

        while (at < bytes.Length && bytes[at] is not ((byte)'"' or (byte)'\\' or < (byte)' '))
        {
            at++;
        }

        return at;
    }

    private static int DigitsEnd(ReadOnlySpan<byte> bytes, int at)
    {
        while (at <= bytes.Length - Vector128<byte>.Count)
        {
            var chunk = Vector128.Create(bytes.Slice(at, Vector128<byte>.Count)) - Vector128.Create((byte)'0');
            var mask = Vector128.GreaterThan(chunk, Vector128.Create((byte)9)).ExtractMostSignificantBits();
            if (mask != 0)
            {
                return at + BitOperations.TrailingZeroCount(mask);
            }

            at += Vector128<byte>.Count;
        }

        while (at < bytes.Length && char.IsAsciiDigit((char)bytes[at]))
        {
            at++;
        }

        return at;
    }
}
