using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace StreamActors.Redis;

/// <summary>
/// RESP2, the wire format of Redis (https://redis.io/docs/latest/develop/reference/protocol-spec/): a command is an
/// array of length-prefixed strings, so every byte may occur in them; an answer starts with a byte that tells its kind.
/// </summary>
internal static class Resp
{
    /// <summary>The most bytes that the prefix of an array or a string takes: a mark, ten digits, a line end.</summary>
    public const int MaxPrefix = 1 + 10 + 2;

    /// <summary>
    /// The most bytes of an answer, and so the longest string and the longest array in it. The longest answer to what
    /// is asked here is that to a claim, with a head of <see cref="RedisStateStore.MaxHeadBytes"/>: 32 MB. Twice that
    /// is not Redis, or not this protocol.
    /// </summary>
    public const int MaxAnswer = 64 * 1024 * 1024;

    // What is asked here is answered in a line, in an array or, by ROLE, in an array of arrays. Deeper is not Redis.
    private const int MaxDepth = 8;

    // The length of a string or an array that is not there.
    private const int Null = -1;

    /// <summary>A whole command, for the rare ones.</summary>
    public static byte[] Command(params ReadOnlySpan<string> words)
    {
        var size = MaxPrefix;
        foreach (var word in words)
        {
            size += MaxPrefix + Encoding.UTF8.GetByteCount(word) + 2;
        }

        var buffer = new byte[size];
        var used = WriteArray(buffer, words.Length);
        foreach (var word in words)
        {
            used += WriteString(buffer.AsSpan(used), word);
        }

        return buffer[..used];
    }

    /// <summary>Writes the prefix of a command of so many strings.</summary>
    public static int WriteArray(Span<byte> to, int count) => WritePrefix(to, (byte)'*', count);

    /// <summary>Writes a string of bytes.</summary>
    public static int WriteString(Span<byte> to, ReadOnlySpan<byte> value)
    {
        var used = WritePrefix(to, (byte)'$', value.Length);
        value.CopyTo(to[used..]);
        return used + value.Length + WriteLineEnd(to[(used + value.Length)..]);
    }

    /// <summary>Writes a text as UTF-8.</summary>
    public static int WriteString(Span<byte> to, string value)
    {
        var used = WritePrefix(to, (byte)'$', Encoding.UTF8.GetByteCount(value));
        used += Encoding.UTF8.GetBytes(value, to[used..]);
        return used + WriteLineEnd(to[used..]);
    }

    /// <summary>Reads an answer if it is there as a whole.</summary>
    /// <exception cref="InvalidDataException">The bytes are not RESP.</exception>
    public static bool TryRead(ReadOnlySpan<byte> from, out Reply reply, out int length)
    {
        length = 0;
        return TryRead(from, ref length, MaxDepth, out reply);
    }

    private static bool TryRead(ReadOnlySpan<byte> from, ref int at, int depth, out Reply reply)
    {
        reply = default;
        var lineLength = from[at..].IndexOf("\r\n"u8);
        if (lineLength < 0)
        {
            return false;
        }

        var line = from.Slice(at, lineLength);
        at += lineLength + 2;
        if (line.IsEmpty || depth == 0)
        {
            throw NotResp();
        }

        var rest = line[1..];
        switch (line[0])
        {
            case (byte)'+' or (byte)':':
                reply = new Reply(rest.ToArray());
                return true;
            case (byte)'-':
                reply = new Reply(rest.ToArray(), IsError: true);
                return true;
            case (byte)'$':
                return TryReadString(from, ref at, ReadLength(rest), out reply);
            case (byte)'*':
                return TryReadArray(from, ref at, (ReadLength(rest), depth - 1), out reply);
            default:
                throw NotResp();
        }
    }

    private static bool TryReadString(ReadOnlySpan<byte> from, ref int at, int length, out Reply reply)
    {
        reply = default;
        if (length == Null)
        {
            return true;
        }

        if (from.Length - at < length + 2)
        {
            return false;
        }

        if (!from.Slice(at + length, 2).SequenceEqual("\r\n"u8))
        {
            throw NotResp();
        }

        reply = new Reply(from.Slice(at, length).ToArray());
        at += length + 2;
        return true;
    }

    private static bool TryReadArray(
        ReadOnlySpan<byte> from, ref int at, (int Count, int Depth) array, out Reply reply)
    {
        var items = new List<Reply>();
        for (var i = 0; i < array.Count; i++)
        {
            if (!TryRead(from, ref at, array.Depth, out var item))
            {
                reply = default;
                return false;
            }

            items.Add(item);
        }

        reply = new Reply(null, Items: items);
        return true;
    }

    private static int ReadLength(ReadOnlySpan<byte> digits) =>
        Utf8Parser.TryParse(digits, out int length, out var read) && read == digits.Length
        && length is >= Null and <= MaxAnswer
            ? length
            : throw NotResp();

    private static InvalidDataException NotResp() => new("an answer that is not RESP");

    private static int WritePrefix(Span<byte> to, byte mark, int number)
    {
        to[0] = mark;
        Utf8Formatter.TryFormat(number, to[1..], out var digits);
        return 1 + digits + WriteLineEnd(to[(1 + digits)..]);
    }

    private static int WriteLineEnd(Span<byte> to)
    {
        "\r\n"u8.CopyTo(to);
        return 2;
    }
}

/// <summary>An answer of the server.</summary>
/// <param name="Bytes">
/// Those of a line, a number, a string, or the sentence of an error; null for a string that is not there, and for an
/// array.
/// </param>
/// <param name="IsError">Whether the server refused the command.</param>
/// <param name="Items">The items of an array; null for everything else.</param>
internal readonly record struct Reply(byte[]? Bytes, bool IsError = false, IReadOnlyList<Reply>? Items = null)
{
    /// <summary>The bytes as text; empty where there are none.</summary>
    public string Text => Bytes is null ? "" : Encoding.UTF8.GetString(Bytes);

    /// <summary>The text as a number.</summary>
    public long Number => long.Parse(Text, CultureInfo.InvariantCulture);

    /// <summary>
    /// This answer, if the server did what was asked; else its fault, which may be the end of the connection.
    /// </summary>
    /// <exception cref="RedisFaultException">The server refused the command.</exception>
    public Reply Accept(RedisConnection from)
    {
        if (!IsError)
        {
            return this;
        }

        var fault = RedisFault.OfReply(Text);
        if (fault.EndsConnection)
        {
            from.Break(fault);
        }

        throw new RedisFaultException(fault);
    }
}
