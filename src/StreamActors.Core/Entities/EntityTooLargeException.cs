using StreamActors.Shards;
using StreamActors.Snapshots;

namespace StreamActors.Entities;

/// <summary>
/// An entity has more bytes, with its timers, than are stored of one. Thrown by a cut, it ends the shard, which begins
/// again from its last save and measures that entity from there on; thrown by a call, it gives up the record, or the
/// timer, that would make it so.
/// </summary>
internal sealed class EntityTooLargeException : Exception
{
    /// <summary>Makes it without a reason.</summary>
    public EntityTooLargeException()
    {
    }

    /// <summary>Makes it with the reason.</summary>
    public EntityTooLargeException(string message)
        : base(message)
    {
    }

    /// <summary>Makes it with the reason and what caused it.</summary>
    public EntityTooLargeException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Makes it for an entity.</summary>
    /// <param name="kind">The name of its kind.</param>
    /// <param name="key">Its key.</param>
    /// <param name="bytes">The bytes of its key, its state and its timers.</param>
    /// <param name="limit">How many there may be.</param>
    public EntityTooLargeException(string kind, ReadOnlySpan<byte> key, long bytes, int limit)
        : base(
            $"The entity {kind} with the key \"{KeyText.Of(key)}\" would have {bytes} bytes of state and timers, and "
            + $"EntityBytes allows {limit}. Keep less in it, or raise the limit, to {StateChunk.MaxEntry} at most.") =>
        Key = key.ToArray();

    /// <summary>The entity's key.</summary>
    public byte[] Key { get; } = [];
}
