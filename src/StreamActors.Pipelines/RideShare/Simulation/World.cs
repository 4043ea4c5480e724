using System.Text;

namespace StreamActors.Pipelines.RideShare.Simulation;

/// <summary>
/// A simulated city: drivers on a street grid, riders, trips that go through their states, prices that follow demand.
/// It does no I/O and reads no clock; equal options and equal steps give equal bytes. Not for several threads.
/// <para>
/// Its life passes second by second, each as fast as <see cref="WorldOptions.Rate"/> asks: who drives sends a ping
/// every 2 of its seconds, who waits one every 10, a passenger one every 2; prices are made every 60. All drivers are
/// there after two of its minutes. Its events tell <see cref="Now"/>, however fast it lives: who takes their age for a
/// latency is right.
/// </para>
/// </summary>
public sealed class World
{
    private const int MovingInterval = 2;
    private const int IdleInterval = 10;
    private const int SurgeInterval = 60;
    private const int ArrivalSeconds = 120;
    private const int PatienceSeconds = 90;
    private const int MaxOffers = 3;
    private const int DemandPeriod = 1_800;

    /// <summary>
    /// About what a driver needs for a trip, in seconds, so that at middling demand half of them drive.
    /// </summary>
    private const int RequestInterval = 320;

    private readonly Chance chance;
    private readonly Outlet outlet;
    private readonly EventComposer composer;
    private readonly WorldOptions options;
    private readonly Person[] riders;
    private readonly Zone[] zones = [.. Enumerable.Range(0, City.Zones).Select(_ => new Zone())];

    // Whom the coming seconds belong to: a ring of lists, the current one read from the front.
    private readonly List<Person>[] turns =
        [.. Enumerable.Range(0, ArrivalSeconds + 1).Select(_ => new List<Person>())];

    private int second;
    private int turn;
    private int trips;
    private double due;
    private double requestsDue;

