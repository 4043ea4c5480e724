using System.Buffers;
using StreamActors.Sinks;
using StreamActors.Snapshots;

namespace StreamActors.Redis;

/// <summary>
/// Publishes outputs to Redis channels (pub/sub), at least once: a batch counts as delivered when Redis has answered to
/// all of it. A large batch goes in several calls, each after the answer to the one before; when one fails, the engine
/// delivers the whole batch again, so subscribers may see its beginning twice, and never a later output before an
/// earlier one's first appearance. A tombstone is published as an empty message; keys and headers are not published.
/// <para>
/// Redis keeps nothing for a subscriber that is away, and drops one that reads too slowly (client-output-buffer-limit):
/// delivered means that the server took it, not that somebody heard it.
/// </para>
/// <para>
/// Any number of shards deliver at the same time over one connection. Without a connection a delivery tries to make
/// one, all together a single one, and fails within the connect time-out; with one it fails within the operation
/// time-out a call. It never queues, and never gives up: the next delivery tries again.
/// </para>
/// <para>
/// Where the same Redis keeps the state of the shard, each call compares the shard's token first, and publishes nothing
/// once another process has claimed the shard.
/// </para>
/// </summary>
internal sealed class RedisSink : ISink
{
    private readonly RedisOptions options;
    private readonly RedisLink link;

    /// <summary>Makes a sink; it connects when the first batch comes.</summary>
    /// <exception cref="ArgumentException">The options cannot be used; the message says all that is wrong.</exception>
    public RedisSink(RedisOptions options, TimeProvider time)
    {
        var problems = options.Problems();
        if (problems.Count > 0)
        {
            throw new ArgumentException(string.Join(' ', problems), nameof(options));
        }

        this.options = options;
        link = new RedisLink(options, time);
    }

    /// <inheritdoc/>
    public string Name => Redis.Connector;

    /// <inheritdoc/>
    public async Task DeliverAsync(OutputBatch batch, CancellationToken stop)
    {
        if (batch.Count == 0)
        {
            return;
        }

        try
        {
            var connection = await link.GetAsync().WaitAsync(stop);
            for (var at = 0; at < batch.Count;)
            {
                var run = PublishScript.Next(batch, at);
                await PublishAsync(connection, batch, run, stop);
                at = run.End;
            }
        }
        catch (RedisFaultException error)
        {
            throw new SinkException($"redis {options.Endpoint}: {error.Fault}", error);
        }
    }

    /// <summary>
    /// Whether a fresh connection can be made and used, within two seconds. Its own connection, because the shared one
    /// may be busy with a large batch, or not know yet that the server is gone.
    /// </summary>
    public ValueTask<bool> IsReachableAsync(CancellationToken stop) => link.IsReachableAsync(stop);

    /// <summary>Closes the connection.</summary>
    public ValueTask DisposeAsync() => link.DisposeAsync();

    private async Task PublishAsync(
        RedisConnection connection, OutputBatch batch, PublishScript.Run run, CancellationToken stop)
    {
        if (run.Count == 0)
        {
            return;
        }

        // Another store's token is not to be found here.
        var fence = batch.Fence is { Store: Redis.Connector } own ? own : null;
        var buffer = ArrayPool<byte>.Shared.Rent(PublishScript.RoomFor(run, fence));
        try
        {
            var command = buffer.AsMemory(0, PublishScript.Write(batch, run, fence, buffer));
            var reply = await PublishScript.Script.CallAsync(connection, command, options.OperationTimeout, stop);
            if (PublishScript.IsFenced(reply))
            {
                throw new ShardFencedException($"Another process has claimed the shard {fence!.Shard}.");
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
