using System.Collections;
using Confluent.Kafka;
using StreamActors.Sinks;

namespace StreamActors.Kafka;

/// <summary>
/// Counts a batch's delivery reports down. Reports come on the producer's thread, failures to produce on the sink's
/// caller's; it never touches the batch, which is the engine's again as soon as <see cref="Task"/> has completed.
/// </summary>
/// <param name="batch">The batch; what an earlier attempt was acknowledged for is not waited for.</param>
internal sealed class Delivery(OutputBatch batch)
{
    /// <summary>The one handler of all reports: what a report belongs to travels as the message's key.</summary>
    public static readonly Action<DeliveryReport<OutputKey, OutputValue>> Report =
        report => report.Key.Delivery.Done(report.Key.Index, report.Error);

    private readonly TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<(int Index, string Reason)> refused = [];
    private readonly BitArray acknowledged = new(batch.Count);    // the producer's thread writes
    private int left = batch.Count - batch.TakenCount;

    /// <summary>Completes when each output was acknowledged, refused or failed.</summary>
    public Task Task => done.Task;

    /// <summary>The first failure that a retry may mend; null when there was none. Read it after the end.</summary>
    public Error? Failure { get; private set; }

    /// <summary>The outputs that no retry can deliver. Read them after the end.</summary>
    public IReadOnlyList<(int Index, string Reason)> Refused => refused;

    /// <summary>The outputs that Kafka has. Read them after the end.</summary>
    public IEnumerable<int> Acknowledged =>
        Enumerable.Range(0, acknowledged.Count).Where(index => acknowledged[index]);

    /// <summary>An output is done.</summary>
    public void Done(int index, Error error)
    {
        if (error.IsError)
        {
            Note(index, error);
        }
        else
        {
            acknowledged[index] = true;
        }

        if (Interlocked.Decrement(ref left) == 0)
        {
            done.TrySetResult();
        }
    }

    /// <summary>Completes it as failed: its producer has ended, and reports no more.</summary>
    public void Fail(Error error)
    {
        lock (refused)
        {
            Failure ??= error;
        }

        done.TrySetResult();
    }

    private void Note(int index, Error error)
    {
        lock (refused)
        {
            if (error.Code is ErrorCode.MsgSizeTooLarge or ErrorCode.InvalidRecord or ErrorCode.TopicException
                or ErrorCode.Local_InvalidArg)
            {
                refused.Add((index, $"Kafka refuses it: {error.Code.GetReason()} ({error.Code})."));
            }
            else
            {
                Failure ??= error;
            }
        }
    }
}

/// <summary>An output's place, in the key's: the serializer takes its bytes from there, the report its index.</summary>
internal readonly record struct OutputKey(OutputBatch Batch, int Index, Delivery Delivery)
{
    /// <summary>Copies the key out of the batch; null when the output has none.</summary>
    public static readonly ISerializer<OutputKey> Serializer = new Bytes();

    private sealed class Bytes : ISerializer<OutputKey>
    {
        public byte[]? Serialize(OutputKey data, SerializationContext context)
        {
            ref readonly var output = ref data.Batch.Outputs[data.Index];
            return output.HasKey ? data.Batch.Key(in output).ToArray() : null;
        }
    }
}

/// <summary>An output's place, in the value's.</summary>
internal readonly record struct OutputValue(OutputBatch Batch, int Index)
{
    /// <summary>Copies the value out of the batch; null for a tombstone.</summary>
    public static readonly ISerializer<OutputValue> Serializer = new Bytes();

    private sealed class Bytes : ISerializer<OutputValue>
    {
        public byte[]? Serialize(OutputValue data, SerializationContext context)
        {
            ref readonly var output = ref data.Batch.Outputs[data.Index];
            return output.IsTombstone ? null : data.Batch.Value(in output).ToArray();
        }
    }
}
