using System.Buffers;
using System.Text;
using System.Text.Json;
using BenchmarkDotNet.Attributes;
using StreamActors.Pipelines.RideShare;
using StreamActors.Pipelines.RideShare.Simulation;

namespace StreamActors.Benchmarks;

/// <summary>
/// Reading, checking and rendering a GPS ping, beside a bare walk over its tokens; nanoseconds a record.
/// </summary>
[MemoryDiagnoser]
public class RideShareBenchmarks
{
    private const int Records = 2_000;

    private readonly RideEventCodec codec = RideShareTopics.GpsPings.Codec(Guid.NewGuid);
    private readonly ArrayBufferWriter<byte> output = new(1 << 20);
    private byte[][] compact = [];
    private byte[][] spaced = [];
    private byte[][] broken = [];

    /// <summary>Makes the pings.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var pings = new PingGenerator(drivers: 10_000, seed: 1, DateTimeOffset.UnixEpoch);
        compact = [.. Enumerable.Range(0, Records).Select(_ => pings.Next().ToArray())];
        spaced = [.. compact.Select(Spaced)];
        broken = [.. compact.Select(ping => ping[..^1])];
    }

    /// <summary>Pings as most serialisers write them.</summary>
    [Benchmark(OperationsPerInvoke = Records)]
    public int ReadCompact() => Read(compact);

    /// <summary>Pings as Python's serialiser writes them.</summary>
    [Benchmark(OperationsPerInvoke = Records)]
    public int ReadSpaced() => Read(spaced);

    /// <summary>Pings whose last byte is missing.</summary>
    [Benchmark(OperationsPerInvoke = Records)]
    public int RefuseBroken() => Read(broken);

    /// <summary>Read, and written as they are published.</summary>
    [Benchmark(OperationsPerInvoke = Records)]
    public int ReadAndWriteCompact() => ReadAndWrite(compact);

    /// <summary>Read, and written as they are published, field by field.</summary>
    [Benchmark(OperationsPerInvoke = Records)]
    public int ReadAndWriteSpaced() => ReadAndWrite(spaced);

    /// <summary>System.Text.Json's tokens alone: nothing is looked up, checked or kept.</summary>
    [Benchmark(OperationsPerInvoke = Records, Baseline = true)]
    public int WalkTokens()
    {
        var tokens = 0;
        foreach (var record in compact)
        {
            var reader = new Utf8JsonReader(record);
            while (reader.Read())
            {
                tokens++;
            }
        }

        return tokens;
    }

    private static byte[] Spaced(byte[] record) =>
        Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(record).Replace(",", ", ").Replace("\":", "\": "));

    private int Read(byte[][] records)
    {
        var good = 0;
        foreach (var record in records)
        {
            good += codec.TryRead(record, out _, out _) ? 1 : 0;
        }

        return good;
    }

    private int ReadAndWrite(byte[][] records)
    {
        output.ResetWrittenCount();
        foreach (var record in records)
        {
            if (codec.TryRead(record, out var value, out _))
            {
                codec.Write(in value, output);
            }
        }

        return output.WrittenCount;
    }
}
