using StreamActors.Sinks;

namespace StreamActors.Redis;

/// <summary>What pipelines say to publish to Redis.</summary>
public static class Redis
{
    /// <summary>The name of the connector: of its sink, and of the targets made here.</summary>
    public const string Connector = "redis";

    /// <summary>Publishes each value to a channel of its own; return constants where it can be done.</summary>
    public static Target<T> Publish<T>(Func<T, string> channel, ICodec<T> codec)
        where T : allows ref struct => new(Connector, channel, codec);

    /// <summary>Publishes all values to one channel.</summary>
    public static Target<T> Publish<T>(string channel, ICodec<T> codec)
        where T : allows ref struct => new(Connector, channel, codec);
}
