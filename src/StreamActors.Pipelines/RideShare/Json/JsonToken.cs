using System.Runtime.CompilerServices;

namespace StreamActors.Pipelines.RideShare.Json;

/// <summary>What a JSON value is, as far as its first reading can tell.</summary>
internal enum JsonKind : byte
{
    /// <summary>Not there, or not JSON.</summary>
    None,

    /// <summary><c>null</c>.</summary>
    Null,

    /// <summary><c>true</c>.</summary>
    True,

    /// <summary><c>false</c>.</summary>
    False,

    /// <summary>A number of digits alone, perhaps negative, but not <see cref="MinusZero"/>.</summary>
    Integer,

    /// <summary><c>-0</c>: to Python, whose integers know no minus zero, it is 0.</summary>
    MinusZero,

    /// <summary>A number with a fraction and without an exponent.</summary>
    Fraction,

    /// <summary>A number with an exponent.</summary>
    Exponent,

    /// <summary>A string whose bytes are its text.</summary>
    Text,

    /// <summary>A string with escapes; each is well formed, surrogates are not checked.</summary>
    EscapedText,

    /// <summary>An array of exactly two <see cref="Fraction"/> numbers without white space.</summary>
    Pair,

    /// <summary>Any other array.</summary>
    Array,

    /// <summary>An object.</summary>
    Object,
}

/// <summary>Where a JSON value lies in a record, and what it is. A string's quotes belong to it.</summary>
/// <param name="Start">The index of its first byte.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="Kind">What it is.</param>
internal readonly record struct JsonToken(int Start, int Length, JsonKind Kind)
{
    /// <summary>The index after its last byte.</summary>
    public int End => Start + Length;

    /// <summary>Its bytes.</summary>
    public ReadOnlySpan<byte> In(ReadOnlySpan<byte> bytes) => bytes.Slice(Start, Length);
}

/// <summary>
/// A token for each field of an event, in the order of its schema; no object, so no allocation a record.
/// </summary>
[InlineArray(Capacity)]
internal struct FieldTokens
{
    /// <summary>The most fields that a schema may have: a trip has 20.</summary>
    public const int Capacity = 20;

    private JsonToken first;
}
