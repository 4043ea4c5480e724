using StreamActors.Pipelines.RideShare.Json;

namespace StreamActors.Pipelines.RideShare;

/// <summary>
/// What each kind of field accepts, and whether the accepted bytes may leave as they are. The rules are those of the
/// original's models (pydantic 2 in lax mode); where they differ, <see cref="LooseNumber"/> and <see cref="Problem"/>
/// say so.
/// </summary>
internal static class FieldRules
{
    /// <summary>A field that must be there and is not.</summary>
    public const string Missing = "is missing";

    /// <summary>Null where there must be a value.</summary>
    public const string Null = "is null";

    /// <summary>Not a string.</summary>
    public const string NotText = "is not a string";

    /// <summary>
    /// Half of an escaped character; the original let it pass, strict readers refuse the whole message.
    /// </summary>
    public const string NotUnicode = "has half of a surrogate pair";

    /// <summary>Not a UUID.</summary>
    public const string NotUuid = "is not a UUID";

    /// <summary>Not a number, or not finite.</summary>
    public const string NotNumber = "is not a finite number";

    /// <summary>Not a whole number.</summary>
    public const string NotWhole = "is not a whole number";

    /// <summary>A number outside the field's range.</summary>
    public const string OutOfRange = "is out of range";

    /// <summary>Not a location.</summary>
    public const string NotLocation = "is not a list of two numbers";

    /// <summary>Not a route.</summary>
    public const string NotRoute = "is not a list of locations";

    /// <summary>Not a list of strings.</summary>
    public const string NotTextList = "is not a list of strings";

    /// <summary>What is wrong with a value; null when nothing is.</summary>
    /// <param name="field">The field.</param>
    /// <param name="token">Its value in the record.</param>
    /// <param name="bytes">The record.</param>
    public static string? Problem(EventField field, JsonToken token, ReadOnlySpan<byte> bytes)
    {
        if (token.Kind == JsonKind.None)
        {
            return field.MayBeMissing ? null : Missing;
        }

        if (token.Kind == JsonKind.Null)
        {
            return field.Presence is Presence.Nullable or Presence.Optional ? null : Null;
        }

        return field.Kind switch
        {
            FieldKind.Text => TextProblem(token, bytes),
            FieldKind.Choice => IsChoice(field, token, bytes) ? null : field.ChoiceProblem,
            FieldKind.Float => LooseNumber.IsFinite(token, bytes) ? RangeProblem(field, token, bytes) : NotNumber,
            FieldKind.Integer => IsWhole(token, bytes) ? RangeProblem(field, token, bytes) : NotWhole,
            FieldKind.Location => IsLocation(token, bytes) ? null : NotLocation,
            FieldKind.Route => IsListOf(token, bytes, IsLocation) ? null : NotRoute,
            FieldKind.TextList => IsListOf(token, bytes, IsText) ? null : NotTextList,
            _ => NotUuid,
        };
    }

    /// <summary>
    /// Whether a value that was accepted may leave byte for byte: a string with its escapes, a number with its
    /// digits.
    /// </summary>
    public static bool LeavesAsItCame(EventField field, JsonToken token) => token.Kind switch
    {
        JsonKind.Null or JsonKind.Pair => true,
        JsonKind.Text or JsonKind.EscapedText => field.Kind is FieldKind.Text or FieldKind.Choice,
        JsonKind.Fraction or JsonKind.Exponent => field.Kind == FieldKind.Float,
        JsonKind.Integer => field.Kind == FieldKind.Integer,
        _ => false,
    };

    /// <summary>
    /// Whether a field accepts every value of a kind that is not longer than <see cref="EventSchema.PlainLength"/>, and
    /// lets it leave as it came. So short a number without an exponent is finite.
    /// </summary>
    public static bool IsPlain(EventField field, JsonKind kind) => kind switch
    {
        JsonKind.Null => field.Presence is Presence.Nullable or Presence.Optional,
        JsonKind.Text => field.Kind == FieldKind.Text,
        JsonKind.Integer => field.Kind == FieldKind.Integer && !field.IsRanged,
        JsonKind.Fraction => field.Kind == FieldKind.Float && !field.IsRanged,
        JsonKind.Pair => field.Kind == FieldKind.Location,
        _ => false,
    };

    private static string? TextProblem(JsonToken token, ReadOnlySpan<byte> bytes) => token.Kind switch
    {
        JsonKind.Text => null,
        JsonKind.EscapedText => JsonText.IsWellFormed(JsonText.Content(token, bytes)) ? null : NotUnicode,
        _ => NotText,
    };

    private static bool IsText(JsonToken token, ReadOnlySpan<byte> bytes) => TextProblem(token, bytes) is null;

    private static bool IsChoice(EventField field, JsonToken token, ReadOnlySpan<byte> bytes)
    {
        if (token.Kind == JsonKind.Text)
        {
            return field.Allows(JsonText.Content(token, bytes));
        }

        Span<byte> scratch = stackalloc byte[JsonText.MaxShort];
        return token.Kind == JsonKind.EscapedText
            && JsonText.TryReadShort(token, bytes, scratch, out var text) && field.Allows(text);
    }

    private static bool IsWhole(JsonToken token, ReadOnlySpan<byte> bytes)
    {
        if (token.Kind is JsonKind.Integer)
        {
            return token.Length - (bytes[token.Start] == '-' ? 1 : 0) <= LooseNumber.MaxDigits;
        }

        Span<byte> digits = stackalloc byte[JsonText.MaxShort];
        return LooseNumber.TryReadWhole(token, bytes, digits, out _);
    }

    private static string? RangeProblem(EventField field, JsonToken token, ReadOnlySpan<byte> bytes)
    {
        if (!field.IsRanged)
        {
            return null;
        }

        return LooseNumber.TryRead(token, bytes, out var number) && number >= field.Min && number <= field.Max
            ? null
            : OutOfRange;
    }

    private static bool IsLocation(JsonToken token, ReadOnlySpan<byte> bytes)
    {
        var items = new JsonItems(token, bytes);
        return items.TryNext(out var first) && LooseNumber.IsFinite(first, bytes)
            && items.TryNext(out var second) && LooseNumber.IsFinite(second, bytes)
            && !items.TryNext(out _);
    }

    private static bool IsListOf(JsonToken token, ReadOnlySpan<byte> bytes, ItemRule rule)
    {
        if (token.Kind is not (JsonKind.Array or JsonKind.Pair))
        {
            return false;
        }

        var items = new JsonItems(token, bytes);
        while (items.TryNext(out var item))
        {
            if (!rule(item, bytes))
            {
                return false;
            }
        }

        return true;
    }

    private delegate bool ItemRule(JsonToken token, ReadOnlySpan<byte> bytes);
}
