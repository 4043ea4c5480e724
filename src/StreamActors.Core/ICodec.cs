using System.Buffers;

namespace StreamActors;

/// <summary>
/// Turns bytes into values and values into bytes. One instance serves all shards of a pipeline at once, so it holds no
/// state that a call changes. <typeparamref name="T"/> may be a class, a struct, or a ref struct over the bytes: the
/// last costs nothing per record, and is what the hot routes use.
/// </summary>
/// <typeparam name="T">The value's type.</typeparam>
public interface ICodec<T>
    where T : allows ref struct
{
    /// <summary>
    /// Reads a value. Never throws for what the bytes hold: bytes that are not a value are refused, and the engine
    /// counts them and makes a dead letter of the record.
    /// </summary>
    /// <param name="bytes">A record's value; empty for a tombstone.</param>
    /// <param name="value">
    /// The value; it may refer to <paramref name="bytes"/>, which outlive the turn's use of it.
    /// </param>
    /// <param name="rejection">Why the bytes were refused.</param>
    /// <returns>Whether the bytes are a value.</returns>
    bool TryRead(ReadOnlySpan<byte> bytes, out T value, out Rejection rejection);

    /// <summary>Appends the bytes of a value.</summary>
    void Write(scoped in T value, IBufferWriter<byte> output);
}

/// <summary>
/// Why bytes were refused: which field, and what is wrong with it. Both are constants, so that a million bad records a
/// second cost no allocation; the text is put together only where somebody reads it.
/// </summary>
/// <param name="Field">The field, or empty when the bytes as a whole are wrong.</param>
/// <param name="Problem">What is wrong, as the end of a sentence: "is missing", "is not valid UTF-8".</param>
public readonly record struct Rejection(string Field, string Problem)
{
    /// <summary>The sentence that logs and dead letters carry.</summary>
    public override string ToString() => string.IsNullOrEmpty(Field) ? Problem : $"{Field} {Problem}";
}
