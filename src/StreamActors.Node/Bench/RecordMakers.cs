using StreamActors.Pipelines.RideShare.Simulation;

namespace StreamActors.Node.Bench;

/// <summary>The simulator's pings for benchmarks; their own times do not matter here.</summary>
internal sealed class PingMaker(int drivers, ulong seed) : IRecordMaker
{
    private readonly PingGenerator pings = new(drivers, (int)seed, DateTimeOffset.UnixEpoch);

    /// <inheritdoc/>
    public void Next(DateTimeOffset time, out ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value)
    {
        value = pings.Next();
        key = pings.Key;
    }
}

/// <summary>The simulator's changes of drivers' status for benchmarks.</summary>
internal sealed class StatusMaker(int drivers, ulong seed) : IRecordMaker
{
    private readonly StatusGenerator statuses = new(drivers, (int)seed);

    /// <inheritdoc/>
    public void Next(DateTimeOffset time, out ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value)
    {
        value = statuses.Next(time);
        key = statuses.Key;
    }
}
