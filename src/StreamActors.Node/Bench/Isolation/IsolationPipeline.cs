using System.Buffers;
using System.Buffers.Text;

namespace StreamActors.Node.Bench;

/// <summary>
/// The pipeline of <c>bench isolation</c>: a call for each record, which fails for one key of a hundred where the
/// service says so, again and again.
/// </summary>
internal sealed class IsolationPipeline(string input, string output) : ICodec<int>
{
    /// <summary>One key of so many fails.</summary>
    public const int FailingOneOf = 100;

    /// <summary>Composes it.</summary>
    public void Define(PipelineBuilder pipeline)
    {
        pipeline.Timing = new() { StopLimit = TimeSpan.FromSeconds(1) };
        pipeline.From(input, this)
            .MapAsync<Call, int>(new()
            {
                // A quarter of an hour of attempts, as many as there may be: the bench ends before they do.
                Retry = Retry.On<IOException>(1_000, TimeSpan.FromMilliseconds(100)) with
                {
                    Longest = TimeSpan.FromSeconds(1),
                },
            })
            .To(Kafka.Kafka.Topic(output, this));
    }

    /// <summary>Whether a key is one of those that fail.</summary>
    public static bool IsFailing(int key) => key % FailingOneOf == 0;

    /// <inheritdoc/>
    public bool TryRead(ReadOnlySpan<byte> bytes, out int value, out Rejection rejection)
    {
        rejection = default;
        return Utf8Parser.TryParse(bytes, out value, out _);
    }

    /// <inheritdoc/>
    public void Write(scoped in int value, IBufferWriter<byte> output)
    {
        Utf8Formatter.TryFormat(value, output.GetSpan(16), out var written);
        output.Advance(written);
    }

    /// <summary>The service: it answers at once.</summary>
    internal sealed class Service
    {
        /// <summary>Whether calls for the failing keys fail.</summary>
        public required bool Fails { get; init; }
    }

    private sealed class Call(Service service) : IAsyncMap<int, int>
    {
        public ValueTask<int> MapAsync(int value, StreamActors.Call call, CancellationToken stop) =>
            service.Fails && IsFailing(value)
                ? throw new IOException("The bench wants this key to fail.")
                : ValueTask.FromResult(value);
    }
}

/// <summary>Keys in turn; the value is the key's number.</summary>
internal sealed class KeyMaker(int keys) : IRecordMaker
{
    private readonly byte[] text = new byte[16];
    private int next;

    /// <inheritdoc/>
    public void Next(DateTimeOffset time, out ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value)
    {
        Utf8Formatter.TryFormat(next, text, out var length);
        next = (next + 1) % keys;
        key = value = text.AsSpan(0, length);
    }
}
