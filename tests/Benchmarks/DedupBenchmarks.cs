using BenchmarkDotNet.Attributes;
using StreamActors.Dedup;

namespace StreamActors.Benchmarks;

/// <summary>A shard's set of ids: nanoseconds and bytes allocated a record.</summary>
[MemoryDiagnoser]
public class DedupBenchmarks
{
    private const int Records = 10_000;
    private const int Window = 60_000;

    private DedupSet seen = null!;
    private ulong number;
    private long now;

    /// <summary>How many ids the set holds.</summary>
    [Params(100_000, 1_000_000)]
    public int Held { get; set; }

    /// <summary>Fills the set.</summary>
    [GlobalSetup]
    public void Fill()
    {
        seen = new DedupSet(Window, seed: 1, new PagePool(long.MaxValue));
        for (var i = 0; i < Held; i += Records)
        {
            AddNew();
        }
    }

    /// <summary>New ids come, and as many leave the window, so that the set stays as large.</summary>
    [Benchmark(OperationsPerInvoke = Records)]
    public void AddNew()
    {
        now += (long)Window * Records / Held;
        for (var i = 0; i < Records; i++)
        {
            // A step of the golden ratio: spread like random ids, and made in a nanosecond.
            number += 0x9E3779B97F4A7C15;
            seen.TryAdd(new UInt128(number, ~number), now);
        }
    }
}
