namespace StreamActors.Metrics;

/// <summary>
/// What became of the records of a route, since the start of the process. Every record that was received ends in
/// exactly one of: emitted, merged, filtered, without output, duplicate, rejected, failed, undone; so that
/// <c>Received = Emitted + Merged + Filtered + WithoutOutput + Duplicates + Rejected + Failed + Undone</c> once its
/// shards are gone.
/// </summary>
public sealed class RouteCounters
{
    private long received;
    private long repeated;
    private long emitted;
    private long merged;
    private long filtered;
    private long withoutOutput;
    private long duplicates;
    private long rejected;
    private long failed;
    private long undone;
    private long deadLettered;
    private long ahead;
    private long forgottenIds;
    private long firedTimers;
    private long failedTimers;
    private long passivatedIdle;
    private long passivatedAtCap;
    private long bytes;
    private long callsInFlight;
    private long parkedRecords;
    private long activeEntities;
    private long setTimers;
    private long awayEntities;
    private long loadedEntities;

    internal RouteCounters()
    {
    }

    /// <summary>Records taken from the source for the first time.</summary>
    public long Received => Interlocked.Read(ref received);

    /// <summary>Records dropped because their offset had been received before in this epoch.</summary>
    public long Repeated => Interlocked.Read(ref repeated);

    /// <summary>Records that caused outputs, all of which were acknowledged or refused for good.</summary>
    public long Emitted => Interlocked.Read(ref emitted);

    /// <summary>Records that a window replaced by later ones, or left out of a sample.</summary>
    public long Merged => Interlocked.Read(ref merged);

    /// <summary>Records that <c>Where</c> of their route left out.</summary>
    public long Filtered => Interlocked.Read(ref filtered);

    /// <summary>
    /// Records that were handled and caused no output: an entity took them, a call or a <c>FlatMap</c> gave nothing, or
    /// no target wanted their values.
    /// </summary>
    public long WithoutOutput => Interlocked.Read(ref withoutOutput);

    /// <summary>Records whose id had been seen within the dedup window.</summary>
    public long Duplicates => Interlocked.Read(ref duplicates);

    /// <summary>Records that the codec, <c>Require</c> or a <see cref="RecordRejectedException"/> refused.</summary>
    public long Rejected => Interlocked.Read(ref rejected);

    /// <summary>Records on which user code threw.</summary>
    public long Failed => Interlocked.Read(ref failed);

    /// <summary>
    /// Records that were not done when this process let go of their partition: their next owner reads them again.
    /// </summary>
    public long Undone => Interlocked.Read(ref undone);

    /// <summary>Those of the rejected and the failed for which a dead letter was written.</summary>
    public long DeadLettered => Interlocked.Read(ref deadLettered);

    /// <summary>
    /// Those of the received whose time was further ahead of the wall clock than <c>MaxEventTimeLead</c> allows: they
    /// did not move the records' time.
    /// </summary>
    public long Ahead => Interlocked.Read(ref ahead);

    /// <summary>Ids that dedup forgot before their time, because <c>DedupBytes</c> was reached.</summary>
    public long ForgottenIds => Interlocked.Read(ref forgottenIds);

    /// <summary>
    /// Timers that were called, those that failed included. What they emit is in no count of records: it is among the
    /// outputs of its sink.
    /// </summary>
    public long FiredTimers => Interlocked.Read(ref firedTimers);

    /// <summary>Timers on whose call user code threw.</summary>
    public long FailedTimers => Interlocked.Read(ref failedTimers);

    /// <summary>
    /// Entities that were passivated because they had been idle for <c>PassivateAfter</c>; in a route with a sample,
    /// the counts of such entities.
    /// </summary>
    public long PassivatedIdle => Interlocked.Read(ref passivatedIdle);

    /// <summary>
    /// Entities that were passivated before their time because <c>EntitiesPerShard</c> was reached; without a store
    /// their timers go with them.
    /// </summary>
    public long PassivatedAtCap => Interlocked.Read(ref passivatedAtCap);

