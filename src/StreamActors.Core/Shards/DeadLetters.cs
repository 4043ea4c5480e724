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
/// other: its record is done when the topic has it. An output that its sink refused is one as well, with its own bytes,
/// and <c>sink</c> and <c>destination</c> beside the story; its <c>source_offset</c> is -1 where a timer caused it.
/// <para>
/// These come at an acknowledgement, whether or not the lane has room. They stay bounded: while a lane has none, no
/// turn handles a record, so each other lane adds what it holds, two batches, and no more.
/// </para>
/// </summary>
internal sealed class DeadLetters(RouteReports reports, string? topic, SinkLane? lane, ShardContext context)
{
    private const string RefusedOutput = "refused_output";

    /// <summary>The route's name.</summary>
    public string Route => reports.Route;

    /// <summary>Gives up a record that was refused, by the last of so many attempts.</summary>
    public void Reject(
        scoped in Record record,
        Origin origin,
        Rejection why,
        ref RouteCounters.Turnover counts,
        int attempts = 1)
    {
        counts.Rejected++;
        reports.Rejected(context.Now, new PartitionOffset(record.Source, record.Offset), why);
        if (lane is not null)
        {
            counts.DeadLettered++;
            Write(in record, origin, ("validation_error", why.ToString()), attempts);
        }
    }

    /// <summary>
    /// Gives up a record on which user code threw, the last of so many attempts: it has failed, unless what was thrown
    /// says that the record is refused.
    /// </summary>
    public void Fail(
        scoped in Record record,
        Origin origin,
        Exception error,
        ref RouteCounters.Turnover counts,
        int attempts = 1)
    {
        if (error is RecordRejectedException refused)
        {
            Reject(in record, origin, refused.Rejection, ref counts, attempts);
            return;
        }

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

    /// <summary>
    /// Gives up an output that its sink has refused. Its record's own bytes are gone by then: the dead letter is the
    /// output, with the record's story as far as it is known, and the record is done when the topic has it.
    /// </summary>
    public void Refuse(
        string sink, OutputBatch from, in Output output, string why, ref RouteCounters.Turnover counts)
    {
        if (lane is null)
        {
            return;
        }

        counts.DeadLettered++;
        var (batch, origin) = (lane.Filling, output.Origin);
        var draft = batch.Begin(topic!, from.Key(in output), output.HasKey);
        Copy(from.Headers(in output));
        var place = new PartitionOffset(context.Inputs[origin.Input], origin.Offset);
        WriteStory(place, origin.Timestamp, (RefusedOutput, why), attempts: 1);
        RecordHeaders.Write(batch.Writer, "sink"u8, sink);
        RecordHeaders.Write(batch.Writer, "destination"u8, output.Destination);
        batch.BeginValue(ref draft);
        System.Buffers.BuffersExtensions.Write(batch.Writer, from.Value(in output));
        batch.End(in draft, origin, output.IsTombstone);
        context.Retain(origin);
    }

    private void Write(scoped in Record record, Origin origin, (string Type, string Message) error, int attempts)
    {
        var batch = lane!.Filling;
        var draft = batch.Begin(topic!, record.Key, record.HasKey);
        draft.IsGivenUpRecord = true;
        Copy(record.Headers);
        WriteStory(new PartitionOffset(record.Source, record.Offset), record.Timestamp, error, attempts);
        batch.BeginValue(ref draft);
        System.Buffers.BuffersExtensions.Write(batch.Writer, record.Value);
        batch.End(in draft, origin, record.IsTombstone);
        context.Retain(origin);
    }

    private void Copy(ReadOnlySpan<byte> headers)
    {
        var writer = lane!.Filling.Writer;
        foreach (var header in RecordHeaders.Read(headers))
        {
            if (header.IsNull)
            {
                RecordHeaders.WriteNull(writer, header.Name);
            }
            else
            {
                RecordHeaders.Write(writer, header.Name, header.Value);
            }
        }
    }

    private void WriteStory(PartitionOffset place, long timestamp, (string Type, string Message) error, int attempts)
    {
        var writer = lane!.Filling.Writer;
        RecordHeaders.Write(writer, "source_topic"u8, place.Partition.Topic);
        RecordHeaders.Write(writer, "source_partition"u8, Text(place.Partition.Number));
        RecordHeaders.Write(writer, "source_offset"u8, Text(place.Offset));
        RecordHeaders.Write(writer, "source_timestamp"u8, Text(timestamp));
        RecordHeaders.Write(writer, "error_type"u8, error.Type);
        RecordHeaders.Write(writer, "error_message"u8, error.Message);
        RecordHeaders.Write(writer, "attempts"u8, Text(attempts));
        RecordHeaders.Write(writer, "pipeline"u8, context.Pipeline);
        RecordHeaders.Write(writer, "dead_lettered_at"u8, Text(context.UtcNow));
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
