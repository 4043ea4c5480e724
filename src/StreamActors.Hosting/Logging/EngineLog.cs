using Microsoft.Extensions.Logging;
using StreamActors.Events;
using StreamActors.Stalls;

namespace StreamActors.Hosting;

/// <summary>Gives words to what the engine reports. The texts and their event ids stand in EngineLog.Log.cs.</summary>
internal sealed partial class EngineLog(ILoggerFactory loggers) : IEngineEvents
{
    private readonly ILogger log = loggers.CreateLogger("StreamActors.Engine");

    /// <inheritdoc/>
    public void Report(EngineEvent happened)
    {
        switch (happened)
        {
            case EngineEvent.Assigned { Starts.Count: 0 }: break;
            case EngineEvent.Assigned e: Assigned(e.Pipeline, Join(e.Starts)); break;
            case EngineEvent.Revoked e: ReportRevoked(e); break;
            case EngineEvent.Lost e: Lost(e.Pipeline, Join(e.Partitions)); break;
            case EngineEvent.StartFailed e: StartFailed(e.Pipeline, Join(e.Partitions), e.Why); break;
            case EngineEvent.OutOfRange e: OutOfRange(e.Pipeline, e.Expected, e.First, e.End); break;
            case EngineEvent.CoPartitionMissing e:
                CoPartitionMissing(e.Pipeline, Join(e.Held), Join(e.Missing), e.Why);
                break;
            case EngineEvent.CommitFailed e: CommitFailed(e.Pipeline, e.Why); break;
            case EngineEvent.MembershipInDoubt e:
                MembershipInDoubt(e.Pipeline, e.GroupId, e.Session.TotalSeconds);
                break;
            case EngineEvent.MembershipProven e:
                MembershipProven(e.Pipeline, e.GroupId, e.After.TotalSeconds);
                break;
            case EngineEvent.StallBegan e: ReportBegan(e); break;
            case EngineEvent.StallEnded e:
                StallEnded(e.Pipeline, Names(e.Stalls), Ms(e.Stalls.Max(static stall => stall.For)), Why(e.Stalls[0]));
                break;
            default: ReportPeersAndRecords(happened); break;
        }
    }

    private static string Join<T>(IReadOnlyList<T> items) => string.Join(", ", items);

    private static string How(EngineEvent.Revoked e) => e.IsLeaving ? "let go of" : "handed over";

    private static long Ms(TimeSpan time) => (long)time.TotalMilliseconds;

    private static string Show(Exception error) => $"{error.GetType().Name}: {error.Message}";

    private static string Names(IReadOnlyList<Stall> stalls) =>
        PipelineHealth.Names([.. stalls.Select(static stall => stall.At.Partition)]);

    private static string Why(Stall stall) =>
        $"{StallPage.NameOf(stall.Obstacle.Reason)}: {stall.Obstacle.Why}";

    private void ReportBegan(EngineEvent.StallBegan e)
    {
        var first = e.Stalls[0];
        var stage = first.Obstacle.Stage;
        var key = first.Obstacle.Key is { } text ? $", key \"{text}\"" : "";
        var until = first.Until is { } at ? $", until {at:u}" : "";
        var others = e.Stalls.Count > 1 ? $"; so do {Names([.. e.Stalls.Skip(1)])}" : "";
        var place = $"{first.At}{key}{(stage.Length > 0 ? $", stage {stage}" : "")}";
        if (first.Obstacle.Reason == StallReason.Window)
        {
            WindowStands(e.Pipeline, place, Why(first));
        }
        else
        {
            StallBegan(e.Pipeline, place, $"{first.Since:u}", $"{Why(first)}{until}{others}");
        }
    }

    private void ReportRevoked(EngineEvent.Revoked e)
    {
        if (e.WaitedFor.Length == 0)
        {
            Revoked(e.Pipeline, How(e), Join(e.Partitions), Ms(e.Drain));
        }
        else
        {
            Cut(
                e.Pipeline, $"{How(e)} {Join(e.Partitions)}", Ms(e.Drain), e.Undone, e.Behind, e.Uncommitted,
                e.WaitedFor);
        }

        if (e.Forgotten.Length > 0)
        {
            Forgot(e.Pipeline, How(e), Join(e.Partitions), e.Forgotten);
        }
    }

