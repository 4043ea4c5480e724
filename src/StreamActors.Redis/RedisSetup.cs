namespace StreamActors.Redis;

/// <summary>Connects pipelines to Redis.</summary>
public static class RedisSetup
{
    /// <summary>
    /// Offers Redis as a sink, and to keep state (<see cref="PipelineBuilder.Store"/>), for all pipelines that do not
    /// bring their own.
    /// </summary>
    /// <param name="node">The node.</param>
    /// <param name="options">What the code sets; the host's configuration (section <c>Redis</c>) wins over it.</param>
    public static StreamActorsBuilder AddRedis(this StreamActorsBuilder node, RedisOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(node);
        node.Connectors.AddRedis(options);
        return node;
    }

    /// <inheritdoc cref="AddRedis(StreamActorsBuilder, RedisOptions)"/>
    /// <param name="connectors">The peers of a pipeline.</param>
    /// <param name="options">What the code sets.</param>
    public static Connectors AddRedis(this Connectors connectors, RedisOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(connectors);
        return connectors.Add(new Connector(Redis.Connector, reader =>
        {
            var effective = reader.Over(options ?? new RedisOptions(), new RedisOptions(), RedisOptions.Read);
            return new Peer
            {
                Sink = (_, services) => new RedisSink(effective, services.Time),
                Store = (_, services) => new RedisStateStore(effective, services.Time),
            };
        })
        {
            Section = "Redis",
        });
    }
}
