namespace StreamActors.Pipelines.RideShare.Simulation;

/// <summary>Where a trip stands.</summary>
internal enum TripState
{
    /// <summary>A rider asks.</summary>
    Requested,

    /// <summary>A driver is asked.</summary>
    OfferSent,

    /// <summary>The driver says no.</summary>
    OfferRejected,

    /// <summary>The driver says nothing.</summary>
    OfferExpired,

    /// <summary>Nobody is left to ask.</summary>
    NoDriversAvailable,

    /// <summary>The driver says yes.</summary>
    Matched,

    /// <summary>The driver is coming.</summary>
    DriverEnRoute,

    /// <summary>The driver is there.</summary>
    DriverArrived,

    /// <summary>The ride.</summary>
    Started,

    /// <summary>The end, as planned.</summary>
    Completed,

    /// <summary>The end, before it began.</summary>
    Cancelled,
}

/// <summary>
/// The legal moves of a trip.
/// <code>
/// Requested → OfferSent → Matched → DriverEnRoute → DriverArrived → Started → Completed
///     │         │   ↑                     │                │
///     │         ↓   │                     └────────────────┴→ Cancelled
///     │   OfferRejected, OfferExpired
///     └─────────┴→ NoDriversAvailable
/// </code>
/// </summary>
internal static class TripMoves
{
    private static readonly byte[][] Names =
    [
        [.. "trip.requested"u8], [.. "trip.offer_sent"u8], [.. "trip.offer_rejected"u8], [.. "trip.offer_expired"u8],
        [.. "trip.no_drivers_available"u8], [.. "trip.matched"u8], [.. "trip.driver_en_route"u8],
        [.. "trip.driver_arrived"u8], [.. "trip.started"u8], [.. "trip.completed"u8], [.. "trip.cancelled"u8],
    ];

    private static readonly TripState[][] Next =
    [
        [TripState.OfferSent, TripState.NoDriversAvailable],
        [TripState.OfferRejected, TripState.OfferExpired, TripState.Matched],
        [TripState.OfferSent, TripState.NoDriversAvailable],
        [TripState.OfferSent, TripState.NoDriversAvailable],
        [],
        [TripState.DriverEnRoute],
        [TripState.DriverArrived, TripState.Cancelled],
        [TripState.Started, TripState.Cancelled],
        [TripState.Completed],
        [],
        [],
    ];

    /// <summary>The event type of a state.</summary>
    public static byte[] Name(TripState state) => Names[(int)state];

    /// <summary>Whether a trip may go from one state to another.</summary>
    public static bool IsLegal(TripState from, TripState to) => Next[(int)from].Contains(to);
}

/// <summary>A trip of a rider. Its driver takes part from the first offer on.</summary>
internal sealed class Trip(byte[] id, Person rider, Place pickup, Place dropoff)
{
    public byte[] Id { get; } = id;

    public Person Rider { get; } = rider;

    public Place Pickup { get; } = pickup;

    public Place Dropoff { get; } = dropoff;

    /// <summary>Who is asked, or drives.</summary>
    public Person? Driver { get; set; }

    /// <summary>How many drivers were asked.</summary>
    public int Offers { get; set; }

    /// <summary>The city's second of the request.</summary>
    public int RequestedAt { get; init; }

    /// <summary>The price's factor at the request, in hundredths.</summary>
    public int Surge { get; init; } = 100;

    /// <summary>The price in hundredths of a real: 5 and 2 a kilometre, times the surge.</summary>
    public int Fare => Surge * (500 + (City.Distance(Pickup, Dropoff) / 45)) / 100;

    public TripState State { get; private set; }

    /// <summary>Goes on to another state; an illegal move is a defect of the world.</summary>
    public void Move(TripState to)
    {
        if (!TripMoves.IsLegal(State, to))
        {
            throw new InvalidOperationException($"A trip does not go from {State} to {to}.");
        }

        State = to;
    }
}
