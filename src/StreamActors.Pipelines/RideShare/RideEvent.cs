using StreamActors.Pipelines.RideShare.Json;

namespace StreamActors.Pipelines.RideShare;

/// <summary>
/// A ride-share event that was checked: a view over its record's bytes that knows where each field lies. It lives as
/// long as the bytes do, and costs no object. Made by a <see cref="RideEventCodec"/>; after a refusal it holds nothing
/// and must not be asked.
/// </summary>
public readonly ref struct RideEvent
{
    private const int EntityTypeField = 1;
    private const int EntityIdField = 2;

    internal readonly FieldTokens Tokens;

    internal RideEvent(EventSchema schema, ReadOnlySpan<byte> bytes, scoped in FieldTokens tokens)
    {
        Schema = schema;
        Bytes = bytes;
        Tokens = tokens;
    }

    /// <summary>The record's value, as it came.</summary>
    public ReadOnlySpan<byte> Bytes { get; }

    /// <summary>
    /// The event's id, the first digit highest; null where the record has none, and then it has no duplicates.
    /// </summary>
    public UInt128? EventId { get; internal init; }

    /// <summary>The Redis channel that it goes to.</summary>
    public string Channel
    {
        get
        {
            var route = Schema.Route;
            return route.Otherwise is not null && SaysText(Schema.RouteField, route.ValueBytes)
                ? route.Otherwise
                : route.Channel;
        }
    }

    /// <summary>
    /// Whose position a GPS ping tells, <c>driver</c> or <c>rider</c>; empty for events of other topics.
    /// </summary>
    public ReadOnlySpan<byte> EntityType =>
        !IsPing ? default : SaysText(EntityTypeField, "rider"u8) ? "rider"u8 : "driver"u8;

    /// <summary>
    /// The id of whose position a GPS ping tells, in UTF-8; empty for events of other topics. An id that is written
    /// with escapes, which no known producer does, costs an array.
    /// </summary>
    public ReadOnlySpan<byte> EntityId
    {
        get
        {
            if (!IsPing)
            {
                return default;
            }

            var token = Tokens[EntityIdField];
            var content = JsonText.Content(token, Bytes);
            if (token.Kind == JsonKind.Text)
            {
                return content;
            }

            var text = new byte[content.Length];
            JsonText.TryUnescape(content, text, out var length);
            return text.AsSpan(0, length);
        }
    }

    internal EventSchema Schema { get; }

    /// <summary>How many of the first fields lie at the start of the bytes just as they must leave.</summary>
    internal int VerbatimFields { get; init; }

    /// <summary>One more than the index of the last field that the record has.</summary>
    internal int FieldsEnd { get; init; }

    private bool IsPing => ReferenceEquals(Schema, EventSchemas.GpsPing);

    private bool SaysText(int field, ReadOnlySpan<byte> expected)
    {
        var token = Tokens[field];
        Span<byte> scratch = stackalloc byte[token.Kind == JsonKind.Text ? 0 : JsonText.MaxShort];
        return JsonText.TryReadShort(token, Bytes, scratch, out var text) && text.SequenceEqual(expected);
    }
}