    /// <summary>Bytes of keys and values received.</summary>
    public long Bytes => Interlocked.Read(ref bytes);

    /// <summary>
    /// Calls of <c>MapAsync</c> under way now, those that were given up and have not ended included, of shards that
    /// this process owns.
    /// </summary>
    public long CallsInFlight => Interlocked.Read(ref callsInFlight);

    /// <summary>
    /// Records parked now: for a call, its result, or its next attempt, or while the state of their entity is read.
    /// </summary>
    public long ParkedRecords => Interlocked.Read(ref parkedRecords);

    /// <summary>
    /// Entities active now in shards that this process owns; those that several routes feed count for the first.
    /// </summary>
    public long ActiveEntities => Interlocked.Read(ref activeEntities);

    /// <summary>Timers set now, of these entities.</summary>
    public long SetTimers => Interlocked.Read(ref setTimers);

    /// <summary>
    /// Entities of these shards that a store has and the memory has not: passivated, or not read yet since the shard
    /// came. Their next record loads them.
    /// </summary>
    public long AwayEntities => Interlocked.Read(ref awayEntities);

    /// <summary>Entities that were loaded because a record came for them while they were away.</summary>
    public long LoadedEntities => Interlocked.Read(ref loadedEntities);

    /// <summary>Adds what a turn counted, and empties the turn's counts.</summary>
    internal void Add(ref Turnover turnover)
    {
        Interlocked.Add(ref received, turnover.Received);
        Interlocked.Add(ref repeated, turnover.Repeated);
        Interlocked.Add(ref emitted, turnover.Emitted);
        Interlocked.Add(ref merged, turnover.Merged);
        Interlocked.Add(ref filtered, turnover.Filtered);
        Interlocked.Add(ref withoutOutput, turnover.WithoutOutput);
        Interlocked.Add(ref duplicates, turnover.Duplicates);
        Interlocked.Add(ref rejected, turnover.Rejected);
        Interlocked.Add(ref failed, turnover.Failed);
        Interlocked.Add(ref undone, turnover.Undone);
        Interlocked.Add(ref deadLettered, turnover.DeadLettered);
        Interlocked.Add(ref ahead, turnover.Ahead);
        Interlocked.Add(ref forgottenIds, turnover.ForgottenIds);
        Interlocked.Add(ref firedTimers, turnover.FiredTimers);
        Interlocked.Add(ref failedTimers, turnover.FailedTimers);
        Interlocked.Add(ref passivatedIdle, turnover.PassivatedIdle);
        Interlocked.Add(ref passivatedAtCap, turnover.PassivatedAtCap);
        Interlocked.Add(ref bytes, turnover.Bytes);
        Interlocked.Add(ref callsInFlight, turnover.CallsInFlight);
        Interlocked.Add(ref parkedRecords, turnover.ParkedRecords);
        Interlocked.Add(ref activeEntities, turnover.ActiveEntities);
        Interlocked.Add(ref setTimers, turnover.SetTimers);
        Interlocked.Add(ref awayEntities, turnover.AwayEntities);
        Interlocked.Add(ref loadedEntities, turnover.LoadedEntities);
        turnover = default;
    }

    /// <summary>What one turn counted: plain numbers, added to the shared ones once per turn.</summary>
    internal struct Turnover
    {
        public long Received;
        public long Repeated;
        public long Emitted;
        public long Merged;
        public long Filtered;
        public long WithoutOutput;
        public long Duplicates;
        public long Rejected;
        public long Failed;
        public long Undone;
        public long DeadLettered;
        public long Ahead;
        public long ForgottenIds;
        public long FiredTimers;
        public long FailedTimers;
        public long PassivatedIdle;
        public long PassivatedAtCap;
        public long Bytes;
        public long LoadedEntities;

        // These count what changed: a turn may take away.
        public long CallsInFlight;
        public long ParkedRecords;
        public long ActiveEntities;
        public long SetTimers;
        public long AwayEntities;
    }
}
