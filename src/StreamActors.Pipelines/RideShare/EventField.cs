using System.Text;

namespace StreamActors.Pipelines.RideShare;

/// <summary>What a field holds; decides what is accepted for it and how it leaves.</summary>
internal enum FieldKind
{
    /// <summary>A UUID; leaves in lower case with dashes, a new one where the record has none.</summary>
    Id,

    /// <summary>A string.</summary>
    Text,

    /// <summary>One of a few strings.</summary>
    Choice,

    /// <summary>A number; leaves with a fraction or an exponent.</summary>
    Float,

    /// <summary>A whole number; leaves without a fraction.</summary>
    Integer,

    /// <summary>A list of exactly two numbers.</summary>
    Location,

    /// <summary>A list of locations.</summary>
    Route,

    /// <summary>A list of strings.</summary>
    TextList,
}

/// <summary>Whether a field must be there, and what stands for it where it is not.</summary>
internal enum Presence
{
    /// <summary>Must be there, and not null.</summary>
    Required,

    /// <summary>Must be there, and may be null.</summary>
    Nullable,

    /// <summary>May be null or missing; leaves as null.</summary>
    Optional,

    /// <summary>May be missing, but not null; leaves as its default.</summary>
    Defaulted,

    /// <summary>May be missing, but not null; leaves only if it was there.</summary>
    Extra,
}

/// <summary>A field of a ride-share event: its name, what it holds, and the bytes that are written for it.</summary>
internal sealed class EventField
{
    private byte[][] choices = [];

    /// <summary>Makes a field.</summary>
    public EventField(string name, FieldKind kind, Presence presence = Presence.Required)
    {
        Name = name;
        Kind = kind;
        Presence = presence;
        NameToken = Encoding.UTF8.GetBytes($"\"{name}\"");
        MemberStart = Encoding.UTF8.GetBytes($",\"{name}\":");
    }

    /// <summary>The field's name.</summary>
    public string Name { get; }

    /// <summary>What it holds.</summary>
    public FieldKind Kind { get; }

    /// <summary>Whether it must be there.</summary>
    public Presence Presence { get; }

    /// <summary>Whether a record without it is accepted.</summary>
    public bool MayBeMissing => Presence is Presence.Optional or Presence.Defaulted or Presence.Extra;

    /// <summary>Why another string is refused.</summary>
    public string ChoiceProblem { get; private init; } = "";

    /// <summary>The least number, inclusive.</summary>
    public double Min { get; init; } = double.NegativeInfinity;

    /// <summary>The greatest number, inclusive.</summary>
    public double Max { get; init; } = double.PositiveInfinity;

    /// <summary>What is written where the record lacks the field.</summary>
    public byte[] Default { get; init; } = "null"u8.ToArray();

    /// <summary>Whether it has a range.</summary>
    public bool IsRanged => !double.IsInfinity(Min) || !double.IsInfinity(Max);

    /// <summary><c>"name"</c></summary>
    public byte[] NameToken { get; }

    /// <summary><c>,"name":</c></summary>
    public byte[] MemberStart { get; }

    /// <summary>Whether a <see cref="FieldKind.Choice"/> may hold a string.</summary>
    public bool Allows(ReadOnlySpan<byte> text)
    {
        foreach (var choice in choices)
        {
            if (text.SequenceEqual(choice))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Makes a field that holds one of a few strings.</summary>
    public static EventField OneOf(string name, params string[] choices) => new(name, FieldKind.Choice)
    {
        choices = [.. choices.Select(Encoding.UTF8.GetBytes)],
        ChoiceProblem = $"is not one of {string.Join(", ", choices)}",
    };
}
