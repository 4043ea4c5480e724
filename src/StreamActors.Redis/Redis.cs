using StreamActors.Sinks;

namespace StreamActors.Redis;

/// <summary>Targets of routes that end in Redis.</summary>
public static class Redis
{
    /// <summary>Publishes each value to a channel of its own; return constants where it can be done.</summary>
    public static Target<T> Publish<T>(Func<T, string> channel, ICodec<T> codec)
        where T : allows ref struct => new(RedisSink.ConnectorName, channel, codec);

    /// <summary>Publishes all values to one channel.</summary>
    public static Target<T> Publish<T>(string channel, ICodec<T> codec)
        where T : allows ref struct => Publish(_ => channel, codec);
}
