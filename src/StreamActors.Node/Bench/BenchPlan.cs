using StreamActors.Node.Cli;

namespace StreamActors.Node.Bench;

/// <summary>What a bench measures.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Topic">The topic that it fills.</param>
/// <param name="LatencyRate">Records a second in the latency phase.</param>
/// <param name="MakeSource">Makes the seeded source of records for so many drivers.</param>
internal sealed record BenchPlan(string Name, string Topic, int LatencyRate, Func<int, ulong, IRecordMaker> MakeSource);

/// <summary>How a bench is run.</summary>
internal sealed record BenchOptions
{
    /// <summary>Records of the throughput phase.</summary>
    public required int Records { get; init; }

    /// <summary>Entities that the records belong to.</summary>
    public required int Drivers { get; init; }

    /// <summary>Partitions, where the topic must be created.</summary>
    public required int Partitions { get; init; }

    /// <summary>The seed of the records.</summary>
    public required ulong Seed { get; init; }

    /// <summary>How long the latency phase lasts; zero leaves it out.</summary>
    public required TimeSpan Latency { get; init; }

    /// <summary>Records a second in the latency phase; null = the plan's.</summary>
    public required int? Rate { get; init; }

    /// <summary>Whether to fill a topic that no bench made.</summary>
    public required bool Yes { get; init; }

    /// <summary>Kafka.</summary>
    public required string Kafka { get; init; }

    /// <summary>Redis.</summary>
    public required HostPort Redis { get; init; }
}

/// <summary>Makes records, one after the other, into a buffer of its own that the next one overwrites.</summary>
internal interface IRecordMaker
{
    /// <summary>Makes the next record.</summary>
    void Next(DateTimeOffset time, out ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value);
}
