using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using StreamActors.Configuration;

namespace StreamActors;

/// <summary>
/// Values as JSON. Bytes that are not the JSON of a value are refused, with the path at which reading stopped; so are
/// <c>null</c> and a tombstone. Refusing costs an exception, some microseconds: a source that is mostly broken wants a
/// codec of its own.
/// </summary>
public static class Json
{
    private static readonly JsonSerializerOptions Complete = new(JsonSerializerDefaults.Web)
    {
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    /// <summary>
    /// By a source-generated context, such as <c>Json.Of(Shapes.Default.PageView)</c>: no reflection.
    /// </summary>
    public static ICodec<T> Of<T>(JsonTypeInfo<T> type) => new JsonCodec<T>(type);

    /// <summary>By reflection, which costs the first record some milliseconds.</summary>
    /// <param name="options">
    /// How names and numbers are written; unless given, camelCase names, read in any case. What a value lacks is then
    /// refused: a constructor's parameter without a default must be there, and null stands only where the type says so.
    /// </param>
    public static ICodec<T> Of<T>(JsonSerializerOptions? options = null) =>
        new JsonCodec<T>((JsonTypeInfo<T>)(options ?? Complete).GetTypeInfo(typeof(T)));

    private sealed class JsonCodec<T>(JsonTypeInfo<T> type) : ICodec<T>
    {
        public bool TryRead(ReadOnlySpan<byte> bytes, out T value, out Rejection rejection)
        {
            rejection = default;
            try
            {
                value = JsonSerializer.Deserialize(bytes, type)!;
                if (value is not null)
                {
                    return true;
                }

                rejection = new Rejection("", "is null");
            }
            catch (JsonException error)
            {
                value = default!;
                rejection = bytes.IsEmpty
                    ? new Rejection("", "is empty")
                    : new Rejection(error.Path ?? "", $"is not the JSON of {TypeName.Of(typeof(T))}: {error.Message}");
            }

            return false;
        }

        public void Write(scoped in T value, IBufferWriter<byte> output)
        {
            var writer = JsonWriter.Rent(output);
            try
            {
                JsonSerializer.Serialize(writer, value, type);
                writer.Flush();
            }
            finally
            {
                JsonWriter.Return(writer);
            }
        }
    }

    /// <summary>A writer a thread: making one costs more than most values.</summary>
    private static class JsonWriter
    {
        private static readonly JsonWriterOptions Options = new() { SkipValidation = true };

        [ThreadStatic]
        private static Utf8JsonWriter? idle;

        public static Utf8JsonWriter Rent(IBufferWriter<byte> output)
        {
            var writer = idle;
            idle = null;
            if (writer is null)
            {
                return new Utf8JsonWriter(output, Options);
            }

            writer.Reset(output);
            return writer;
        }

        public static void Return(Utf8JsonWriter writer)
        {
            writer.Reset(Stream.Null);
            idle = writer;
        }
    }
}
