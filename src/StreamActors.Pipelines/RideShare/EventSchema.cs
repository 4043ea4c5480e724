using System.Text;
using StreamActors.Pipelines.RideShare.Json;

namespace StreamActors.Pipelines.RideShare;

/// <summary>
/// What a ride-share event looks like: its fields in the order in which they leave, and the channel that it is
/// published to. Made once at start; the bytes that every record needs are made here.
/// </summary>
internal sealed class EventSchema
{
    /// <summary>
    /// The longest value that a look at its kind may settle: so short a number without an exponent is finite, as the
    /// least that is not has 309 digits.
    /// </summary>
    public const int PlainLength = 300;

    private readonly EventField[] fields;
    private readonly int[] plainKinds;
    private readonly byte[][] members;
    private readonly byte[][] tails;
    private readonly byte[] suffix;

    /// <summary>Makes a schema.</summary>
    /// <param name="route">To which channel an event goes.</param>
    /// <param name="suffix">What is written after the last field: the start of a member, its value, and all.</param>
    /// <param name="fields">The fields in declaration order; the first is the event's id.</param>
    public EventSchema(ChannelRoute route, string suffix, params EventField[] fields)
    {
        if (fields.Length > FieldTokens.Capacity || fields[0].Kind != FieldKind.Id)
        {
            throw new ArgumentException("A schema has at most 20 fields and begins with its id.", nameof(fields));
        }

        this.fields = fields;
        this.suffix = Encoding.UTF8.GetBytes(suffix + "}");
        Route = route;
        RouteField = Array.FindIndex(fields, field => field.Name == route.Field);
        members = [.. fields.Select((field, i) => i == 0 ? [(byte)'{', .. field.MemberStart[1..]] : field.MemberStart)];
        plainKinds = [.. fields.Select(PlainKinds)];
        tails = [.. Enumerable.Range(0, fields.Length + 1).Select(Tail)];
        Overhead = members.Sum(member => member.Length + WidestShortValue) + this.suffix.Length;
    }

    /// <summary>The fields in declaration order.</summary>
    public ReadOnlySpan<EventField> Fields => fields;

    /// <summary>To which channel an event goes.</summary>
    public ChannelRoute Route { get; }

    /// <summary>The index of the field that decides the channel; -1 when all events go to the same.</summary>
    public int RouteField { get; }

    /// <summary>
    /// The bytes that an event can take beyond four times those of its record (see <see cref="EventWriter"/>).
    /// </summary>
    public int Overhead { get; }

    /// <summary>What is written after the last field: the closing brace, and any constant member before it.</summary>
    public ReadOnlySpan<byte> Suffix => suffix;

    /// <summary>A UUID in quotes is the widest value that can be written for a field without bytes.</summary>
    private static int WidestShortValue => 38;

    /// <summary>
    /// How each field's member begins when written compactly and in order: <c>{"name":</c>, <c>,"name":</c>.
    /// </summary>
    public ReadOnlySpan<byte[]> Members => members;

    /// <summary>Whether a value's kind alone says that its field accepts it and lets it leave as it came.</summary>
    public bool IsPlain(int field, JsonToken token) =>
        ((plainKinds[field] >> (int)token.Kind) & 1) != 0 && token.Length <= PlainLength;

    /// <summary>What ends an event of which no field from this one on is in the record.</summary>
    public ReadOnlySpan<byte> TailFrom(int field) => tails[field];

    /// <summary>The index of the field with a name; -1 when there is none.</summary>
    /// <param name="name">The name, unescaped, without quotes.</param>
    public int IndexOf(ReadOnlySpan<byte> name)
    {
        for (var i = 0; i < fields.Length; i++)
        {
            var token = fields[i].NameToken;
            if (token.Length == name.Length + 2 && token.AsSpan(1, name.Length).SequenceEqual(name))
            {
                return i;
            }
        }

        return -1;
    }

    private static int PlainKinds(EventField field) => Enum.GetValues<JsonKind>()
        .Where(kind => FieldRules.IsPlain(field, kind))
        .Aggregate(0, (kinds, kind) => kinds | (1 << (int)kind));

    private byte[] Tail(int from) =>
    [
        .. fields.Skip(from)
            .Where(field => field.Presence != Presence.Extra)
            .SelectMany(field => (byte[])[.. field.MemberStart, .. field.Default]),
        .. suffix,
    ];
}

/// <summary>To which channel an event goes.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="Field">The field that decides, or null when all events go to the same channel.</param>
/// <param name="Value">The value of the field with which an event goes to <paramref name="Otherwise"/>.</param>
/// <param name="Otherwise">The other channel.</param>
internal sealed record ChannelRoute(
    string Channel, string? Field = null, string Value = "", string? Otherwise = null)
{
    /// <summary>The bytes of <see cref="Value"/>.</summary>
    public byte[] ValueBytes { get; } = Encoding.UTF8.GetBytes(Value);
}
