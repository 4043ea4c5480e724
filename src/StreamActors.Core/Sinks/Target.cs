namespace StreamActors.Sinks;

/// <summary>
/// Where a route's values go: which connector's sink, which destination in it, and which bytes. Connectors offer
/// methods that make one, such as <c>Redis.Publish</c> and <c>Kafka.Topic</c>.
/// </summary>
/// <typeparam name="T">The value's type.</typeparam>
/// <param name="connector">The connector whose sink delivers it, such as <c>redis</c>.</param>
/// <param name="destination">
/// The channel, topic or other address, per value. Return constants where it can be done.
/// </param>
/// <param name="codec">Writes the value's bytes.</param>
public sealed class Target<T>(string connector, Func<T, string> destination, ICodec<T> codec)
    where T : allows ref struct
{
    /// <summary>The connector whose sink delivers it.</summary>
    public string Connector { get; } = connector;

    /// <summary>The channel, topic or other address of a value.</summary>
    public Func<T, string> Destination { get; } = destination;

    /// <summary>Writes the value's bytes.</summary>
    public ICodec<T> Codec { get; } = codec;
}
