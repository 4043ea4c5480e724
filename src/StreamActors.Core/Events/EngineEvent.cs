using StreamActors.Calls;
using StreamActors.Records;
using StreamActors.Snapshots;
using StreamActors.Stalls;

namespace StreamActors.Events;

/// <summary>Everything that the engine reports, as data; the host has the words.</summary>
/// <param name="Pipeline">The pipeline that it happened in.</param>
internal abstract record EngineEvent(string Pipeline)
{
    /// <summary>The pipeline waits for topics that do not exist, or for a broker that does not answer.</summary>
    public sealed record WaitingForSource(string Pipeline, string Why) : EngineEvent(Pipeline);

    /// <summary>Topics were created.</summary>
    public sealed record TopicsCreated(string Pipeline, IReadOnlyList<string> Topics) : EngineEvent(Pipeline);

    /// <summary>The member joined its group and waits for partitions.</summary>
    public sealed record Joining(string Pipeline, string Group, string Protocol) : EngineEvent(Pipeline);

    /// <summary>Partitions were assigned, and are read from these offsets.</summary>
    public sealed record Assigned(string Pipeline, IReadOnlyList<PartitionOffset> Starts) : EngineEvent(Pipeline);

    /// <summary>Partitions could not be started; it is tried again.</summary>
    public sealed record StartFailed(string Pipeline, IReadOnlyList<PartitionId> Partitions, string Why)
        : EngineEvent(Pipeline);

    /// <summary>Partitions were handed over, or let go by a member that leaves.</summary>
    public sealed record Revoked(string Pipeline, IReadOnlyList<PartitionId> Partitions) : EngineEvent(Pipeline)
    {
        /// <summary>Whether the member leaves: nobody in particular takes over.</summary>
        public bool IsLeaving { get; init; }

        /// <summary>How long draining and committing took.</summary>
        public TimeSpan Drain { get; init; }

        /// <summary>Records that were started and are not done: their next owner reads them again.</summary>
        public long Undone { get; init; }

        /// <summary>
        /// Records that are done, behind one of the same partition that is not: their next owner reads them again too.
        /// </summary>
        public long Behind { get; init; }

        /// <summary>
        /// Records that are done, but whose commit was not acknowledged: their next owner may read them again.
        /// </summary>
        public long Uncommitted { get; init; }

        /// <summary>
        /// What was waited for at the limit, each thing once, with the partitions that waited for it; the commit. Empty
        /// when nothing was.
        /// </summary>
        public string WaitedFor { get; init; } = "";

        /// <summary>
        /// What went with the shards, because nothing keeps it: active entities, set timers, ids of dedup, such as
        /// <c>12 entities, 1 timer and 40 ids</c>. Empty when nothing did.
        /// </summary>
        public string Forgotten { get; init; } = "";
    }

    /// <summary>Partitions went without a hand-over.</summary>
    public sealed record Lost(string Pipeline, IReadOnlyList<PartitionId> Partitions) : EngineEvent(Pipeline);

    /// <summary>A partition's log does not hold the next offset; reading goes on at another.</summary>
    public sealed record OutOfRange(string Pipeline, PartitionOffset Expected, long First, long End)
        : EngineEvent(Pipeline);

    /// <summary>
    /// Partitions are owned and not read, because the co-partitions that their shards need do not come; said once for
    /// each that is missing.
    /// </summary>
    public sealed record CoPartitionMissing(
        string Pipeline, IReadOnlyList<PartitionId> Held, IReadOnlyList<PartitionId> Missing, string Why)
        : EngineEvent(Pipeline);

    /// <summary>Partitions have come to a standstill, all for the same reason.</summary>
    public sealed record StallBegan(string Pipeline, IReadOnlyList<Stall> Stalls) : EngineEvent(Pipeline);

    /// <summary>Partitions that had come to a standstill go on; what was in their way last.</summary>
    public sealed record StallEnded(string Pipeline, IReadOnlyList<Stall> Stalls) : EngineEvent(Pipeline);

    /// <summary>A commit failed; the next one covers its offsets.</summary>
    public sealed record CommitFailed(string Pipeline, string Why) : EngineEvent(Pipeline);

    /// <summary>
    /// Nothing has proven for most of a session that this process is still a member: it may have been frozen, or cut
    /// off. Nothing leaves its shards until a commit is acknowledged.
    /// </summary>
    public sealed record MembershipInDoubt(string Pipeline, string GroupId, TimeSpan Session) : EngineEvent(Pipeline);

    /// <summary>The doubt is over: it is proven, or the partitions are gone.</summary>
    public sealed record MembershipProven(string Pipeline, string GroupId, TimeSpan After) : EngineEvent(Pipeline);

    /// <summary>A client or a peer complains about something that it rides out.</summary>
    public sealed record PeerTrouble(string Pipeline, string Peer, string Why) : EngineEvent(Pipeline);

    /// <summary>A peer that was in trouble answers again.</summary>
    public sealed record PeerRecovered(string Pipeline, string Peer, TimeSpan After) : EngineEvent(Pipeline);

    /// <summary>Where a pipeline that has state keeps it; null = in memory alone. Said at its start.</summary>
    public sealed record StateKept(string Pipeline, string? Store) : EngineEvent(Pipeline);

    /// <summary>A store keeps states of entities that the pipeline had, and no longer has. Said at its start.</summary>
    public sealed record StateLeft(string Pipeline, string Store, IReadOnlyList<string> Entities)
        : EngineEvent(Pipeline);

    /// <summary>
    /// Another process has claimed the state of a shard that the group had given to this one, or had before: it is
    /// dropped without a commit, and claimed again where the group knows this process as a member.
    /// </summary>
    public sealed record ShardFenced(string Pipeline, string Shard, string Why) : EngineEvent(Pipeline);

