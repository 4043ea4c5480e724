using System.Text;

namespace StreamActors.Pipelines.RideShare.Simulation;

/// <summary>What a driver does.</summary>
internal enum DriverMode
{
    /// <summary>Not yet there.</summary>
    Offline,

    /// <summary>Waits for a trip.</summary>
    Online,

    /// <summary>Drives to a rider, or is asked to, or waits for one.</summary>
    ToPickup,

    /// <summary>Drives with a rider.</summary>
    ToDropoff,
}

/// <summary>A driver or a rider.</summary>
internal sealed class Person(bool isDriver, int number, Place home)
{
    /// <summary>Names of São Paulo, some of which need more than ASCII.</summary>
    private static readonly string[] Names =
        ["Ana", "João", "Zoë", "Luís", "Maria", "Inês", "Paulo", "Conceição", "Tiago", "Sofia", "André", "Bruna"];

    private int ratingSum;

    /// <summary>The id, such as <c>driver-000042</c>.</summary>
    public byte[] Id { get; } = Encoding.UTF8.GetBytes($"{(isDriver ? "driver" : "rider")}-{number:D6}");

    public int Number { get; } = number;

    public byte[] Kind { get; } = isDriver ? [.. "driver"u8] : [.. "rider"u8];

    public byte[] FirstName { get; } = Encoding.UTF8.GetBytes(Names[number % Names.Length]);

    public byte[] LastName { get; } = Encoding.UTF8.GetBytes(Names[number / Names.Length % Names.Length] + " Silva");

    public byte[] Email { get; } = Encoding.UTF8.GetBytes($"p{number}@rides.example");

    public byte[] Phone { get; } = Encoding.UTF8.GetBytes($"+55 11 9{number:D8}");

    public byte[] Plate { get; } = Encoding.UTF8.GetBytes($"ABC{number % 10}D{number / 10 % 100:D2}");

    public Place Home { get; } = home;

    public Place At { get; set; } = home;

    public Place Target { get; set; } = home;

    /// <summary>Degrees, clockwise from north.</summary>
    public int Heading { get; set; }

    /// <summary>Kilometres an hour, in hundredths; 0 when standing.</summary>
    public int Speed { get; set; }

    public DriverMode Mode { get; set; }

    public Trip? Trip { get; set; }

    /// <summary>Whether the profile was sent.</summary>
    public bool IsKnown { get; set; }

    public int Ratings { get; private set; }

    /// <summary>The mean of all ratings, in hundredths.</summary>
    public int Rating => Ratings == 0 ? 500 : ratingSum * 100 / Ratings;

    public void Rate(int stars)
    {
        ratingSum += stars;
        Ratings++;
    }
}
