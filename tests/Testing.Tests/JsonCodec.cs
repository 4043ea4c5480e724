using System.Buffers;
using System.Text.Json;

namespace StreamActors.Testing.Tests;

/// <summary>Values as JSON.</summary>
internal sealed class JsonCodec<T> : ICodec<T>
{
    public bool TryRead(ReadOnlySpan<byte> bytes, out T value, out Rejection rejection)
    {
        (value, rejection) = (default!, default);
        try
        {
            value = JsonSerializer.Deserialize<T>(bytes)!;
            return true;
        }
        catch (JsonException)
        {
            rejection = new Rejection("", "is not valid JSON");
            return false;
        }
    }

    public void Write(scoped in T value, IBufferWriter<byte> output)
    {
        using var writer = new Utf8JsonWriter(output);
        JsonSerializer.Serialize(writer, value);
    }
}
