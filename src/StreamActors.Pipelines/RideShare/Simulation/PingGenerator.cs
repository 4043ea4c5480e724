using System.Globalization;
using System.Text;

namespace StreamActors.Pipelines.RideShare.Simulation;

/// <summary>
/// GPS pings for benchmarks, about 260 bytes each: drivers in random order, ids that never repeat, times a millisecond
/// apart, coordinates and speeds of equal length. It patches one template, so making a ping costs a few dozen
/// nanoseconds and no memory. Equal arguments give equal bytes. Not for several threads.
/// </summary>
public sealed class PingGenerator
{
    private const string Template =
        """{"event_id":"00000000-0000-4000-8000-000000000000","entity_type":"driver","entity_id":"driver-000000","""
        + "\"timestamp\":\"2026-01-01T00:00:00.000Z\",\"location\":[-23.500000,-46.500000],\"heading\":100.0,"
        + "\"speed\":20.00,\"accuracy\":5.0,\"trip_id\":null,\"session_id\":\"simulation\"}";

    private readonly byte[] ping = Encoding.UTF8.GetBytes(Template);
    private readonly Chance chance;
    private readonly int drivers;
    private readonly int idAt = IndexAfter("\"event_id\":\"");
    private readonly int driverAt = IndexAfter("\"entity_id\":\"driver-");
    private readonly int keyAt = IndexAfter("\"entity_id\":\"");
    private readonly int timeAt = IndexAfter("\"timestamp\":\"");
    private readonly int latitudeAt = IndexAfter("\"location\":[-23.");
    private readonly int longitudeAt = IndexAfter("-46.");
    private readonly int headingAt = IndexAfter("\"heading\":1");
    private readonly int speedAt = IndexAfter("\"speed\":");
    private long millisecond;

    /// <summary>Makes a generator.</summary>
    /// <param name="drivers">How many drivers ping; at most a million.</param>
    /// <param name="seed">Decides the order of drivers, the ids and the numbers.</param>
    /// <param name="start">The first ping's time.</param>
    public PingGenerator(int drivers, int seed, DateTimeOffset start)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(drivers);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(drivers, 1_000_000);
        this.drivers = drivers;
        chance = new Chance(seed);
        millisecond = start.ToUnixTimeMilliseconds();
        WriteSecond();
    }

    /// <summary>The last ping's key, the driver's id.</summary>
    public ReadOnlySpan<byte> Key => ping.AsSpan(keyAt, "driver-000000".Length);

    /// <summary>Makes the next ping; the bytes are valid until the next call.</summary>
    public ReadOnlySpan<byte> Next()
    {
        Uuid.Write(chance.Id(), ping.AsSpan(idAt, Uuid.TextLength));
        WriteDigits(driverAt, 6, (uint)chance.Below(drivers));
        var bits = chance.Bits();
        WriteDigits(latitudeAt, 6, (uint)bits & 0x7FFFF);
        WriteDigits(longitudeAt, 6, (uint)(bits >> 20) & 0x7FFFF);
        WriteDigits(headingAt, 2, (uint)(bits >> 40) % 100);
        WriteDigits(speedAt, 2, (uint)(bits >> 50) % 100);
        if (ping[speedAt] == '0')
        {
            ping[speedAt] = (byte)'1';
        }

        var fraction = (uint)(millisecond % 1_000);
        if (fraction == 0)
        {
            WriteSecond();
        }

        WriteDigits(timeAt + "2026-01-01T00:00:00.".Length, 3, fraction);
        millisecond++;
        return ping;
    }

    private static int IndexAfter(string piece) =>
        Template.IndexOf(piece, StringComparison.Ordinal) + piece.Length;

    private void WriteSecond() =>
        DateTimeOffset.FromUnixTimeMilliseconds(millisecond).UtcDateTime.TryFormat(
            ping.AsSpan(timeAt), out _, "yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture);

    private void WriteDigits(int at, int length, uint number)
    {
        for (var digit = at + length - 1; digit >= at; digit--)
        {
            ping[digit] = (byte)('0' + (number % 10));
            number /= 10;
        }
    }
}
