using System.Text.Unicode;

namespace StreamActors.Pipelines.RideShare.Simulation;

/// <summary>
/// Changes of drivers' status for benchmarks, about 260 bytes each: drivers in turn, ids that never repeat. It writes
/// into one buffer. Equal arguments give equal bytes. Not for several threads.
/// </summary>
public sealed class StatusGenerator
{
    private const string Start = "{\"event_id\":\"";

    private readonly byte[] key = new byte[32];
    private readonly byte[] status = new byte[512];
    private readonly Chance chance;
    private readonly int drivers;
    private int keyLength;
    private int next;

    /// <summary>Makes a generator.</summary>
    /// <param name="drivers">How many drivers change their status.</param>
    /// <param name="seed">Decides the ids and the places.</param>
    public StatusGenerator(int drivers, int seed)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(drivers);
        this.drivers = drivers;
        chance = new Chance(seed);
    }

    /// <summary>The last status' key, the driver's id.</summary>
    public ReadOnlySpan<byte> Key => key.AsSpan(0, keyLength);

    /// <summary>Makes the next status; the bytes are valid until the next call.</summary>
    public ReadOnlySpan<byte> Next(DateTimeOffset time)
    {
        var driver = next;
        next = (next + 1) % drivers;
        var place = chance.Below(100_000);
        Utf8.TryWrite(key, $"driver-{driver}", out keyLength);
        Utf8.TryWrite(
            status,
            $"{Start}00000000-0000-4000-8000-000000000000\",\"driver_id\":\"driver-{driver}\","
            + $"\"timestamp\":\"{time:yyyy-MM-ddTHH:mm:ss.fffZ}\","
            + $"\"previous_status\":\"online\",\"new_status\":\"en_route_pickup\",\"trigger\":\"offer_accepted\","
            + $"\"location\":[-23.{450_000 + place},-46.{550_000 + place}]}}",
            out var length);
        Uuid.Write(chance.Id(), status.AsSpan(Start.Length, Uuid.TextLength));
        return status.AsSpan(0, length);
    }
}
