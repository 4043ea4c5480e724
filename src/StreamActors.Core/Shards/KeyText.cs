using System.Text;

namespace StreamActors.Shards;

/// <summary>A key as a log shows it: short, and never a control sequence for a terminal.</summary>
internal static class KeyText
{
    private const int MostBytes = 64;

    /// <summary>The text of a key; of bytes that are none, their hexadecimal digits.</summary>
    public static string Of(ReadOnlySpan<byte> key)
    {
        var shown = key[..Math.Min(key.Length, MostBytes)];
        var isText = shown.IndexOfAnyExceptInRange((byte)0x20, (byte)0x7E) < 0;
        var text = isText ? Encoding.ASCII.GetString(shown) : $"0x{Convert.ToHexString(shown)}";
        return key.Length > MostBytes ? $"{text}… ({key.Length} bytes)" : text;
    }
}
