namespace StreamActors.Pipelines;

/// <summary>How the values of a route's topic are read and written, whatever their type.</summary>
internal interface ITopicCodec
{
    /// <summary>The values' type.</summary>
    Type ValueType { get; }
}

/// <summary>The codec of a route's topic.</summary>
internal sealed class TopicCodec<T>(ICodec<T> codec) : ITopicCodec
    where T : allows ref struct
{
    /// <summary>Reads and writes the values.</summary>
    public ICodec<T> Codec { get; } = codec;

    /// <inheritdoc/>
    public Type ValueType => typeof(T);
}
