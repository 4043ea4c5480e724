using System.Text.Unicode;
using StreamActors.Pipelines.RideShare.Json;

namespace StreamActors.Pipelines.RideShare;

/// <summary>
/// Reads and checks an event in two passes, neither of which allocates or throws.
/// <list type="number">
/// <item>Scan: where does each field lie, and is the whole thing JSON? It first expects what serialisers write, the
/// fields in declaration order without white space, and so compares a whole <c>,"name":</c> instead of looking a name
/// up. From the first surprise on it reads member by member; there, too, it first expects the next field. A field that
/// comes twice counts as its last, as in Python.</item>
/// <item>Check: each field against its rule, in declaration order; the first problem is the one that is told.</item>
/// </list>
/// </summary>
internal static class EventReader
{
    /// <summary>No bytes.</summary>
    public const string Empty = "is empty";

    /// <summary>Bytes that are no text.</summary>
    public const string NotUtf8 = "is not valid UTF-8";

    /// <summary>Text that is no JSON.</summary>
    public const string NotJson = "is not valid JSON";

    /// <summary>JSON that is something else.</summary>
    public const string NotObject = "is not a JSON object";

    /// <summary>JSON deeper than <see cref="JsonScanner.MaxDepth"/>.</summary>
    public const string TooDeep = "is nested deeper than 64 levels";

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>Reads an event.</summary>
    /// <param name="schema">What it must look like.</param>
    /// <param name="bytes">The record's value.</param>
    /// <param name="value">The event; it refers to the bytes.</param>
    /// <param name="rejection">Why there is none.</param>
    public static bool TryRead(
        EventSchema schema, ReadOnlySpan<byte> bytes, out RideEvent value, out Rejection rejection)
    {
        value = new RideEvent(schema, bytes);
        if (Scan(schema, bytes, ref value) is { } problem)
        {
            rejection = new Rejection("", problem);
            return false;
        }

        return Check(schema, bytes, ref value, out rejection);
    }

    private static string? Scan(EventSchema schema, ReadOnlySpan<byte> bytes, scoped ref RideEvent value)
    {
        if (bytes.IsEmpty)
        {
            return Empty;
        }

        if (!Utf8.IsValid(bytes))
        {
            return NotUtf8;
        }

        var at = ScanUsual(schema, bytes, ref value);
        var scanner = new JsonScanner(bytes, at);
        var isObject = at > 0 || TryEnterObject(ref scanner);
        if (!(isObject ? TryScanMembers(ref scanner, schema, bytes, ref value) : scanner.TryReadValue(out _)))
        {
            return scanner.TooDeep ? TooDeep : NotJson;
        }

        scanner.SkipSpace();
        return !scanner.AtEnd ? NotJson : isObject ? null : NotObject;
    }

    /// <summary>Reads the fields that come in order, without white space and with usual values.</summary>
    /// <returns>The position behind the last of them.</returns>
    private static int ScanUsual(EventSchema schema, ReadOnlySpan<byte> bytes, scoped ref RideEvent value)
    {
        var at = 0;
        var field = 0;
        foreach (var member in schema.Members)
        {
            var start = at + member.Length;
            if (!bytes[at..].StartsWith(member))
            {
                break;
            }

            var end = JsonLeaf.UsualEnd(bytes, start, out var kind);
            if (end == JsonLeaf.None)
            {
                break;
            }

            value.Tokens[field++] = new JsonToken(start, end - start, kind);
            at = end;
        }

        value.VerbatimFields = field;
        return at;
    }

    private static bool TryEnterObject(ref JsonScanner scanner)
    {
        scanner.TryTake(ByteOrderMark);
        scanner.SkipSpace();
        return scanner.TryTake((byte)'{');
    }

    private static bool TryScanMembers(
        ref JsonScanner scanner, EventSchema schema, ReadOnlySpan<byte> bytes, scoped ref RideEvent value)
    {
        var expected = value.VerbatimFields;
        scanner.SkipSpace();
        for (var first = expected == 0; !scanner.TryTake((byte)'}'); first = false)
        {
            if (!first && !scanner.TryTake((byte)','))
            {
                return false;
            }

            scanner.SkipSpace();
            if (!TryReadName(ref scanner, schema, bytes, expected, out var field)
                || !scanner.TryReadValue(out var token))
            {
                return false;
            }

            if (field >= 0)
            {
                value.Tokens[field] = token;
                value.VerbatimFields = Math.Min(value.VerbatimFields, field);
                expected = field + 1;
            }

            scanner.SkipSpace();
        }

        return true;
    }

    private static bool TryReadName(
        ref JsonScanner scanner, EventSchema schema, ReadOnlySpan<byte> bytes, int expected, out int field)
    {
        field = expected;
        if (expected >= schema.Fields.Length || !scanner.TryTake(schema.Fields[expected].NameToken))
        {
            if (!scanner.TryReadText(out var name))
            {
                return false;
            }

            field = Find(schema, name, bytes);
        }

        scanner.SkipSpace();
        if (!scanner.TryTake((byte)':'))
        {
            return false;
        }

        scanner.SkipSpace();
        return true;
    }

    private static int Find(EventSchema schema, JsonToken name, ReadOnlySpan<byte> bytes)
    {
        if (name.Kind == JsonKind.Text)
        {
            return schema.IndexOf(JsonText.Content(name, bytes));
        }

        Span<byte> scratch = stackalloc byte[JsonText.MaxShort];
        return JsonText.TryReadShort(name, bytes, scratch, out var text) ? schema.IndexOf(text) : -1;
    }

    private static bool Check(
        EventSchema schema, ReadOnlySpan<byte> bytes, scoped ref RideEvent value, out Rejection rejection)
    {
        var inOrder = value.VerbatimFields;
        var verbatim = 0;
        var fields = schema.Fields;
        for (var i = 0; i < fields.Length; i++)
        {
            var token = value.Tokens[i];
            var leavesAsItCame = schema.IsPlain(i, token);
            if (!leavesAsItCame)
            {
                var field = fields[i];
                if (token.Kind == JsonKind.None && field.MayBeMissing)
                {
                    continue;
                }

                var problem = field.Kind == FieldKind.Id
                    ? IdProblem(token, bytes, ref value, out leavesAsItCame)
                    : FieldRules.Problem(field, token, bytes);
                if (problem is not null)
                {
                    rejection = new Rejection(field.Name, problem);
                    return false;
                }

                leavesAsItCame |= FieldRules.LeavesAsItCame(field, token);
            }

            value.FieldsEnd = i + 1;
            if (leavesAsItCame && verbatim == i && i < inOrder)
            {
                verbatim = i + 1;
            }
        }

        value.VerbatimFields = verbatim;
        rejection = default;
        return true;
    }

    private static string? IdProblem(
        JsonToken token, ReadOnlySpan<byte> bytes, scoped ref RideEvent value, out bool canonical)
    {
        canonical = false;
        if (token.Kind is not (JsonKind.Text or JsonKind.EscapedText))
        {
            return token.Kind == JsonKind.Null ? FieldRules.Null : FieldRules.NotUuid;
        }

        Span<byte> scratch = stackalloc byte[token.Kind == JsonKind.Text ? 0 : JsonText.MaxShort];
        if (!JsonText.TryReadShort(token, bytes, scratch, out var text)
            || !Uuid.TryRead(text, out var bits, out canonical))
        {
            return FieldRules.NotUuid;
        }

        canonical &= token.Kind == JsonKind.Text;
        value.EventId = bits;
        return null;
    }
}
