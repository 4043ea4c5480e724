using System.Buffers.Binary;
using BenchmarkDotNet.Attributes;
using StreamActors.Metrics;
using StreamActors.Offsets;
using StreamActors.Records;
using StreamActors.Sinks;
using StreamActors.Windows;

namespace StreamActors.Benchmarks;

/// <summary>
/// The parts of the engine that every record passes, each alone: nanoseconds and bytes allocated a record.
/// </summary>
[MemoryDiagnoser]
public class EngineBenchmarks
{
    private const int Records = 10_000;

    private readonly SinkCounters counters = new();
    private readonly Output[] outputs = [.. Enumerable.Range(0, Records)
        .Select(static i => new Output { Destination = "to", Origin = new Origin(0, i, i / 10) })];
    private readonly RecordBatch batch = new();
    private readonly WindowBuffer window = new(seed: 1);
    private OffsetLedger ledger = null!;
    private long offset;

    /// <summary>Fills what the benchmarks read.</summary>
    [GlobalSetup]
    public void Fill()
    {
        var random = new Random(1);
        ledger = new OffsetLedger(0, maxSpan: 1024 * 1024);
        batch.Reset(new PartitionId("gps_pings", 0));
        var (key, value) = (new byte[8], new byte[260]);
        for (var i = 0; i < Records; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(key, random.Next(1_250));
            batch.Add(i, 0, key, value, []);
        }
    }

    /// <summary>
    /// Pings of 1,250 drivers, a shard's share of 10,000, go into a window that is flushed at the end.
    /// </summary>
    [Benchmark(OperationsPerInvoke = Records)]
    public void Window()
    {
        for (var i = 0; i < Records; i++)
        {
            var record = batch[i];
            window.Put(record.Key, in record, new Origin(0, i, 0));
        }

        window.Clear();
    }

    /// <summary>Records are received, retained for an output, and done in two steps.</summary>
    [Benchmark(OperationsPerInvoke = Records)]
    public void Ledger()
    {
        for (var i = 0; i < Records; i++)
        {
            ledger.Receive(offset + i);
            ledger.Retain(offset + i);
            ledger.Complete(offset + i);
        }

        for (var i = 0; i < Records; i++)
        {
            ledger.Complete(offset + i);
        }

        offset += Records;
    }

    /// <summary>The ages of acknowledged outputs are counted, ten of each millisecond.</summary>
    [Benchmark(OperationsPerInvoke = Records)]
    public void Latencies() => counters.AddLatencies(outputs, utcNow: Records);
}
