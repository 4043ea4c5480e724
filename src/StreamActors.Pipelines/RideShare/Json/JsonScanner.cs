namespace StreamActors.Pipelines.RideShare.Json;

/// <summary>
/// Walks over the bytes of a JSON text (RFC 8259, strictly) and says where its values lie. It refuses by returning, not
/// by an exception, so that a flood of broken records costs no more than one of good ones; it never recurses. The bytes
/// must be valid UTF-8.
/// </summary>
/// <param name="bytes">The text.</param>
/// <param name="from">Where to begin.</param>
internal ref struct JsonScanner(ReadOnlySpan<byte> bytes, int from = 0)
{
    /// <summary>
    /// The deepest nesting that is read, the record's own object included: that of System.Text.Json. One bit a level in
    /// <see cref="ulong"/> is all that a walk keeps.
    /// </summary>
    public const int MaxDepth = 64;

    private readonly ReadOnlySpan<byte> bytes = bytes;
    private int at = from;

    /// <summary>Whether a value was refused because it is nested deeper than <see cref="MaxDepth"/>.</summary>
    public bool TooDeep { get; private set; }

    /// <summary>Whether all bytes are read.</summary>
    public readonly bool AtEnd => at == bytes.Length;

    /// <summary>Steps over an expected piece, if it comes next.</summary>
    public bool TryTake(ReadOnlySpan<byte> expected)
    {
        if (!bytes[at..].StartsWith(expected))
        {
            return false;
        }

        at += expected.Length;
        return true;
    }

    /// <summary>Steps over an expected byte, if it comes next.</summary>
    public bool TryTake(byte expected)
    {
        if (ByteAt(at) != expected)
        {
            return false;
        }

        at++;
        return true;
    }

    /// <summary>Steps over white space.</summary>
    public void SkipSpace()
    {
        while (ByteAt(at) is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
        {
            at++;
        }
    }

    /// <summary>Steps over a value.</summary>
    public bool TryReadValue(out JsonToken token)
    {
        var start = at;
        var kind = ByteAt(at) switch
        {
            (byte)'[' => JsonLeaf.PairEnd(bytes, at) == JsonLeaf.None ? ReadNested(JsonKind.Array) : ReadLeaf(),
            (byte)'{' => ReadNested(JsonKind.Object),
            _ => ReadLeaf(),
        };
        token = new JsonToken(start, at - start, kind);
        return kind != JsonKind.None;
    }

    /// <summary>Steps over a string.</summary>
    public bool TryReadText(out JsonToken token)
    {
        var start = at;
        var kind = ByteAt(at) == '"' ? ReadText() : JsonKind.None;
        token = new JsonToken(start, at - start, kind);
        return kind != JsonKind.None;
    }

    private readonly byte ByteAt(int index) => JsonLeaf.ByteAt(bytes, index);

    private JsonKind ReadLeaf()
    {
        if (ByteAt(at) == '"')
        {
            return ReadText();
        }

        var end = JsonLeaf.UsualEnd(bytes, at, out var kind);
        if (end == JsonLeaf.None)
        {
            return JsonKind.None;
        }

        at = end;
        return kind;
    }

    private JsonKind ReadText()
    {
        var kind = JsonKind.Text;
        at++;
        while (true)
        {
            at = JsonLeaf.IndexOfSpecial(bytes, at);
            switch (ByteAt(at))
            {
                case (byte)'"':
                    at++;
                    return kind;
                case (byte)'\\' when TryReadEscape():
                    kind = JsonKind.EscapedText;
                    break;
                default:
                    return JsonKind.None;
            }
        }
    }

    private bool TryReadEscape()
    {
        switch (ByteAt(at + 1))
        {
            case (byte)'"' or (byte)'\\' or (byte)'/' or (byte)'b' or (byte)'f' or (byte)'n' or (byte)'r' or (byte)'t':
                at += 2;
                return true;
            case (byte)'u':
                for (var digit = at + 2; digit < at + 6; digit++)
                {
                    if (!char.IsAsciiHexDigit((char)ByteAt(digit)))
                    {
                        return false;
                    }
                }

                at += 6;
                return true;
            default:
                return false;
        }
    }

    private JsonKind ReadNested(JsonKind kind)
    {
        // Bit n: whether the container at depth n is an object. The record's own object is depth 1.
        var objects = 0UL;
        var depth = 1;
        do
        {
            if (ByteAt(at) is (byte)'[' or (byte)'{')
            {
                if (++depth > MaxDepth)
                {
                    TooDeep = true;
                    return JsonKind.None;
                }

                var isObject = ByteAt(at) == '{';
                objects = (objects << 1) | (isObject ? 1UL : 0);
                at++;
                SkipSpace();
                if (ByteAt(at) != (isObject ? '}' : ']'))
                {
                    if (isObject && !TryReadName())
                    {
                        return JsonKind.None;
                    }

                    continue;
                }
            }
            else if (ReadLeaf() == JsonKind.None)
            {
                return JsonKind.None;
            }

            if (!TryLeaveValues(ref objects, ref depth))
            {
                return JsonKind.None;
            }
        }
        while (depth > 1);
        return kind;
    }

    /// <summary>
    /// From the end of a value, or an empty container's closing mark, to the next value or the outermost end.
    /// </summary>
    private bool TryLeaveValues(ref ulong objects, ref int depth)
    {
        while (depth > 1)
        {
            SkipSpace();
            var isObject = (objects & 1) != 0;
            if (TryTake((byte)','))
            {
                SkipSpace();
                return !isObject || TryReadName();
            }

            if (!TryTake(isObject ? (byte)'}' : (byte)']'))
            {
                return false;
            }

            objects >>= 1;
            depth--;
        }

        return true;
    }

    private bool TryReadName()
    {
        if (!TryReadText(out _))
        {
            return false;
        }

        SkipSpace();
        if (!TryTake((byte)':'))
        {
            return false;
        }

        SkipSpace();
        return true;
    }
}
