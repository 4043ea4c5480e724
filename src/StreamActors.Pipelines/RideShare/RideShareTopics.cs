namespace StreamActors.Pipelines.RideShare;

/// <summary>A topic of the ride-share platform and what is made of it.</summary>
public sealed class RideShareTopic
{
    /// <summary>The partitions of a topic that the processor creates because it is missing.</summary>
    public const int DefaultPartitions = 1;

    /// <summary>The replication factor of a topic that the processor creates because it is missing.</summary>
    public const short DefaultReplication = 1;

    internal RideShareTopic(string name, string handler, int platformPartitions, EventSchema schema)
    {
        Name = name;
        Handler = handler;
        PlatformPartitions = platformPartitions;
        Schema = schema;
        Channels = schema.Route.Otherwise is { } otherwise ? [schema.Route.Channel, otherwise] : [schema.Route.Channel];
    }

    /// <summary>The topic's name in Kafka.</summary>
    public string Name { get; }

    /// <summary>The value of the metrics' label <c>handler_type</c>.</summary>
    public string Handler { get; }

    /// <summary>The partitions that the real platform gives it.</summary>
    public int PlatformPartitions { get; }

    /// <summary>The Redis channels that its events go to.</summary>
    public IReadOnlyList<string> Channels { get; }

    internal EventSchema Schema { get; }

    /// <summary>Makes the codec of the topic's events.</summary>
    /// <param name="newId">
    /// Makes the id of an event that came without, such as <c>Guid.NewGuid</c>; called by many threads at once.
    /// </param>
    public RideEventCodec Codec(Func<Guid> newId) => new(Schema, newId);
}

/// <summary>The topics that the ride-share pipeline knows.</summary>
public static class RideShareTopics
{
    /// <summary>Where drivers and riders are: the only windowed topic, and nine tenths of the traffic.</summary>
    public static RideShareTopic GpsPings { get; } = new("gps_pings", "gps", 8, EventSchemas.GpsPing);

    /// <summary>Trips' changes of state.</summary>
    public static RideShareTopic Trips { get; } = new("trips", "trip", 4, EventSchemas.Trip);

    /// <summary>Drivers' changes of status.</summary>
    public static RideShareTopic DriverStatus { get; } =
        new("driver_status", "driver_status", 2, EventSchemas.DriverStatus);

    /// <summary>Zones' changes of price.</summary>
    public static RideShareTopic SurgeUpdates { get; } = new("surge_updates", "surge", 2, EventSchemas.SurgeUpdate);

    /// <summary>Drivers' profiles.</summary>
    public static RideShareTopic DriverProfiles { get; } =
        new("driver_profiles", "driver_profile", 1, EventSchemas.DriverProfile);

    /// <summary>Riders' profiles.</summary>
    public static RideShareTopic RiderProfiles { get; } =
        new("rider_profiles", "rider_profile", 1, EventSchemas.RiderProfile);

    /// <summary>Ratings after trips.</summary>
    public static RideShareTopic Ratings { get; } = new("ratings", "rating", 2, EventSchemas.Rating);

    /// <summary>All of them.</summary>
    public static IReadOnlyList<RideShareTopic> All { get; } =
        [GpsPings, Trips, DriverStatus, SurgeUpdates, DriverProfiles, RiderProfiles, Ratings];

    /// <summary>The topic with a name; null when the pipeline does not know it.</summary>
    public static RideShareTopic? Find(string name) => All.FirstOrDefault(topic => topic.Name == name);
}
