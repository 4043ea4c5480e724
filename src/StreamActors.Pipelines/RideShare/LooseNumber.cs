using System.Buffers;
using System.Globalization;
using System.Text;
using StreamActors.Pipelines.RideShare.Json;

namespace StreamActors.Pipelines.RideShare;

/// <summary>
/// Numbers that are not written as the field wants them, read as the original's pydantic reads them in its lax mode:
/// <c>true</c> and <c>false</c> are 1 and 0; a string is a number when it is one between white space (of Unicode), with
/// an optional sign, leading zeros, and single underscores between digits; for a float also with an exponent, and
/// without digits before or behind the point; for an integer only with zeros behind the point.
/// <para>
/// Two deviations, so that what leaves is always JSON: what is not finite (<c>"nan"</c>, <c>"inf"</c>, 1e400) is
/// refused, where the original would publish <c>NaN</c>; and a string is a number up to <see cref="JsonText.MaxShort"/>
/// bytes.
/// </para>
/// </summary>
internal static class LooseNumber
{
    /// <summary>The most digits of an integer: beyond it Python refuses the conversion.</summary>
    public const int MaxDigits = 4300;

    private static readonly SearchValues<byte> FloatSymbols = SearchValues.Create("0123456789+-.eE_"u8);
    private static readonly SearchValues<byte> WholeSymbols = SearchValues.Create("0123456789_"u8);

    /// <summary>Whether a value is a finite number.</summary>
    public static bool IsFinite(JsonToken token, ReadOnlySpan<byte> bytes) => token.Kind switch
    {
        JsonKind.Integer or JsonKind.MinusZero or JsonKind.Fraction
            when token.Length <= EventSchema.PlainLength => true,
        _ => TryRead(token, bytes, out _),
    };

    /// <summary>Reads a finite number.</summary>
    public static bool TryRead(JsonToken token, ReadOnlySpan<byte> bytes, out double number)
    {
        number = 0;
        switch (token.Kind)
        {
            case JsonKind.True:
                number = 1;
                return true;
            case JsonKind.False:
                return true;
            case JsonKind.Integer or JsonKind.MinusZero or JsonKind.Fraction or JsonKind.Exponent:
                return TryParse(token.In(bytes), out number);
            case JsonKind.Text or JsonKind.EscapedText:
                Span<byte> scratch = stackalloc byte[JsonText.MaxShort];
                return JsonText.TryReadShort(token, bytes, scratch, out var text)
                    && TryReadText(Trim(text), out number);
            default:
                return false;
        }
    }

    /// <summary>
    /// Reads a whole number, of any size where it is written as one, and within 64 bits where it has a fraction or an
    /// exponent.
    /// </summary>
    /// <param name="token">The value.</param>
    /// <param name="bytes">The record.</param>
    /// <param name="digits">
    /// Its digits, behind a minus where it is negative; room for <see cref="JsonText.MaxShort"/>.
    /// </param>
    /// <param name="length">How many bytes they take.</param>
    public static bool TryReadWhole(JsonToken token, ReadOnlySpan<byte> bytes, Span<byte> digits, out int length)
    {
        length = 0;
        switch (token.Kind)
        {
            case JsonKind.True or JsonKind.False:
                digits[length++] = token.Kind == JsonKind.True ? (byte)'1' : (byte)'0';
                return true;
            case JsonKind.Integer or JsonKind.MinusZero when token.Length <= JsonText.MaxShort:
                return TryReadWholeText(token.In(bytes), digits, out length);
            case JsonKind.Fraction or JsonKind.Exponent:
                return TryParse(token.In(bytes), out var number) && double.IsInteger(number)
                    && Math.Abs(number) < long.MaxValue && ((long)number).TryFormat(digits, out length);
            case JsonKind.Text or JsonKind.EscapedText:
                Span<byte> scratch = stackalloc byte[JsonText.MaxShort];
                return JsonText.TryReadShort(token, bytes, scratch, out var text)
                    && TryReadWholeText(Trim(text), digits, out length);
            default:
                return false;
        }
    }

    /// <summary>Writes a finite number so that it has a fraction or an exponent.</summary>
    /// <returns>How many bytes it took; at most 26.</returns>
    public static int Write(double number, Span<byte> destination)
    {
        number.TryFormat(destination, out var written, default, CultureInfo.InvariantCulture);
        if (!destination[..written].ContainsAny((byte)'.', (byte)'E'))
        {
            ".0"u8.CopyTo(destination[written..]);
            written += 2;
        }

        return written;
    }

    private static bool TryParse(ReadOnlySpan<byte> text, out double number) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number) && double.IsFinite(number);

    private static bool TryReadText(ReadOnlySpan<byte> text, out double number)
    {
        number = 0;

        // The parser knows "Infinity", and nulls at the end; we know none of them.
        if (text.ContainsAnyExcept(FloatSymbols))
        {
            return false;
        }

        if (!text.Contains((byte)'_'))
        {
            return TryParse(text, out number);
        }

        Span<byte> scratch = stackalloc byte[JsonText.MaxShort];
        return TryDropUnderscores(text, scratch, out var length) && TryParse(scratch[..length], out number);
    }

    private static bool TryDropUnderscores(ReadOnlySpan<byte> text, Span<byte> destination, out int length)
    {
        length = 0;
        if (text[0] == '_' || text[^1] == '_' || text.IndexOf("__"u8) >= 0)
        {
            return false;
        }

        foreach (var symbol in text)
        {
            if (symbol != '_')
            {
                destination[length++] = symbol;
            }
        }

        return true;
    }

    private static bool TryReadWholeText(ReadOnlySpan<byte> text, Span<byte> digits, out int length)
    {
        length = 0;
        var negative = text is [(byte)'-', ..];
        text = text is [(byte)'-' or (byte)'+', ..] ? text[1..] : text;
        var point = text.IndexOf((byte)'.');
        if (point >= 0)
        {
            if (point == text.Length - 1 || text[(point + 1)..].ContainsAnyExcept((byte)'0'))
            {
                return false;
            }

            text = text[..point];
        }

        Span<byte> scratch = stackalloc byte[JsonText.MaxShort];
        if (text.IsEmpty || text.ContainsAnyExcept(WholeSymbols)
            || !TryDropUnderscores(text, scratch, out var count))
        {
            return false;
        }

        ReadOnlySpan<byte> magnitude = scratch[..count].TrimStart((byte)'0');
        if (magnitude.IsEmpty)
        {
            digits[length++] = (byte)'0';
            return true;
        }

        if (negative)
        {
            digits[length++] = (byte)'-';
        }

        magnitude.CopyTo(digits[length..]);
        length += magnitude.Length;
        return true;
    }

    private static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text)
    {
        while (Rune.DecodeFromUtf8(text, out var first, out var length) == default && Rune.IsWhiteSpace(first))
        {
            text = text[length..];
        }

        while (Rune.DecodeLastFromUtf8(text, out var last, out var length) == default && Rune.IsWhiteSpace(last))
        {
            text = text[..^length];
        }

        return text;
    }
}