    /// <summary>
    /// What a store has of a shard is of no use, or not what it should be: the shard stands still. The cause is what
    /// user code threw on it, where it did.
    /// </summary>
    public sealed record StateUnusable(string Pipeline, string Shard, string Why, Exception? Cause)
        : EngineEvent(Pipeline);

    /// <summary>
    /// What a store has of a shard ends in front of the committed offset: reading goes back, and what is emitted from
    /// there on comes again.
    /// </summary>
    public sealed record StateRewound(string Pipeline, PartitionOffset Committed, long To) : EngineEvent(Pipeline);

    /// <summary>A shard began empty, because its store had nothing of it any more, or nothing of use.</summary>
    public sealed record StateDiscarded(string Pipeline, string Shard, string Why) : EngineEvent(Pipeline);

    /// <summary>
    /// The store had lost what it acknowledged of a shard that is owned: all of it is saved again, from memory.
    /// </summary>
    public sealed record StateBehind(string Pipeline, string Shard) : EngineEvent(Pipeline);

    /// <summary>How far the reading of a large state has come since it began: at first, every while, at last.</summary>
    public sealed record StateRead(string Pipeline, string Shard, ReadProgress Read, TimeSpan After)
        : EngineEvent(Pipeline)
    {
        /// <summary>Whether it is the first of a shard.</summary>
        public bool IsFirst { get; init; }

        /// <summary>Whether all is read.</summary>
        public bool IsLast { get; init; }
    }

    /// <summary>Records of a handler were refused since the last report; the last one's place and reason.</summary>
    public sealed record RecordsRejected(
        string Pipeline, string Handler, long Count, PartitionOffset Last, string Why) : EngineEvent(Pipeline);

    /// <summary>
    /// The first record of a route in this process whose time is further ahead of the wall clock than
    /// <c>MaxEventTimeLead</c> allows: it was handled, and did not move the records' time. Those that follow are
    /// counted only.
    /// </summary>
    public sealed record RecordAhead(
        string Pipeline, string Route, PartitionOffset Place, DateTimeOffset Time, TimeSpan MaxLead)
        : EngineEvent(Pipeline);

    /// <summary>
    /// User code threw on records since the last report; they became dead letters or were dropped, as the route says.
    /// </summary>
    public sealed record HandlerFailed(
        string Pipeline, string Handler, long Count, PartitionOffset Last, Exception Error) : EngineEvent(Pipeline);

    /// <summary>
    /// Calls of <c>MapAsync</c> failed since the last report, and are tried again after a wait; the last one's record
    /// and error. Reported for the step, whichever shard it was.
    /// </summary>
    public sealed record CallsRetried(
        string Pipeline, string Map, long Count, PartitionOffset Last, Exception Error) : EngineEvent(Pipeline);

    /// <summary>
    /// Every call of a <c>MapAsync</c> step in this process has failed for some seconds: said once, until it is over.
    /// </summary>
    public sealed record CallsFailing(string Pipeline, string Map, CallOutage Outage) : EngineEvent(Pipeline);

    /// <summary>
    /// That is over: a call has succeeded, or, where none has, none has failed for long, because none is made.
    /// </summary>
    public sealed record CallsRecovered(string Pipeline, string Map, CallOutage Outage, bool HasAnswered)
        : EngineEvent(Pipeline);

    /// <summary>
    /// A sink will never take some outputs of a shard, counted since the last report; the records that caused them are
    /// done once their dead letters are written, where the route has a topic for them. The last one, and the reason.
    /// </summary>
    public sealed record OutputRefused(string Pipeline, string Sink, long Count, RefusedOutput Last, string Why)
        : EngineEvent(Pipeline);

    /// <summary>An output that was refused: where to, its key (null = none), and the place of its record.</summary>
    public sealed record RefusedOutput(string Destination, string? Key, PartitionOffset Cause)
    {
        /// <inheritdoc/>
        public override string ToString() =>
            $"to {Destination} {(Key is null ? "without a key" : $"with the key \"{Key}\"")}, "
            + (Cause.Offset < 0 ? $"by a timer of {Cause.Partition}" : $"of the record at {Cause}");
    }

    /// <summary>
    /// User code threw in timers' calls since the last report; these emitted nothing, and their timers are gone. The
    /// last one's name and error.
    /// </summary>
    public sealed record TimerFailed(string Pipeline, string Handler, long Count, string Timer, Exception Error)
        : EngineEvent(Pipeline);

    /// <summary>An object of user code could not be let go; nothing depends on it any more.</summary>
    public sealed record DisposalFailed(string Pipeline, string Owner, Exception Error) : EngineEvent(Pipeline);

    /// <summary>A shard failed and is started again from its committed offset.</summary>
    public sealed record ShardRestarting(string Pipeline, string Shard, int Attempt, Exception Error)
        : EngineEvent(Pipeline);

    /// <summary>The member cannot go on; another is made.</summary>
    public sealed record MemberFailed(string Pipeline, string Why) : EngineEvent(Pipeline);

    /// <summary>The pipeline has stopped for good, and says why; the node is unready.</summary>
    public sealed record PipelineFailed(string Pipeline, string Why) : EngineEvent(Pipeline);

    /// <summary>The pipeline stopped as it was told to, and is in no group.</summary>
    public sealed record PipelineStopped(string Pipeline) : EngineEvent(Pipeline)
    {
        /// <summary>
        /// Whether it had a member to leave with: not before it joins, nor while a failed one is replaced.
        /// </summary>
        public bool WasMember { get; init; }

        /// <summary>
        /// Records that their next owners read again: not done at the last drain, done behind one that is not, or done
        /// without an acknowledged commit.
        /// </summary>
        public long ReadAgain { get; init; }
    }
}
