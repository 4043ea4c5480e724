using Confluent.Kafka;
using StreamActors.Events;
using StreamActors.Sinks;

namespace StreamActors.Kafka;

/// <summary>
/// Writes to Kafka topics through one idempotent producer: acknowledged by all replicas, in order, and held through an
/// outage of any length. Back-pressure is the producer's queue: when it is full, deliveries wait, in their order.
/// <para>
/// Each output costs two arrays and what the managed producer makes of it; no task. An output that no retry can deliver
/// (too large, refused by the topic's rules) is refused. After a fatal error of the producer the delivery fails, and
/// the next one makes another producer; records of the failed delivery may then come twice.
/// </para>
/// </summary>
/// <param name="options">How to reach the cluster, and how to write.</param>
/// <param name="pipeline">The pipeline that it serves, for what it reports.</param>
/// <param name="events">Told once when the brokers go away, and once when they are back: a delivery only waits.</param>
/// <param name="clock">Measures waits.</param>
public sealed class KafkaSink(KafkaOptions options, string pipeline, IEngineEvents events, TimeProvider clock) : ISink
{
    private static readonly TimeSpan RoomPause = TimeSpan.FromMilliseconds(10);

    private readonly KafkaAdmin admin = new(options);
    private readonly PeerWatch watch = new(pipeline, options, events, clock);
    private readonly SemaphoreSlim renewal = new(1);
    private volatile IProducer<OutputKey, OutputValue>? producer;
    private volatile Error? fatal;

    /// <inheritdoc/>
    public string Name => Kafka.Connector;

    /// <inheritdoc/>
    public async Task DeliverAsync(OutputBatch batch, CancellationToken stop)
    {
        if (batch.Count == 0)
        {
            return;
        }

        var current = await ProducerAsync(stop);
        var delivery = new Delivery(batch.Count);
        for (var index = 0; index < batch.Count; index++)
        {
            while (!TryProduce(current, batch, index, delivery))
            {
                await Task.Delay(RoomPause, clock, stop);
            }
        }

        await delivery.Task.WaitAsync(stop);
        if (delivery.Failure is { } failure)
        {
            throw new SinkException($"Kafka did not take the records: {KafkaFault.Explain(failure, options)}");
        }

        watch.Worked();
        foreach (var (index, reason) in delivery.Refused)
        {
            batch.Refuse(index, reason);
        }
    }

    /// <inheritdoc/>
    public ValueTask<bool> IsReachableAsync(CancellationToken stop) => admin.IsReachableAsync(stop);

    /// <summary>Closes the producer. Deliveries that are under way fail; the engine has none by then.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.Run(() => producer?.Dispose());
        admin.Dispose();
        renewal.Dispose();
    }

    /// <returns>False when the queue is full: try again soon.</returns>
    private static bool TryProduce(
        IProducer<OutputKey, OutputValue> producer, OutputBatch batch, int index, Delivery delivery)
    {
        ref readonly var output = ref batch.Outputs[index];
        var message = new Message<OutputKey, OutputValue>
        {
            Key = new OutputKey(batch, index, delivery),
            Value = new OutputValue(batch, index),
            Headers = Headers(batch.Headers(in output)),
        };
        try
        {
            producer.Produce(output.Destination, message, Delivery.Report);
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

    private async Task<IProducer<OutputKey, OutputValue>> ProducerAsync(CancellationToken stop)
    {
        if (producer is { } current && fatal is null)
        {
            return current;
        }

        await renewal.WaitAsync(stop);
        try
        {
            if (fatal is not null)
            {
                // What the old one still holds must not come behind what the new one sends.
                await Task.Run(() => producer?.Dispose(), stop);
                producer = null;
                fatal = null;
            }

            return producer ??= NewProducer();
        }
        finally
        {
            renewal.Release();
        }
    }

    private IProducer<OutputKey, OutputValue> NewProducer()
    {
        var builder = new ProducerBuilder<OutputKey, OutputValue>(KafkaSettings.Producer(options))
            .SetKeySerializer(OutputKey.Serializer)
            .SetValueSerializer(OutputValue.Serializer)
            .SetErrorHandler((_, error) => Complained(error));
        if (!KafkaSettings.Debugs(options))
        {
            builder.SetLogHandler(static (_, _) => { });
        }

        return builder.Build();
    }

    private void Complained(Error error)
    {
        watch.Complain(error);
        if (error.IsFatal)
        {
            fatal = error;
        }
    }
}
