using Microsoft.Extensions.Logging;
using StreamActors.Events;
using StreamActors.Records;

namespace StreamActors.Hosting;

/// <content>The texts.</content>
internal sealed partial class EngineLog
{
    [LoggerMessage(1001, LogLevel.Information, "{Pipeline}: assigned partitions: {Starts}")]
    private partial void Assigned(string pipeline, string starts);

    [LoggerMessage(1002, LogLevel.Information, "{Pipeline}: {How} {Partitions}, drained in {Milliseconds} ms")]
    private partial void Revoked(string pipeline, string how, string partitions, long milliseconds);

    [LoggerMessage(1003, LogLevel.Warning,
        "{Pipeline}: {Partitions} after {Milliseconds} ms with {Undone} records not done, {Behind} done behind these, "
        + "and {Uncommitted} done but not known to be committed; their next owner reads them all again. "
        + "Waited: {WaitedFor}")]
    private partial void Cut(
        string pipeline, string partitions, long milliseconds, long undone, long behind, long uncommitted,
        string waitedFor);

    [LoggerMessage(1004, LogLevel.Warning,
        "{Pipeline}: lost {Partitions} without a hand-over; dropped what was under way, committed nothing")]
    private partial void Lost(string pipeline, string partitions);

    [LoggerMessage(1005, LogLevel.Warning, "{Pipeline}: cannot start {Partitions} yet, trying again: {Why}")]
    private partial void StartFailed(string pipeline, string partitions, string why);

    [LoggerMessage(1006, LogLevel.Warning,
        "{Pipeline}: {Expected} is not in its log, which holds {First} to {End}: the topic was cut or made again; "
        + "going on at {First}")]
    private partial void OutOfRange(string pipeline, PartitionOffset expected, long first, long end);

    [LoggerMessage(1007, LogLevel.Warning, "{Pipeline}: a commit failed, the next one covers it: {Why}")]
    private partial void CommitFailed(string pipeline, string why);

    [LoggerMessage(1008, LogLevel.Error, "{Pipeline}: {Held} not read, waiting for co-partitions {Missing}: {Why}")]
    private partial void CoPartitionMissing(string pipeline, string held, string missing, string why);

    [LoggerMessage(1009, LogLevel.Warning,
        "{Pipeline}: most of a session of {Group} ({Seconds} s) has passed without a proof that this node is still its "
        + "member; nothing leaves its partitions until a commit is acknowledged")]
    private partial void MembershipInDoubt(string pipeline, string group, double seconds);

    [LoggerMessage(1032, LogLevel.Information,
        "{Pipeline}: it is clear again, after {Seconds} s, what this node owns in {Group}")]
    private partial void MembershipProven(string pipeline, string group, double seconds);

    [LoggerMessage(1060, LogLevel.Warning,
        "{Pipeline}: no progress at {Place} since {Since}: {Why}. Said again at its end; /stalls has them all")]
    private partial void StallBegan(string pipeline, string place, string since, string why);

    [LoggerMessage(1061, LogLevel.Information,
        "{Pipeline}: {Partitions} make progress again after {Milliseconds} ms: what was in the way was {Why}")]
    private partial void StallEnded(string pipeline, string partitions, long milliseconds, string why);

    [LoggerMessage(1062, LogLevel.Information,
        "{Pipeline}: {Place} and what comes behind it is committed at each flush only, {Why}: as it is composed; not "
        + "said again")]
    private partial void WindowStands(string pipeline, string place, string why);

    [LoggerMessage(1010, LogLevel.Warning, "{Pipeline}: waiting: {Why}")]
    private partial void WaitingForSource(string pipeline, string why);

    [LoggerMessage(1011, LogLevel.Information, "{Pipeline}: created topics: {Topics}")]
    private partial void TopicsCreated(string pipeline, string topics);

    [LoggerMessage(1012, LogLevel.Information,
        "{Pipeline}: waiting for the assignment of consumer group {Group} ({Protocol} protocol)")]
    private partial void Joining(string pipeline, string group, string protocol);

    [LoggerMessage(1013, LogLevel.Warning, "{Pipeline}: trouble with {Peer}, trying again until it works: {Why}")]
    private partial void PeerTrouble(string pipeline, string peer, string why);

    [LoggerMessage(1014, LogLevel.Information, "{Pipeline}: {Peer} works again after {Milliseconds} ms")]
    private partial void PeerRecovered(string pipeline, string peer, long milliseconds);

    [LoggerMessage(1015, LogLevel.Information, "{Pipeline}: keeps its state in {Store}")]
    private partial void StateKept(string pipeline, string store);

    [LoggerMessage(1016, LogLevel.Information,
        "{Pipeline}: keeps its state in memory alone: a restart, a crash and a hand-over forget it")]
    private partial void StateInMemory(string pipeline);

    [LoggerMessage(1019, LogLevel.Warning,
        "{Pipeline}: {Store} keeps the states of entities that it no longer has: {Entities}. They stay, for a release "
        + "that has them; Retire(name) in the pipeline deletes them")]
    private partial void StateLeft(string pipeline, string store, string entities);

    [LoggerMessage(1017, LogLevel.Warning,
        "{Pipeline}: the store has lost what it had acknowledged of {Shard}; all of it is saved again, from memory")]
    private partial void StateBehind(string pipeline, string shard);

    [LoggerMessage(1018, LogLevel.Warning,
        "{Pipeline}: dropped {Shard}, committed nothing of it, and claims it again if the group still knows this node: "
        + "{Why}")]
    private partial void ShardFenced(string pipeline, string shard, string why);

