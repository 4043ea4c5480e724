using System.Buffers.Binary;
using BenchmarkDotNet.Attributes;
using StreamActors.Dedup;
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
    private const long DedupWindow = 60_000;

    private readonly RecordBatch batch = new();
    private readonly WindowBuffer window = new(seed: 1);
    private DedupSet seen = null!;
    private OffsetLedger ledger = null!;
    private long offset;
    private long now;
    private ulong lastId;

    /// <summary>How many ids the dedup set holds already.</summary>
    [Params(10_000, 1_000_000)]
    public int SeenBefore { get; set; }

    /// <summary>Fills what the benchmarks read.</summary>
    [GlobalSetup]
    public void Fill()
    {
        var random = new Random(1);
        seen = new DedupSet(DedupWindow, seed: 1, new PagePool(long.MaxValue));
        for (var i = 0; i < SeenBefore; i++)
        {
            seen.TryAdd(NextId(), now);
        }

        ledger = new OffsetLedger(0, maxSpan: 1024 * 1024);
        batch.Reset(new PartitionId("gps_pings", 0));
        var (key, value) = (new byte[8], new byte[260]);
        for (var i = 0; i < Records; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(key, random.Next(1_250));
            batch.Add(i, 0, key, value, []);
        }
    }

    /// <summary>New ids come, and as much time passes as makes as many old ones expire.</summary>
    [Benchmark(OperationsPerInvoke = Records)]
    public void Dedup()
    {
        now += DedupWindow * Records / SeenBefore;
        for (var i = 0; i < Records; i++)
        {
            seen.TryAdd(NextId(), now);
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

    private UInt128 NextId() => new(++lastId * 0xBF58476D1CE4E5B9, lastId * 0x94D049BB133111EB);
}
