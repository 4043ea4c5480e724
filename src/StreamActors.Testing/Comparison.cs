using System.Buffers;
using System.Text;
using StreamActors.Configuration;

namespace StreamActors.Testing;

/// <summary>Compares what a destination was expected to have with what was written there.</summary>
internal sealed class Comparison<T>(IReadOnlyList<T> expected, IReadOnlyList<Decoded<T>> got)
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>Whether they are the same values in the same order.</summary>
    public bool AreSame => expected.Count == got.Count && FirstDifferent is null;

    /// <summary>The key of the first that is not as expected; null where it has none, or is missing.</summary>
    public byte[]? Key => (FirstDifferent ?? got.Skip(expected.Count).FirstOrDefault())?.Record.KeyBytes;

    private Decoded<T>? FirstDifferent =>
        got.Zip(expected).FirstOrDefault(static pair => !IsSame(pair.First, pair.Second)).First;

    /// <summary>What differs, and both sides, as the codec writes them where that is text.</summary>
    public string Text(ICodec<T> codec) => $"{Difference(TypeName.Of(typeof(T)))}.\n"
        + $"expected: {Show(expected.Select(value => Show(value, codec)))}\n"
        + $"got:      {Show(got.Select(static each => Show(each.Value, each.Codec)))}";

    private string Difference(string type) => expected.Count != got.Count
        ? $"expected {expected.Count} {type}, got {got.Count}"
        : got.Count == 1 ? $"the {type} differs" : $"the {got.Count} {type} differ";

    /// <summary>A record with a list in it equals no other: what readers of the destination see decides then.</summary>
    private static bool IsSame(Decoded<T> got, T expected) =>
        EqualityComparer<T>.Default.Equals(got.Value, expected)
        || (got.Record.Value is not null
            && Write(expected, got.Codec) is { } bytes
            && Write(got.Value, got.Codec) is { } others
            && bytes.AsSpan().SequenceEqual(others));

    private static string Show(IEnumerable<string> values) =>
        string.Join(", ", values) is { Length: > 0 } text ? text : "nothing";

    private static string Show(T value, ICodec<T> codec)
    {
        try
        {
            var text = Write(value, codec) is { } bytes ? Strict.GetString(bytes) : "";
            return text.Length > 0 && !text.Any(IsUnreadable) ? text : $"{value}";
        }
        catch (DecoderFallbackException)
        {
            return $"{value}";
        }
    }

    private static bool IsUnreadable(char letter) => char.IsControl(letter) && !char.IsWhiteSpace(letter);

    /// <summary>The bytes of a value; null where its codec only reads, or there is none.</summary>
    private static byte[]? Write(T value, ICodec<T> codec)
    {
        if (value is null)
        {
            return null;
        }

        try
        {
            var output = new ArrayBufferWriter<byte>();
            codec.Write(in value, output);
            return output.WrittenSpan.ToArray();
        }
        catch (NotSupportedException)
        {
            return null;
        }
    }
}
