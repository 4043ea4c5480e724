namespace StreamActors.Redis;

/// <summary>Connects pipelines to Redis.</summary>
public static class RedisSetup
{
    /// <summary>Offers Redis as a sink.</summary>
    public static Connectors AddRedis(this Connectors connectors, RedisOptions options, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(connectors);
        return connectors.AddSink(Redis.Connector, (_, _) => new RedisSink(options, clock));
    }
}
