namespace StreamActors.Pipelines.RideShare.Simulation;

/// <summary>What a simulated city is like.</summary>
public sealed record WorldOptions
{
    /// <summary>How many drivers there are; there are as many riders.</summary>
    public int Drivers { get; init; } = 1_000;

    /// <summary>
    /// Events a second of real time, all topics together; about nine tenths are GPS pings. The city lives so much
    /// faster or slower than real time that its drivers cause that many.
    /// </summary>
    public double Rate { get; init; } = 1_000;

    /// <summary>The part of events after which a broken copy is sent as well, from 0 to 1.</summary>
    public double Malformed { get; init; }

    /// <summary>The part of events after which an earlier event is sent once more, from 0 to 1.</summary>
    public double Duplicates { get; init; }

    /// <summary>Decides everything that chance decides: the same seed and the same steps give the same bytes.</summary>
    public int Seed { get; init; } = 1;
}
