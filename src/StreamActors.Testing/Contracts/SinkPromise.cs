namespace StreamActors.Testing;

/// <summary>A promise of <see cref="SinkContract"/>.</summary>
public enum SinkPromise
{
    /// <summary>A batch arrives whole and in order.</summary>
    BatchArrivesInOrder,

    /// <summary>An empty batch completes, and nothing arrives.</summary>
    EmptyBatchCompletes,

    /// <summary>A batch may be used again as soon as its delivery has completed.</summary>
    BatchIsUsedAgain,

    /// <summary>Many batches, one after the other, arrive in their order.</summary>
    BatchesArriveInOrder,

    /// <summary>Shards deliver side by side, and the outputs of each stay in order.</summary>
    ShardsDeliverSideBySide,

    /// <summary>The outputs of a batch go each to its destination.</summary>
    DestinationsAreKeptApart,

    /// <summary>Keys, headers, tombstones and outputs without a key arrive.</summary>
    AllPartsArrive,

    /// <summary>Any bytes arrive as they are.</summary>
    AnyBytesArrive,

    /// <summary>Large values arrive whole.</summary>
    LargeValuesArrive,

    /// <summary>A delivery whose stop has fired ends soon.</summary>
    StoppedDeliveryEnds,

    /// <summary>The peer is reachable while it answers.</summary>
    PeerIsReachable,

    /// <summary>What was acknowledged is there, though the sink is disposed at once.</summary>
    AcknowledgedIsThere,

    /// <summary>Disposing ends the deliveries that are under way.</summary>
    DisposingEndsDeliveries,

    /// <summary>Disposing twice is harmless.</summary>
    DisposingTwiceIsHarmless,

    /// <summary>What could not be delivered while the peer was away is delivered when it is back.</summary>
    DeliversWhenPeerIsBack,

    /// <summary>Shards that deliver through an outage lose nothing and keep their order.</summary>
    KeepsOrderThroughOutage,

    /// <summary>A sink that is opened while the peer is away works when it is back.</summary>
    OpensInOutage,

    /// <summary>A delivery that is told to stop while the peer is away ends soon, and leaves its batch alone.</summary>
    StoppedDeliveryEndsInOutage,

    /// <summary>Disposing ends the deliveries that are under way while the peer is away.</summary>
    DisposingEndsDeliveriesInOutage,

    /// <summary>The peer is not reachable while it is away, and reachable when it is back.</summary>
    OutageIsSeen,

    /// <summary>What can never be delivered is refused, and the others of its batch arrive.</summary>
    UndeliverableIsRefused,

    /// <summary>An output that is refused is refused by each attempt.</summary>
    EachAttemptRefuses,
}

/// <summary>How a promise is checked.</summary>
/// <param name="Promise">Which it is.</param>
/// <param name="Text">What it says, a sentence without its full stop.</param>
/// <param name="RunAsync">Checks it.</param>
internal sealed record SinkPromiseCheck(SinkPromise Promise, string Text, Func<SinkTrial, Task> RunAsync);
