using System.Diagnostics;
using System.Text.Json;
using Confluent.Kafka;

namespace StreamActors.Node.Bench;

/// <summary>
/// What the client allows without us: the <c>Consume()</c> loop that everybody writes, well set
/// (<c>fetch.queue.backoff.ms</c> 10), one thread, no commits. With JSON it also walks through every value with
/// <see cref="Utf8JsonReader"/>, the least that a consumer of JSON can do.
/// </summary>
internal static class BareLoop
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Reads so many records from these offsets on.</summary>
    public static Throughput Run(
        string servers, IReadOnlyList<TopicPartitionOffset> starts, long records, bool readJson)
    {
        var config = new ConsumerConfig
        {
            BootstrapServers = servers,
            GroupId = $"bench-bare-{Guid.NewGuid():N}",
            EnableAutoCommit = false,
            EnableAutoOffsetStore = false,
            FetchQueueBackoffMs = 10,
            AutoOffsetReset = AutoOffsetReset.Error,
        };
        using var consumer = new ConsumerBuilder<byte[], byte[]>(config).Build();
        consumer.Assign(starts);
        using var process = Process.GetCurrentProcess();
        long seen = 0, bytes = 0;
        TimeSpan cpu = default;
        long? began = null;
        while (seen < records)
        {
            var result = consumer.Consume(Patience)
                ?? throw new UserErrorException(
                    $"Kafka sent no record for {Patience.TotalSeconds} s; {seen} were read.");
            if (began is null)
            {
                process.Refresh();
                cpu = process.TotalProcessorTime;
                began = TimeProvider.System.GetTimestamp();
            }

            seen++;
            bytes += result.Message.Value.Length;
            if (readJson)
            {
                Walk(result.Message.Value);
            }
        }

        process.Refresh();
        var took = TimeProvider.System.GetElapsedTime(began!.Value);
        return new Throughput(seen, took, process.TotalProcessorTime - cpu) { Bytes = bytes };
    }

    private static void Walk(ReadOnlySpan<byte> value)
    {
        var reader = new Utf8JsonReader(value);
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.Number)
            {
                _ = reader.GetDouble();
            }
        }
    }
}

/// <summary>How fast records were handled, and at what cost.</summary>
/// <param name="Records">The records.</param>
/// <param name="Time">The time that they took.</param>
/// <param name="Cpu">The processor time that the process spent meanwhile, its client's threads included.</param>
internal sealed record Throughput(long Records, TimeSpan Time, TimeSpan Cpu)
{
    /// <summary>Bytes of values.</summary>
    public long Bytes { get; init; }

    /// <summary>Records a second.</summary>
    public double PerSecond => Records / Time.TotalSeconds;

    /// <summary>Processor time a record, in microseconds.</summary>
    public double CpuMicroseconds => Cpu.TotalMicroseconds / Records;
}
