using BenchmarkDotNet.Attributes;
using StreamActors.Dedup;

namespace StreamActors.Benchmarks;

/// <summary>A shard's set of ids: nanoseconds and bytes allocated a record.</summary>
[MemoryDiagnoser]
public class DedupBenchmarks
{
    private const int Records = 10_000;

    private readonly UInt128[] ids = new UInt128[Records];
    private DedupSet seen = null!;
    private long now;

    /// <summary>How many ids the set holds already.</summary>
    [Params(10_000, 1_000_000)]
    public int SeenBefore { get; set; }

    /// <summary>Fills the set.</summary>
    [GlobalSetup]
    public void Fill()
    {
        var random = new Random(1);
        seen = new DedupSet(window: 60_000, seed: 1, new PagePool(long.MaxValue));
        for (var i = 0; i < SeenBefore; i++)
        {
            seen.TryAdd(NextId(random), now);
        }

        for (var i = 0; i < Records; i++)
        {
            ids[i] = NextId(random);
        }
    }

    /// <summary>New ids come, and are taken out again so that the set stays as large.</summary>
    [Benchmark(OperationsPerInvoke = Records)]
    public void AddAndRemove()
    {
        now++;
        foreach (var id in ids)
        {
            seen.TryAdd(id, now);
        }

        foreach (var id in ids)
        {
            seen.Remove(id);
        }
    }

    private static UInt128 NextId(Random random) => new((ulong)random.NextInt64(), (ulong)random.NextInt64());
}
