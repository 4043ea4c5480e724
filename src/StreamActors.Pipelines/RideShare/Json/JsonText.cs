using System.Text;

namespace StreamActors.Pipelines.RideShare.Json;

/// <summary>What the strings of a JSON text say once their escapes are read.</summary>
internal static class JsonText
{
    /// <summary>
    /// The longest string, escapes included, that is ever looked at as a name, a choice, a UUID or a number. The
    /// longest of these that can be right is a UUID of 45 characters, each written as an escape of 6 bytes: 270 bytes.
    /// </summary>
    public const int MaxShort = 512;

    private const int EscapeLength = 6;

    /// <summary>A string's bytes between its quotes, with escapes as they stand.</summary>
    public static ReadOnlySpan<byte> Content(JsonToken token, ReadOnlySpan<byte> bytes) =>
        bytes.Slice(token.Start + 1, token.Length - 2);

    /// <summary>
    /// What a short string says: its own bytes where it has no escapes, else the scratch's.
    /// </summary>
    /// <param name="token">The string.</param>
    /// <param name="bytes">The record.</param>
    /// <param name="scratch">Room for <see cref="MaxShort"/> bytes.</param>
    /// <param name="text">What it says.</param>
    /// <returns>False when it is too long to be short, or is no Unicode text.</returns>
    public static bool TryReadShort(
        JsonToken token, ReadOnlySpan<byte> bytes, Span<byte> scratch, out ReadOnlySpan<byte> text)
    {
        text = Content(token, bytes);
        if (token.Kind == JsonKind.Text || token.Length > MaxShort)
        {
            return token.Length <= MaxShort;
        }

        var isText = TryUnescape(text, scratch, out var length);
        text = scratch[..length];
        return isText;
    }

    /// <summary>
    /// Whether each escaped half of a character has its other half: the JSON grammar does not ask it.
    /// </summary>
    public static bool IsWellFormed(ReadOnlySpan<byte> content)
    {
        Span<byte> ignored = stackalloc byte[4];
        while (content.IndexOf((byte)'\\') is >= 0 and var escape)
        {
            content = content[escape..];
            if (!TryReadEscape(ref content, ignored, out _))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Writes what a string says.</summary>
    /// <param name="content">Its bytes between the quotes; each escape is well formed.</param>
    /// <param name="destination">At least as long as the content: no escape is shorter than what it says.</param>
    /// <param name="written">How many bytes it says.</param>
    /// <returns>False when half of a character stands alone.</returns>
    public static bool TryUnescape(ReadOnlySpan<byte> content, Span<byte> destination, out int written)
    {
        written = 0;
        while (content.IndexOf((byte)'\\') is >= 0 and var escape)
        {
            content[..escape].CopyTo(destination[written..]);
            written += escape;
            content = content[escape..];
            if (!TryReadEscape(ref content, destination[written..], out var length))
            {
                return false;
            }

            written += length;
        }

        content.CopyTo(destination[written..]);
        written += content.Length;
        return true;
    }

    private static bool TryReadEscape(
        ref ReadOnlySpan<byte> content, scoped Span<byte> destination, out int written)
    {
        written = 1;
        if (content[1] != 'u')
        {
            destination[0] = content[1] switch
            {
                (byte)'b' => (byte)'\b',
                (byte)'f' => (byte)'\f',
                (byte)'n' => (byte)'\n',
                (byte)'r' => (byte)'\r',
                (byte)'t' => (byte)'\t',
                var itself => itself,
            };
            content = content[2..];
            return true;
        }

        var unit = CodeUnit(content);
        content = content[EscapeLength..];
        if (Rune.TryCreate(unit, out var rune))
        {
            written = rune.EncodeToUtf8(destination);
            return true;
        }

        if (content is [(byte)'\\', (byte)'u', ..] && Rune.TryCreate(unit, CodeUnit(content), out rune))
        {
            content = content[EscapeLength..];
            written = rune.EncodeToUtf8(destination);
            return true;
        }

        written = 0;
        return false;
    }

    private static char CodeUnit(ReadOnlySpan<byte> escape)
    {
        var unit = 0;
        for (var i = 2; i < EscapeLength; i++)
        {
            unit = (unit << 4) | HexValue(escape[i]);
        }

        return (char)unit;
    }

    private static int HexValue(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