    private void ReportPeersAndRecords(EngineEvent happened)
    {
        switch (happened)
        {
            case EngineEvent.WaitingForSource e: WaitingForSource(e.Pipeline, e.Why); break;
            case EngineEvent.TopicsCreated e: TopicsCreated(e.Pipeline, Join(e.Topics)); break;
            case EngineEvent.Joining e: Joining(e.Pipeline, e.Group, e.Protocol); break;
            case EngineEvent.PeerTrouble e: PeerTrouble(e.Pipeline, e.Peer, e.Why); break;
            case EngineEvent.PeerRecovered e: PeerRecovered(e.Pipeline, e.Peer, Ms(e.After)); break;
            case EngineEvent.RecordsRejected e: Rejected(e.Pipeline, e.Handler, e.Count, e.Last, e.Why); break;
            case EngineEvent.CallsRetried e: CallsRetried(e.Pipeline, e.Map, e.Count, e.Last, Show(e.Error)); break;
            case EngineEvent.CallsFailing e:
                CallsFailing(e.Pipeline, e.Map, e.Outage.Calls, Ms(e.Outage.Since), Show(e.Outage.Last));
                break;
            case EngineEvent.CallsRecovered { HasAnswered: true } e:
                CallsSucceed(e.Pipeline, e.Map, Ms(e.Outage.Since), e.Outage.Calls);
                break;
            case EngineEvent.CallsRecovered e: CallsEnded(e.Pipeline, e.Map, e.Outage.Calls); break;
            default: ReportState(happened); break;
        }
    }

    private void ReportState(EngineEvent happened)
    {
        switch (happened)
        {
            case EngineEvent.StateKept { Store: { } store } e: StateKept(e.Pipeline, store); break;
            case EngineEvent.StateKept e: StateInMemory(e.Pipeline); break;
            case EngineEvent.StateLeft e: StateLeft(e.Pipeline, e.Store, Join(e.Entities)); break;
            case EngineEvent.ShardFenced e: ShardFenced(e.Pipeline, e.Shard, e.Why); break;
            case EngineEvent.StateUnusable e: StateUnusable(e.Cause, e.Pipeline, e.Shard, e.Why); break;
            case EngineEvent.StateRewound e:
                StateRewound(e.Pipeline, e.Committed, e.To, e.Committed.Offset - e.To);
                break;
            case EngineEvent.StateDiscarded e: StateDiscarded(e.Pipeline, e.Shard, e.Why); break;
            case EngineEvent.StateBehind e: StateBehind(e.Pipeline, e.Shard); break;
            case EngineEvent.StateRead { IsLast: true } e:
                StateIsRead(e.Pipeline, e.Shard, e.Read.Read, e.Read.Bytes, Ms(e.After));
                break;
            case EngineEvent.StateRead e:
                StateReading(e.Pipeline, e.Shard, e.Read.Read, e.Read.All, e.Read.Bytes, Ms(e.After));
                break;
            default: ReportFailures(happened); break;
        }
    }

    private void ReportFailures(EngineEvent happened)
    {
        switch (happened)
        {
            case EngineEvent.HandlerFailed e: HandlerFailed(e.Error, e.Pipeline, e.Handler, e.Count, e.Last); break;
            case EngineEvent.RecordAhead e: RecordAhead(e.Pipeline, e.Route, e.Place, $"{e.Time:u}", e.MaxLead); break;
            case EngineEvent.TimerFailed e: TimerFailed(e.Error, e.Pipeline, e.Handler, e.Count, e.Timer); break;
            case EngineEvent.OutputRefused e: OutputRefused(e.Pipeline, e.Sink, e.Count, e.Last, e.Why); break;
            case EngineEvent.DisposalFailed e: DisposalFailed(e.Error, e.Pipeline, e.Owner); break;
            case EngineEvent.ShardRestarting e: ShardRestarting(e.Error, e.Pipeline, e.Shard, e.Attempt); break;
            case EngineEvent.MemberFailed e: MemberFailed(e.Pipeline, e.Why); break;
            case EngineEvent.PipelineFailed e: PipelineFailed(e.Pipeline, e.Why); break;
            case EngineEvent.PipelineStopped { WasMember: false } e: StoppedEarly(e.Pipeline); break;
            case EngineEvent.PipelineStopped { ReadAgain: > 0 } e: StoppedCut(e.Pipeline, e.ReadAgain); break;
            case EngineEvent.PipelineStopped e: PipelineStopped(e.Pipeline); break;
            default: Unknown(happened); break;
        }
    }
}
