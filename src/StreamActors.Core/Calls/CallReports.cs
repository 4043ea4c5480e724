using StreamActors.Events;
using StreamActors.Parked;
using StreamActors.Pipelines;
using StreamActors.Records;
using StreamActors.Shards;

namespace StreamActors.Calls;

/// <summary>
/// Counts the attempts of a step that were decided, and says when all of them begin to fail, and when that ends. Owned
/// by the shard: only its turn calls it.
/// </summary>
/// <param name="map">The step.</param>
/// <param name="context">The shard's.</param>
internal sealed class CallReports(MapDefinition map, ShardContext context)
{
    /// <summary>An attempt was decided.</summary>
    /// <param name="error">What it failed with; null where it did not.</param>
    /// <param name="hasValue">Whether it gave a value.</param>
    /// <param name="took">How long it took.</param>
    /// <param name="isLast">Whether none follows.</param>
    /// <param name="isTimeout">Whether its time was over.</param>
    public void Decided(Exception? error, bool hasValue, TimeSpan took, bool isLast, bool isTimeout)
    {
        if (error is null or RecordRejectedException)
        {
            // A service that knows no such customer has answered.
            map.Counters.AddAnswer(error is not null, hasValue, took);
            if (map.Watch.Succeeded(context.Now) is { } over)
            {
                context.Events.Report(
                    new EngineEvent.CallsRecovered(context.Pipeline, map.Name, over, HasAnswered: true));
            }

            return;
        }

        map.Counters.AddFailure(isLast, isTimeout, took);
        if (map.Watch.Failed(context.Now - (long)took.TotalMilliseconds, context.Now, error) is { } outage)
        {
            context.Events.Report(new EngineEvent.CallsFailing(context.Pipeline, map.Name, outage));
        }
    }

    /// <summary>A record is called for again, later.</summary>
    public void Retried(ParkedRecord parked, Exception error)
    {
        parked.LastError = $"{error.GetType().Name}: {error.Message}";
        if (map.Watch.IsRetryDue(context.Now, context.ReportEvery, out var count))
        {
            var at = new PartitionOffset(context.Inputs[parked.Origin.Input], parked.Origin.Offset);
            context.Events.Report(new EngineEvent.CallsRetried(context.Pipeline, map.Name, count, at, error));
        }
    }
}
