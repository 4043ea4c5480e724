using System.Globalization;
using StreamActors.Metrics;
using StreamActors.Records;
using StreamActors.Sinks;

namespace StreamActors.Shards;

/// <summary>
/// What happens to records that a route gives up: they are counted, reported at a bounded rate, and, where the route
/// names a dead-letter topic, written there with their original key, value and headers, plus their story:
/// <c>source_topic</c>, <c>source_partition</c>, <c>source_offset</c>, <c>source_timestamp</c>, <c>error_type</c>,
/// <c>error_message</c>, <c>attempts</c>, <c>pipeline</c>, <c>dead_lettered_at</c>. A dead letter is an output like any
/// other: its record is done when the topic has it.
/// </summary>
internal sealed class DeadLetters(RouteReports reports, string? topic, SinkLane? lane, ShardContext context)
{
    /// <summary>Gives up a record whose bytes were refused.</summary>
    public void Reject(scoped in Record record, Origin origin, Rejection why, ref RouteCounters.Turnover counts)
    {
        counts.Rejected++;
        reports.Rejected(context.Now, new PartitionOffset(record.Source, record.Offset), why);
        if (lane is not null)
        {
            counts.DeadLettered++;
            Write(in record, origin, ("validation_error", why.ToString()), attempts: 1);
        }
    }

    /// <summary>Gives up a record on which user code threw, the last of so many attempts.</summary>
    public void Fail(
        scoped in Record record,
        Origin origin,
        Exception error,
        ref RouteCounters.Turnover counts,
        int attempts = 1)
    {
        counts.Failed++;
        reports.Failed(context.Now, new PartitionOffset(record.Source, record.Offset), error);
        if (lane is not null)
        {
            counts.DeadLettered++;
            Write(in record, origin, (error.GetType().Name, error.Message), attempts);
        }
    }

    /// <summary>Takes note of a timer on which user code threw: there is no record to give up.</summary>
    public void FailTimer(string timer, Exception error, ref RouteCounters.Turnover counts)
    {
        counts.FailedTimers++;
        reports.TimerFailed(context.Now, timer, error);
    }

    private void Write(scoped in Record record, Origin origin, (string Type, string Message) error, int attempts)
    {
        var batch = lane!.Filling;
        var draft = batch.Begin(topic!, record.Key, record.HasKey);
        foreach (var header in RecordHeaders.Read(record.Headers))
        {
            if (header.IsNull)
            {
                RecordHeaders.WriteNull(batch.Writer, header.Name);
            }
            else
            {
                RecordHeaders.Write(batch.Writer, header.Name, header.Value);
            }
        }

        RecordHeaders.Write(batch.Writer, "source_topic"u8, record.Source.Topic);
        RecordHeaders.Write(batch.Writer, "source_partition"u8, Text(record.Source.Number));
        RecordHeaders.Write(batch.Writer, "source_offset"u8, Text(record.Offset));
        RecordHeaders.Write(batch.Writer, "source_timestamp"u8, Text(record.Timestamp));
        RecordHeaders.Write(batch.Writer, "error_type"u8, error.Type);
        RecordHeaders.Write(batch.Writer, "error_message"u8, error.Message);
        RecordHeaders.Write(batch.Writer, "attempts"u8, Text(attempts));
        RecordHeaders.Write(batch.Writer, "pipeline"u8, context.Pipeline);
        RecordHeaders.Write(batch.Writer, "dead_lettered_at"u8, Text(context.UtcNow));
        batch.BeginValue(ref draft);
        System.Buffers.BuffersExtensions.Write(batch.Writer, record.Value);
        batch.End(in draft, origin, record.IsTombstone);
        context.Retain(origin);
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
