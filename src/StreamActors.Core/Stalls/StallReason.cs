namespace StreamActors.Stalls;

/// <summary>What can be in the way of a partition's position. Pages and metrics say them in snake case.</summary>
internal enum StallReason
{
    /// <summary>A call of <c>MapAsync</c> for the record is under way.</summary>
    Call,

    /// <summary>As many calls as may be are under way; the record waits for a place.</summary>
    CallPlace,

    /// <summary>A call for the record failed, and is made again.</summary>
    Retry,

    /// <summary>The state of the record's entity is being read from the store.</summary>
    EntityState,

    /// <summary>A window holds the record until its flush: as it was composed.</summary>
    Window,

    /// <summary>A sink does not take outputs.</summary>
    Sink,

    /// <summary>The dead-letter topic cannot be written.</summary>
    DeadLetters,

    /// <summary>As much is parked as may be; the next record is not taken.</summary>
    ParkingFull,

    /// <summary>As many records as may be lie behind what is done.</summary>
    Uncommitted,

    /// <summary>The state of the shard is being read.</summary>
    Restoring,

    /// <summary>The store does not take a save, or gives no state.</summary>
    Store,

    /// <summary>A partition that feeds the same entities is not here.</summary>
    CoPartition,

    /// <summary>The shard cannot be started, or failed and starts again.</summary>
    Start,

    /// <summary>A saved state is of no use: somebody has to decide.</summary>
    State,

    /// <summary>The shard's turn does not end, or gets no thread.</summary>
    Turn,

    /// <summary>The group does not acknowledge the commit.</summary>
    Commit,

    /// <summary>Nobody knows whether this process still is a member of its group: nothing leaves it.</summary>
    Membership,

    /// <summary>The log grows, and nothing of it is read.</summary>
    Fetch,

    /// <summary>Nobody has the record that is not done: a defect of the engine.</summary>
    Unknown,
}
