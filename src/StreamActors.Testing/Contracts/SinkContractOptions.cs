namespace StreamActors.Testing;

/// <summary>
/// What a sink is given by <see cref="SinkContract"/>. Limits are for failures alone, and generous: a sink that keeps
/// its promises is never waited for so long.
/// </summary>
public sealed record SinkContractOptions
{
    /// <summary>How long a delivery may take while the peer answers, and until a reader sees it.</summary>
    public TimeSpan DeliveryLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a delivery may take to fail while the peer is away. Partitions are held meanwhile, and nobody knows
    /// why.
    /// </summary>
    public TimeSpan FailureLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long after the peer's return deliveries may still fail or wait.</summary>
    public TimeSpan RecoveryLimit { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// How long a delivery may go on that is told to stop, or whose sink is disposed; and how long disposing may take.
    /// A drain waits for it.
    /// </summary>
    public TimeSpan StopLimit { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a question for the peer may take: health pages wait for it.</summary>
    public TimeSpan ReachLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The size of a large value in bytes.</summary>
    public int LargeValueBytes { get; init; } = 500_000;

    /// <summary>
    /// Whether a delivery waits for an absent peer rather than fail. Both are permitted; a sink that waits must tell by
    /// itself that its peer is away, since the engine only sees a delivery that takes long.
    /// </summary>
    public bool WaitsForPeer { get; init; }
}