    /// <summary>Builds a city in which nobody is on the road yet.</summary>
    public World(WorldOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Drivers);
        ArgumentOutOfRangeException.ThrowIfNegative(options.Rate);
        this.options = options;
        chance = new Chance(options.Seed);
        outlet = new Outlet(options);
        composer = new EventComposer(chance, outlet);
        Now = DateTimeOffset.UnixEpoch;
        riders = [.. Enumerable.Range(0, options.Drivers).Select(n => new Person(false, n, City.AnyCorner(chance)))];
        for (var number = 0; number < options.Drivers; number++)
        {
            turns[chance.Below(ArrivalSeconds)].Add(new Person(isDriver: true, number, City.AnyCorner(chance)));
        }
    }

    /// <summary>What was sent so far.</summary>
    public WorldTotals Totals => outlet.Totals;

    /// <summary>The time that events tell; to be set before a step. The Unix epoch at first.</summary>
    public DateTimeOffset Now
    {
        get;
        set
        {
            field = value;
            composer.SetTime(value);
        }
    }

    /// <summary>Lets the city live on, and sends what happens.</summary>
    /// <param name="elapsed">
    /// Real time since the last step; with <see cref="WorldOptions.Rate"/> it says how many events.
    /// </param>
    /// <param name="sink">Takes the events.</param>
    public void Step(TimeSpan elapsed, EventSink sink)
    {
        outlet.Sink = sink;
        due += options.Rate * elapsed.TotalSeconds;
        while (Totals.Sent < due)
        {
            var now = turns[second % turns.Length];
            if (turn == now.Count)
            {
                now.Clear();
                turn = 0;
                StartSecond(second + 1);
                continue;
            }

            var driver = now[turn++];
            turns[(second + Act(driver)) % turns.Length].Add(driver);
        }
    }

    private void StartSecond(int next)
    {
        second = next;
        if (second % SurgeInterval == 0)
        {
            MakePrices();
        }

        // Demand swings between 0.4 and 1.8 times its middle, once in half an hour.
        var swing = Math.Abs((second % DemandPeriod) - (DemandPeriod / 2)) / (DemandPeriod / 2.0);
        requestsDue += options.Drivers * (0.4 + (1.4 * swing)) / RequestInterval;
        for (; requestsDue >= 1; requestsDue--)
        {
            Request(riders[chance.Below(riders.Length)]);
        }

        foreach (var zone in zones)
        {
            Match(zone);
        }
    }

    private void MakePrices()
    {
        for (var i = 0; i < zones.Length; i++)
        {
            var (zone, before) = (zones[i], zones[i].Surge);
            zone.Surge = SurgeOf(zone.Pending.Count, zone.Idle.Count);
            if (zone.Surge != before)
            {
                composer.Priced(i, (before, zone.Surge), zone.Idle.Count, zone.Pending.Count);
            }
        }
    }

    /// <summary>
    /// The price's factor in hundredths: 1 up to one request a driver, 2.5 from three on, linear between.
    /// </summary>
    internal static int SurgeOf(int pending, int available)
    {
        var ratio = pending * 100 / Math.Max(available, 1);
        return 100 + (Math.Clamp(ratio - 100, 0, 200) * 3 / 4);
    }

    private void Request(Person rider)
    {
        if (rider.Trip is not null)
        {
            return;
        }

        if (!rider.IsKnown || chance.Happens(0.01))
        {
            composer.RiderProfile(rider);
        }

        var id = Encoding.ASCII.GetBytes($"trip-{options.Seed}-{trips++}");
        var zone = zones[City.ZoneOf(rider.At)];
        rider.Trip = new Trip(id, rider, rider.At, City.CornerNear(rider.At, 8, chance))
        {
            Surge = zone.Surge,
            RequestedAt = second,
        };
        composer.Told(rider.Trip);
        zone.Pending.Enqueue(rider.Trip);
    }

    private void Match(Zone zone)
    {
        for (var waiting = zone.Pending.Count; waiting > 0; waiting--)
        {
            var trip = zone.Pending.Dequeue();
            if (trip.Offers == MaxOffers || second - trip.RequestedAt > PatienceSeconds)
            {
                trip.Driver = null;
                trip.Rider.Trip = null;
                Go(trip, TripState.NoDriversAvailable);
            }
            else if (zone.TakeNearest(trip.Pickup, chance) is { } driver)
            {
                (trip.Driver, driver.Trip) = (driver, trip);
                trip.Offers++;
                Go(trip, TripState.OfferSent);
            }
            else
            {
                zone.Pending.Enqueue(trip);
            }
        }
    }

    /// <summary>What a driver does when it is their turn.</summary>
    /// <returns>Seconds until their next turn.</returns>
    private int Act(Person driver)
    {
        switch (driver.Trip?.State)
        {
            case null when driver.Mode == DriverMode.Offline:
                composer.DriverProfile(driver);
                Become(driver, DriverMode.Online, "app_open"u8);
                Wait(driver);
                break;
            case null:
                if (chance.Happens(0.0005))
                {
                    composer.DriverProfile(driver);
                }

                break;
            case TripState.OfferSent:
                Answer(driver, driver.Trip);
                break;
            case TripState.DriverEnRoute:
                DriveToPickup(driver, driver.Trip);
                break;
            case TripState.DriverArrived:
                PickUp(driver, driver.Trip);
                break;
            default:
                DriveToDropoff(driver, driver.Trip!);
                break;
        }

        composer.Ping(driver);
        return driver.Trip is null ? IdleInterval : MovingInterval;
    }

    private void Answer(Person driver, Trip trip)
    {
        if (!chance.Happens(0.85))
        {
            driver.Trip = null;
            Go(trip, chance.Happens(0.5) ? TripState.OfferRejected : TripState.OfferExpired);
            trip.Driver = null;
            zones[City.ZoneOf(trip.Pickup)].Pending.Enqueue(trip);
            Wait(driver);
            return;
        }

        Go(trip, TripState.Matched);
        Become(driver, DriverMode.ToPickup, "trip_matched"u8);
        Go(trip, TripState.DriverEnRoute);
    }

    private void DriveToPickup(Person driver, Trip trip)
    {
        if (chance.Happens(0.001))
        {
            Cancel(driver, trip);
        }
        else if (Drive(driver, trip.Pickup))
        {
            Go(trip, TripState.DriverArrived);
        }
    }

    private void PickUp(Person driver, Trip trip)
    {
        if (chance.Happens(0.02))
        {
            Cancel(driver, trip);
            return;
        }

        Go(trip, TripState.Started);
        Become(driver, DriverMode.ToDropoff, "trip_started"u8);
    }

    private void DriveToDropoff(Person driver, Trip trip)
    {
        var arrived = Drive(driver, trip.Dropoff);
        var rider = trip.Rider;
        (rider.At, rider.Heading, rider.Speed) = (driver.At, driver.Heading, driver.Speed);
        composer.Ping(rider);
        if (!arrived)
        {
            return;
        }

        Go(trip, TripState.Completed);
        Leave(driver, trip, "trip_completed"u8);
        composer.Rated(trip, rider, driver, Stars());
        composer.Rated(trip, driver, rider, Stars());
    }

    private void Cancel(Person driver, Trip trip)
    {
        Go(trip, TripState.Cancelled);
        Leave(driver, trip, "trip_cancelled"u8);
    }

    private void Leave(Person driver, Trip trip, ReadOnlySpan<byte> trigger)
    {
        (trip.Rider.Trip, driver.Trip, driver.Speed) = (null, null, 0);
        Become(driver, DriverMode.Online, trigger);
        Wait(driver);
    }

    private void Wait(Person driver) => zones[City.ZoneOf(driver.At)].Idle.Add(driver);

    private void Go(Trip trip, TripState to)
    {
        trip.Move(to);
        composer.Told(trip);
    }

    private void Become(Person driver, DriverMode mode, ReadOnlySpan<byte> trigger)
    {
        var before = driver.Mode;
        driver.Mode = mode;
        composer.Changed(driver, before, trigger);
    }

    /// <summary>
    /// Drives for one turn, at 40 to 65 km/h: a kilometre an hour is 2.5 millionths of a degree a second.
    /// </summary>
    private bool Drive(Person driver, Place to)
    {
        driver.Speed = 4_000 + chance.Below(2_501);
        (driver.At, driver.Heading) = City.Drive(driver.At, to, driver.Speed * MovingInterval / 40);
        return driver.At == to;
    }

    private int Stars() => 5 - Math.Min(chance.Below(6), chance.Below(5));

    /// <summary>What a zone knows of supply and demand.</summary>
    private sealed class Zone
    {
        /// <summary>Of how many idle drivers the nearest is asked.</summary>
        private const int Looked = 12;

        public List<Person> Idle { get; } = [];

        public Queue<Trip> Pending { get; } = [];

        /// <summary>The price's factor in hundredths.</summary>
        public int Surge { get; set; } = 100;

        public Person? TakeNearest(Place pickup, Chance chance)
        {
            if (Idle.Count == 0)
            {
                return null;
            }

            var best = chance.Below(Idle.Count);
            for (var look = 1; look < Looked; look++)
            {
                var other = chance.Below(Idle.Count);
                best = City.Distance(Idle[other].At, pickup) < City.Distance(Idle[best].At, pickup) ? other : best;
            }

            var driver = Idle[best];
            Idle[best] = Idle[^1];
            Idle.RemoveAt(Idle.Count - 1);
            return driver;
        }
    }
}
