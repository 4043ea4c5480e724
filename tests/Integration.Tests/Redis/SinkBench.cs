using System.Buffers;
using System.Diagnostics;
using System.Text;
using StreamActors.Redis;
using StreamActors.Sinks;
using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.RedisTests;

/// <summary>A sink, and batches to give it.</summary>
public sealed class SinkBench : IAsyncDisposable
{
    public SinkBench(RedisOptions options) => Sink = new RedisSink(options, TimeProvider.System);

    internal RedisSink Sink { get; }

    /// <summary>Short time-outs, so that failures are fast.</summary>
    public static RedisOptions Options(RealRedis redis) => new()
    {
        Host = "127.0.0.1",
        Port = redis.Port,
        ConnectTimeout = TimeSpan.FromMilliseconds(500),
        OperationTimeout = TimeSpan.FromMilliseconds(1000),
    };

    public static SinkBench On(RealRedis redis) => new(Options(redis));

    public static OutputBatch Batch(params IEnumerable<(string Channel, byte[]? Message)> outputs)
    {
        var batch = new OutputBatch();
        foreach (var (channel, message) in outputs)
        {
            var draft = batch.Begin(channel, "key"u8);
            batch.BeginValue(ref draft);
            batch.Writer.Write(message);
            batch.End(draft, new Origin(0, 0, 0), isTombstone: message is null);
        }

        return batch;
    }

    public static OutputBatch Batch(string channel, params IEnumerable<string> messages) =>
        Batch(messages.Select(message => (channel, (byte[]?)Encoding.UTF8.GetBytes(message))));

    public Task DeliverAsync(OutputBatch batch) => Sink.DeliverAsync(batch, CancellationToken.None);

    /// <summary>Delivers as the engine does: again and again, with a short pause, until it succeeds.</summary>
    /// <returns>How often it failed.</returns>
    public Task<int> DeliverAtLastAsync(OutputBatch batch) => Sink.DeliverAtLastAsync(batch);

    /// <summary>A delivery that must fail within a time; returns the sentence.</summary>
    public async Task<string> FailAsync(TimeSpan within, string channel = "any")
    {
        using var batch = Batch(channel, "x");
        var since = Stopwatch.StartNew();
        var error = await Should.ThrowAsync<SinkException>(() => DeliverAsync(batch));
        since.Elapsed.ShouldBeLessThan(within);
        return error.Message;
    }

    /// <summary>The time until a delivery succeeds.</summary>
    public async Task<TimeSpan> RecoverAsync(string channel = "any")
    {
        using var batch = Batch(channel, "back");
        var since = Stopwatch.StartNew();
        await DeliverAtLastAsync(batch).WaitAsync(TimeSpan.FromSeconds(20));
        return since.Elapsed;
    }


    public ValueTask DisposeAsync() => Sink.DisposeAsync();
}
