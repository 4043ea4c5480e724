namespace StreamActors.Node.Chaos;

/// <summary>How a run is run.</summary>
internal sealed record ChaosOptions
{
    /// <summary>The servers and nodes.</summary>
    public required WorldOptions World { get; init; }

    /// <summary>How long faults strike.</summary>
    public required TimeSpan Length { get; init; }

    /// <summary>Decides which, whom and when.</summary>
    public required int Seed { get; init; }

    /// <summary>Records a second.</summary>
    public required int Rate { get; init; }

    /// <summary>Keys of each feed.</summary>
    public required int Keys { get; init; }

    /// <summary>The faults that may strike.</summary>
    public required IReadOnlyList<Fault> Faults { get; init; }
}
