using System.Buffers;
using System.Text;

namespace StreamActors;

/// <summary>Codecs for values that are bytes or text as they stand.</summary>
public static class Codec
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>UTF-8 text; bytes that are not are refused. A tombstone reads as an empty text.</summary>
    public static ICodec<string> Text { get; } = new TextCodec();

    /// <summary>The bytes themselves; nothing is refused. A tombstone reads as no bytes.</summary>
    public static ICodec<byte[]> Bytes { get; } = new BytesCodec();

    private sealed class TextCodec : ICodec<string>
    {
        public bool TryRead(ReadOnlySpan<byte> bytes, out string value, out Rejection rejection)
        {
            var isText = System.Text.Unicode.Utf8.IsValid(bytes);
            value = isText ? Encoding.UTF8.GetString(bytes) : "";
            rejection = isText ? default : new Rejection("", "is not valid UTF-8");
            return isText;
        }

        public void Write(scoped in string value, IBufferWriter<byte> output) => Strict.GetBytes(value, output);
    }

    private sealed class BytesCodec : ICodec<byte[]>
    {
        public bool TryRead(ReadOnlySpan<byte> bytes, out byte[] value, out Rejection rejection)
        {
            (value, rejection) = (bytes.ToArray(), default);
            return true;
        }

        public void Write(scoped in byte[] value, IBufferWriter<byte> output) => output.Write(value);
    }
}
