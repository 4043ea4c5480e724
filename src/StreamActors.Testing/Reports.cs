using StreamActors.Events;
using StreamActors.Records;

namespace StreamActors.Testing;

/// <summary>
/// Hears what the engine reports, writes it into the trace, and keeps the failures that a test must not overlook.
/// </summary>
internal sealed class Reports(TraceLog trace, Topics topics) : IEngineEvents
{
    private readonly List<PipelineFailure> failures = [];
    private readonly HashSet<PartitionOffset> foretold = [];
    private int told;

    /// <summary>The topic for dead letters of the route that reads a topic; null = it has none.</summary>
    public Func<string, string?> DeadLetterTopicOf { get; set; } = static _ => null;

    /// <summary>Whether failures are what the test is about.</summary>
    public bool AreAllowed { get; set; }

    /// <summary>What failed, in order; the records that the test foretold are left out.</summary>
    public IReadOnlyList<PipelineFailure> Failures => failures;

    /// <summary>How long shards that failed may take to start again.</summary>
    public Action Restless { get; set; } = static () => { };

    /// <summary>The test foretells that the codec refuses this record.</summary>
    public void Foretell(PartitionOffset place) => foretold.Add(place);

    /// <summary>The failures that nobody was told of; they count as told now.</summary>
    public List<PipelineFailure> Untold()
    {
        var untold = AreAllowed ? new List<PipelineFailure>() : failures[told..];
        told = failures.Count;
        return untold;
    }

    /// <inheritdoc/>
    public void Report(EngineEvent happened)
    {
        switch (happened)
        {
            case EngineEvent.RecordsRejected refused:
                GiveUp(refused.Last, "validation_error", refused.Why, null);
                break;
            case EngineEvent.HandlerFailed failed:
                GiveUp(failed.Last, failed.Error.GetType().Name, failed.Error.Message, failed.Error);
                break;
            case EngineEvent.TimerFailed failed:
                Fail($"The timer \"{failed.Timer}\" of the route {failed.Handler} failed", failed.Error);
                break;
            case EngineEvent.ShardRestarting failed:
                Restless();
                Fail($"The shard {failed.Shard} failed, and starts again", failed.Error);
                break;
            case EngineEvent.StateUnusable unusable:
                Restless();
                Fail($"The shard {unusable.Shard} stands still", unusable.Why, unusable.Cause);
                break;
            case EngineEvent.DisposalFailed failed:
                Fail($"The disposal of {failed.Owner} failed", failed.Error);
                break;
            case EngineEvent.Revoked { IsLeaving: var leaves, Undone: var undone, Behind: var behind } cut:
                trace.Add((leaves ? "stopped" : "revoked")
                    + (undone == 0 ? "" : $"; {undone} not done, {behind} done behind these: {cut.WaitedFor}"));
                break;
            case EngineEvent.Lost:
                trace.Add("lost, without a hand-over");
                break;
            case EngineEvent.Assigned assigned:
                trace.Add($"assigned: {string.Join(", ", assigned.Starts)}");
                break;
            case EngineEvent.ShardFenced fenced:
                trace.Add($"the shard {fenced.Shard} was dropped: {fenced.Why}");
                break;
            case EngineEvent.PeerRecovered recovered:
                trace.Add($"{recovered.Peer} takes outputs again");
                break;
            default:
                ReportCallsAndState(happened);
                break;
        }
    }

    private void ReportCallsAndState(EngineEvent happened)
    {
        switch (happened)
        {
            case EngineEvent.CallsRetried retried:
                trace.Add(
                    retried.Last,
                    KeyOf(retried.Last),
                    $"call of {retried.Map} failed, and is made again: {Show(retried.Error)}");
                break;
            case EngineEvent.StateLeft left:
                trace.Add($"the store keeps states of {string.Join(" and ", left.Entities)}, which the pipeline lacks");
                break;
            case EngineEvent.CallsFailing failing:
                trace.Add($"degraded: {failing.Map}: {failing.Outage}");
                break;
            case EngineEvent.StateRead read:
                trace.Add($"the shard {read.Shard} {(read.IsLast ? "has read" : "reads")} its state: "
                    + $"{read.Read.Read} of {read.Read.All} entities, {read.Read.Bytes} bytes");
                break;
            case EngineEvent.CallsRecovered over:
                trace.Add(over.HasAnswered
                    ? $"calls of {over.Map} succeed again"
                    : $"{over.Map} is not called any more");
                break;
            default:
                break;
        }
    }

    private byte[]? KeyOf(PartitionOffset place) => topics.Of(place.Partition)[(int)place.Offset].KeyBytes;

    private void GiveUp(PartitionOffset place, string type, string message, Exception? error)
    {
        var record = topics.Of(place.Partition)[(int)place.Offset];
        var isRefusal = error is null;
        trace.Add(place, record.KeyBytes, isRefusal ? $"refused: {message}" : $"failed: {type}: {message}");
        if (DeadLetterTopicOf(place.Partition.Topic) is null)
        {
            topics.DeadLetters.Add(new DeadLetter
            {
                Topic = null,
                Source = place,
                KeyBytes = record.KeyBytes,
                Value = record.Value,
                Headers = record.Headers,
                ErrorType = type,
                ErrorMessage = message,
                Attempts = 1,
            });
        }

        if (!foretold.Contains(place))
        {
            var key = TraceLog.Show(record.KeyBytes);
            failures.Add(new PipelineFailure(
                isRefusal ? $"The record {place} (key {key}) was refused" : $"User code failed on {place} (key {key})",
                place,
                isRefusal ? message : $"{type}: {message}",
                error));
        }
    }

    private void Fail(string what, Exception error) => Fail(what, Show(error), error);

    private void Fail(string what, string why, Exception? error)
    {
        trace.Add($"{what}: {why}");
        failures.Add(new PipelineFailure(what, null, why, error));
    }

    private static string Show(Exception error) => $"{error.GetType().Name}: {error.Message}";
}

/// <summary>Something that failed in a pipeline under test: a record, a timer, a shard.</summary>
/// <param name="What">What failed, as a sentence without its end.</param>
/// <param name="Record">The record that was given up; null where it was none.</param>
/// <param name="Why">The codec's reason, or the exception's type and message.</param>
/// <param name="Error">What user code threw; null where it threw nothing, as for a record that was refused.</param>
public sealed record PipelineFailure(string What, PartitionOffset? Record, string Why, Exception? Error);
