namespace StreamActors.Redis;

/// <summary>What was read of a shard is no longer current: its owner has saved, or it has another.</summary>
internal sealed class ShardMovedException : Exception
{
    /// <summary>Makes it without a reason.</summary>
    public ShardMovedException()
    {
    }

    /// <summary>Makes it with the reason.</summary>
    public ShardMovedException(string message)
        : base(message)
    {
    }

    /// <summary>Makes it with the reason and what caused it.</summary>
    public ShardMovedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