    [LoggerMessage(1050, LogLevel.Error, "{Pipeline}: {Shard} stands still: {Why}")]
    private partial void StateUnusable(Exception? error, string pipeline, string shard, string why);

    [LoggerMessage(1051, LogLevel.Warning,
        "{Pipeline}: the store has lost state: {Committed} is committed, and what it has ends at {To}; reading goes "
        + "back, and what {Records} records emit comes again")]
    private partial void StateRewound(string pipeline, PartitionOffset committed, long to, long records);

    [LoggerMessage(1052, LogLevel.Warning, "{Pipeline}: {Shard} begins empty: {Why}")]
    private partial void StateDiscarded(string pipeline, string shard, string why);

    [LoggerMessage(1053, LogLevel.Information,
        "{Pipeline}: reading the state of {Shard}: {Read} of {All} entities so far, {Bytes} bytes in "
        + "{Milliseconds} ms")]
    private partial void StateReading(
        string pipeline, string shard, long read, long all, long bytes, long milliseconds);

    [LoggerMessage(1054, LogLevel.Information,
        "{Pipeline}: the state of {Shard} is read: {Read} entities, {Bytes} bytes in {Milliseconds} ms")]
    private partial void StateIsRead(string pipeline, string shard, long read, long bytes, long milliseconds);

    [LoggerMessage(1020, LogLevel.Warning,
        "{Pipeline}: route {Handler}: validation error in {Count} record(s), the last at {Last}: {Why}")]
    private partial void Rejected(string pipeline, string handler, long count, PartitionOffset last, string why);

    [LoggerMessage(1021, LogLevel.Error,
        "{Pipeline}: route {Handler} threw on {Count} record(s), which were given up, the last at {Last}")]
    private partial void HandlerFailed(
        Exception error, string pipeline, string handler, long count, PartitionOffset last);

    [LoggerMessage(1022, LogLevel.Error,
        "{Pipeline}: route {Handler} threw in {Count} timer(s), which are gone, the last one named {Timer}")]
    private partial void TimerFailed(Exception error, string pipeline, string handler, long count, string timer);

    [LoggerMessage(1023, LogLevel.Error,
        "{Pipeline}: {Sink} refused {Count} output(s), the last one {Last}: {Why}")]
    private partial void OutputRefused(
        string pipeline, string sink, long count, EngineEvent.RefusedOutput last, string why);

    [LoggerMessage(1024, LogLevel.Error,
        "{Pipeline}: shard {Shard} failed and starts again from its last completed record (attempt {Attempt})")]
    private partial void ShardRestarting(Exception error, string pipeline, string shard, int attempt);

    [LoggerMessage(1025, LogLevel.Error, "{Pipeline}: this member of the group failed, making another: {Why}")]
    private partial void MemberFailed(string pipeline, string why);

    [LoggerMessage(1026, LogLevel.Critical, "{Pipeline}: stopped for good; the node is not ready: {Why}")]
    private partial void PipelineFailed(string pipeline, string why);

    [LoggerMessage(1027, LogLevel.Information, "{Pipeline}: drained, committed and left its group")]
    private partial void PipelineStopped(string pipeline);

    [LoggerMessage(1028, LogLevel.Warning,
        "{Pipeline}: left its group; {Count} records are read again: not done, done behind these, or not committed")]
    private partial void StoppedCut(string pipeline, long count);

    [LoggerMessage(1029, LogLevel.Information, "{Pipeline}: stopped before it joined its group")]
    private partial void StoppedEarly(string pipeline);

    [LoggerMessage(1030, LogLevel.Error, "{Pipeline}: what {Owner} had of user code could not be disposed of")]
    private partial void DisposalFailed(Exception error, string pipeline, string owner);

    [LoggerMessage(1031, LogLevel.Warning,
        "{Pipeline}: {How} {Partitions}; forgot {Forgotten}: this release keeps state in memory")]
    private partial void Forgot(string pipeline, string how, string partitions, string forgotten);

    [LoggerMessage(1040, LogLevel.Warning,
        "{Pipeline}: {Count} call(s) of {Map} failed and are tried again, the last for {Last}: {Why}")]
    private partial void CallsRetried(string pipeline, string map, long count, PartitionOffset last, string why);

    [LoggerMessage(1042, LogLevel.Warning,
        "{Pipeline}: all {Count} calls of {Map} in {Milliseconds} ms have failed, the last with {Why}: mend its "
        + "service. Their records wait for the next attempt, or are given up after the last. Said again at its end")]
    private partial void CallsFailing(string pipeline, string map, long count, long milliseconds, string why);

    [LoggerMessage(1043, LogLevel.Information,
        "{Pipeline}: a call of {Map} has succeeded, after {Milliseconds} ms in which {Count} failed")]
    private partial void CallsSucceed(string pipeline, string map, long milliseconds, long count);

    [LoggerMessage(1044, LogLevel.Information,
        "{Pipeline}: {Map} is not called any more: after {Count} calls that failed, none is made on this node")]
    private partial void CallsEnded(string pipeline, string map, long count);

    [LoggerMessage(1041, LogLevel.Warning,
        "{Pipeline}: route {Route}: the record at {Place} carries {Time}, more than MaxEventTimeLead = {MaxLead} ahead "
        + "of the clock: it is handled, but no event timer goes by it. Mend its producer's clock, or this machine's. "
        + "Not said again: records_ahead_total counts them")]
    private partial void RecordAhead(
        string pipeline, string route, PartitionOffset place, string time, TimeSpan maxLead);

    [LoggerMessage(1099, LogLevel.Information, "{Happened}")]
    private partial void Unknown(EngineEvent happened);
}
