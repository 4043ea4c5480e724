namespace StreamActors.Pipelines;

/// <summary>How the values of a route's topic are read and written, whatever their type.</summary>
internal interface ITopicCodec
{
    /// <summary>The values' type.</summary>
    Type ValueType { get; }

    /// <summary>Whether bytes are a value; if not, why.</summary>
    bool Accepts(ReadOnlySpan<byte> bytes, out Rejection rejection);
}

/// <summary>The codec of a route's topic.</summary>
internal sealed class TopicCodec<T>(ICodec<T> codec) : ITopicCodec
    where T : allows ref struct
{
    /// <summary>Reads and writes the values.</summary>
    public ICodec<T> Codec { get; } = codec;

    /// <inheritdoc/>
    public Type ValueType => typeof(T);

    /// <inheritdoc/>
    public bool Accepts(ReadOnlySpan<byte> bytes, out Rejection rejection) =>
        Codec.TryRead(bytes, out _, out rejection);
}
