using System.Text;

namespace StreamActors.Pipelines.RideShare.Simulation;

/// <summary>A point in millionths of a degree.</summary>
/// <param name="Latitude">North of the equator.</param>
/// <param name="Longitude">East of Greenwich.</param>
internal readonly record struct Place(int Latitude, int Longitude);

/// <summary>
/// The box around São Paulo that the platform simulates, latitude −23.75 to −23.35 and longitude −46.82 to −46.36: a
/// grid of streets a thousandth of a degree apart (about 110 m), divided into zones.
/// </summary>
internal static class City
{
    /// <summary>How far one street is from the next, in millionths of a degree.</summary>
    public const int Block = 1_000;

    /// <summary>How many zones there are.</summary>
    public const int Zones = ZonesPerSide * ZonesPerSide;

    private const int South = -23_750_000;
    private const int North = -23_350_000;
    private const int West = -46_820_000;
    private const int East = -46_360_000;
    private const int ZonesPerSide = 4;

    private static readonly byte[][] ZoneIds =
        [.. Enumerable.Range(1, Zones).Select(zone => Encoding.UTF8.GetBytes($"zone-{zone:D2}"))];

    /// <summary>A corner anywhere in the city.</summary>
    public static Place AnyCorner(Chance chance) => new(
        South + (chance.Below((North - South) / Block) * Block),
        West + (chance.Below((East - West) / Block) * Block));

    /// <summary>A corner at most so many blocks away in each direction.</summary>
    public static Place CornerNear(Place place, int blocks, Chance chance) => new(
        Math.Clamp(Snap(place.Latitude) + Offset(blocks, chance), South, North),
        Math.Clamp(Snap(place.Longitude) + Offset(blocks, chance), West, East));

    /// <summary>The zone of a place.</summary>
    public static int ZoneOf(Place place)
    {
        var row = Math.Clamp((place.Latitude - South) / ((North - South) / ZonesPerSide), 0, ZonesPerSide - 1);
        var column = Math.Clamp((place.Longitude - West) / ((East - West) / ZonesPerSide), 0, ZonesPerSide - 1);
        return (row * ZonesPerSide) + column;
    }

    /// <summary>A zone's id.</summary>
    public static byte[] ZoneId(int zone) => ZoneIds[zone];

    /// <summary>How far a drive is, along the streets: first east or west, then north or south.</summary>
    public static int Distance(Place from, Place to) =>
        Math.Abs(from.Latitude - to.Latitude) + Math.Abs(from.Longitude - to.Longitude);

    /// <summary>Drives so far along the streets.</summary>
    /// <returns>Where it ends, and the heading in degrees, clockwise from north.</returns>
    public static (Place At, int Heading) Drive(Place from, Place to, int distance)
    {
        var east = to.Longitude - from.Longitude;
        var alongStreet = Math.Clamp(east, -distance, distance);
        var north = to.Latitude - from.Latitude;
        var rest = distance - Math.Abs(alongStreet);
        var alongAvenue = Math.Clamp(north, -rest, rest);
        var heading = alongAvenue > 0 ? 0 : alongAvenue < 0 ? 180 : east < 0 ? 270 : 90;
        return (new Place(from.Latitude + alongAvenue, from.Longitude + alongStreet), heading);
    }

    private static int Offset(int blocks, Chance chance) => (chance.Below((2 * blocks) + 1) - blocks) * Block;

    private static int Snap(int microdegrees) => microdegrees / Block * Block;
}
