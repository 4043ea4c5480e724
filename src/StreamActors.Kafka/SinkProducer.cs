using Confluent.Kafka;
using StreamActors.Sinks;

namespace StreamActors.Kafka;

/// <summary>
/// One idempotent producer of the sink's, from its making to its end, with the deliveries that are open on it. A fatal
/// error breaks it for good; <see cref="EndAsync"/> then answers each open delivery, for librdkafka does not: what was
/// in flight is kept back after a fatal error when its connection breaks (<c>rd_kafka_toppar_producer_serve</c>), and
/// reports that nobody has polled are dropped with the client.
/// <para>Any thread may call it.</para>
/// </summary>
internal sealed class SinkProducer
{
    private readonly IProducer<OutputKey, OutputValue> client;
    private readonly TaskCompletionSource broken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lazy<Task> ending;

    // The lock of these three. The client is not destroyed while it is called: its native pointer is a bare one.
    private readonly HashSet<Delivery> open = [];
    private int callers;
    private bool ended;

    private readonly TaskCompletionSource uncalled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Error? fatal;

    /// <summary>Makes a producer; it connects by itself.</summary>
    /// <param name="options">How to reach the cluster, and how to write.</param>
    /// <param name="complained">Told what the client complains of, on the client's thread.</param>
    /// <exception cref="PipelineException">The client refuses a setting.</exception>
    public SinkProducer(KafkaOptions options, Action<Error> complained)
    {
        var builder = new ProducerBuilder<OutputKey, OutputValue>(KafkaSettings.Producer(options))
            .SetKeySerializer(OutputKey.Serializer)
            .SetValueSerializer(OutputValue.Serializer)
            .SetErrorHandler((_, error) => Complained(error, complained));
        if (!KafkaSettings.Debugs(options))
        {
            builder.SetLogHandler(static (_, _) => { });
        }

        client = KafkaClients.Make(options, builder.Build);
        ending = new Lazy<Task>(() => Task.Run(EndOnceAsync));
    }

    /// <summary>Completes when nothing is delivered any more: after a fatal error, or because it ends.</summary>
    public Task Broken => broken.Task;

    /// <summary>Takes a delivery in; each that is taken in is to be closed.</summary>
    /// <returns>False when the producer has ended.</returns>
    public bool TryOpen(Delivery delivery)
    {
        lock (open)
        {
            return !ended && open.Add(delivery);
        }
    }

    /// <summary>Lets a delivery go.</summary>
    public void Close(Delivery delivery)
    {
        lock (open)
        {
            open.Remove(delivery);
        }
    }

    /// <summary>Hands over outputs of an open delivery, as many as there is room for; never waits.</summary>
    /// <returns>The index of the first output that there was no room for; the batch's count when there was.</returns>
    public int Produce(OutputBatch batch, int from, Delivery delivery)
    {
        if (!TryEnter())
        {
            return batch.Count;    // the delivery fails as a whole
        }

        try
        {
            var index = from;
            while (index < batch.Count && (batch.IsTaken(index) || TryProduce(batch, index, delivery)))
            {
                index++;
            }

            return index;
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Ends the client, then fails what is open so that a retry may mend it. Once, for all callers.</summary>
    public Task EndAsync() => ending.Value;

    private static Headers? Headers(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return null;
        }

        var headers = new Headers();
        foreach (var header in Records.RecordHeaders.Read(bytes))
        {
            var name = System.Text.Encoding.UTF8.GetString(header.Name);
            headers.Add(name, header.IsNull ? null : header.Value.ToArray());
        }

        return headers;
    }

    private static TopicPartition PlaceOf(in Output output) =>
        new(output.Destination, output.Partition < 0 ? Partition.Any : new Partition(output.Partition));

    /// <returns>False when the queue is full: try again soon.</returns>
    private bool TryProduce(OutputBatch batch, int index, Delivery delivery)
    {
        ref readonly var output = ref batch.Outputs[index];
        var message = new Message<OutputKey, OutputValue>
        {
            Key = new OutputKey(batch, index, delivery),
            Value = new OutputValue(batch, index),
            Headers = Headers(batch.Headers(in output)),
            Timestamp = output.Timestamp < 0
                ? Timestamp.Default
                : new Timestamp(output.Timestamp, TimestampType.CreateTime),
        };
        try
        {
            client.Produce(PlaceOf(in output), message, Delivery.Report);
            return true;
        }
        catch (ProduceException<OutputKey, OutputValue> error) when (error.Error.Code == ErrorCode.Local_QueueFull)
        {
            return false;
        }
        catch (ProduceException<OutputKey, OutputValue> error)
        {
            delivery.Done(index, error.Error);
            return true;
        }
    }

    private void Complained(Error error, Action<Error> complained)
    {
        if (error.IsFatal)
        {
            fatal = error;
            broken.TrySetResult();
        }

        complained(error);
    }

    private bool TryEnter()
    {
        lock (open)
        {
            callers += ended ? 0 : 1;
            return !ended;
        }
    }

    private void Leave()
    {
        lock (open)
        {
            callers--;
            if (ended && callers == 0)
            {
                uncalled.TrySetResult();
            }
        }
    }

    private async Task EndOnceAsync()
    {
        lock (open)
        {
            ended = true;
            if (callers == 0)
            {
                uncalled.TrySetResult();
            }
        }

        broken.TrySetResult();
        await uncalled.Task;
        client.Dispose();
        var why = fatal ?? new Error(ErrorCode.Local_Destroy, "the producer was closed");
        lock (open)
        {
            foreach (var delivery in open)
            {
                delivery.Fail(why);
            }
        }
    }
}
