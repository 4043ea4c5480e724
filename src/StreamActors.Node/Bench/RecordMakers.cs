using System.Text.Unicode;
using StreamActors.Pipelines.RideShare.Simulation;

namespace StreamActors.Node.Bench;

/// <summary>The simulator's pings for benchmarks; their own times do not matter here.</summary>
internal sealed class PingMaker(int drivers, ulong seed) : IRecordMaker
{
    private readonly PingGenerator pings = new(drivers, (int)seed, DateTimeOffset.UnixEpoch);

    /// <inheritdoc/>
    public void Next(DateTimeOffset time, out ReadOnlySpan<byte> recordKey, out ReadOnlySpan<byte> recordValue)
    {
        recordValue = pings.Next();
        recordKey = pings.Key;
    }
}

/// <summary>Seeded changes of drivers' status, each with an id of its own.</summary>
internal sealed class StatusMaker(int drivers, ulong seed) : IRecordMaker
{
    private readonly Random random = new((int)seed);
    private readonly byte[] key = new byte[32];
    private readonly byte[] value = new byte[512];
    private int next;

    /// <inheritdoc/>
    public void Next(DateTimeOffset time, out ReadOnlySpan<byte> recordKey, out ReadOnlySpan<byte> recordValue)
    {
        var driver = next++ % drivers;
        var (id, place) = (RandomIds.Next(random), random.Next(100_000));
        Utf8.TryWrite(key, $"driver-{driver}", out var keyLength);
        Utf8.TryWrite(
            value,
            $"{{\"event_id\":\"{id}\",\"driver_id\":\"driver-{driver}\","
            + $"\"timestamp\":\"{time:yyyy-MM-ddTHH:mm:ss.fffZ}\","
            + $"\"previous_status\":\"online\",\"new_status\":\"en_route_pickup\",\"trigger\":\"offer_accepted\","
            + $"\"location\":[-23.{450_000 + place},-46.{550_000 + place}]}}",
            out var valueLength);
        recordKey = key.AsSpan(0, keyLength);
        recordValue = value.AsSpan(0, valueLength);
    }
}

/// <summary>Ids that a seed decides.</summary>
internal static class RandomIds
{
    /// <summary>The next id.</summary>
    public static Guid Next(Random random)
    {
        Span<byte> bytes = stackalloc byte[16];
        random.NextBytes(bytes);
        return new Guid(bytes);
    }
}
