using System.Text;
using StreamActors.Sinks;

namespace StreamActors.Testing;

/// <summary>
/// An output, as it is given to a sink and as a reader of its destination sees it; equal by its bytes.
/// </summary>
/// <param name="Key">Its key; null = it has none.</param>
/// <param name="Value">Its value; null = a tombstone.</param>
public sealed record SinkOutput(byte[]? Key, byte[]? Value)
{
    private const int ShownBytes = 40;

    /// <summary>Its headers in order; a null value is a header without one.</summary>
    public IReadOnlyList<(string Name, byte[]? Value)> Headers { get; init; } = [];

    /// <summary>
    /// A batch as a sink gets it, for tests beside <see cref="SinkContract"/>: dispose it behind the delivery.
    /// </summary>
    /// <param name="destination">The destination of all outputs.</param>
    /// <param name="outputs">The outputs, in order.</param>
    public static OutputBatch Batch(string destination, params IEnumerable<SinkOutput> outputs)
    {
        var batch = new OutputBatch();
        SinkTrial.Add(batch, destination, outputs);
        return batch;
    }

    /// <inheritdoc/>
    public bool Equals(SinkOutput? other) =>
        other is not null
        && IsSame(Key, other.Key)
        && IsSame(Value, other.Value)
        && Headers.Count == other.Headers.Count
        && Headers.Zip(other.Headers)
            .All(static pair => pair.First.Name == pair.Second.Name && IsSame(pair.First.Value, pair.Second.Value));

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(Key);
        hash.AddBytes(Value);
        return hash.ToHashCode();
    }

    /// <summary>The form that failures use.</summary>
    public override string ToString()
    {
        var headers = Headers.Count == 0
            ? ""
            : $" [{string.Join(", ", Headers.Select(static header => $"{header.Name}={Show(header.Value)}"))}]";
        return $"{(Key is null ? "" : $"{Show(Key)}: ")}{Show(Value)}{headers}";
    }

    private static bool IsSame(byte[]? one, byte[]? other) =>
        one is null ? other is null : other is not null && one.AsSpan().SequenceEqual(other);

    private static string Show(byte[]? bytes)
    {
        if (bytes is null)
        {
            return "(none)";
        }

        var shown = bytes.AsSpan(0, Math.Min(bytes.Length, ShownBytes));
        var text = Array.TrueForAll(shown.ToArray(), static each => each is >= 0x20 and < 0x7F)
            ? $"\"{Encoding.ASCII.GetString(shown)}\""
            : "0x" + Convert.ToHexString(shown);
        return bytes.Length > ShownBytes ? $"{text}… ({bytes.Length} bytes)" : text;
    }
}
