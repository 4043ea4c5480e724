using StreamActors.Events;
using StreamActors.Sinks;

namespace StreamActors.Kafka;

/// <summary>
/// Writes to Kafka topics through one idempotent producer: acknowledged by all replicas, in order, and held through an
/// outage of any length. Back-pressure is the producer's queue: when it is full, deliveries wait, in their order.
/// <para>
/// Each output costs two arrays and what the managed producer makes of it; no task. An output that no retry can deliver
/// (too large, refused by the topic's rules) is refused. Where some outputs of a batch fail (one topic of several may
/// not be written), the next attempt leaves out what Kafka has. After a fatal error of the producer the delivery fails,
/// and the next one makes another producer; records of it that were in flight may then come twice.
/// </para>
/// </summary>
/// <param name="options">How to reach the cluster, and how to write.</param>
/// <param name="pipeline">The pipeline that it serves, for what it reports.</param>
/// <param name="events">Told once when the brokers go away, and once when they are back: a delivery only waits.</param>
/// <param name="clock">Measures waits.</param>
internal sealed class KafkaSink(KafkaOptions options, string pipeline, IEngineEvents events, TimeProvider clock) : ISink
{
    private static readonly TimeSpan RoomPause = TimeSpan.FromMilliseconds(10);

    private readonly KafkaAdmin admin = new(options);
    private readonly PeerWatch watch = new(pipeline, Kafka.Connector + " producer", options, events, clock);
    private readonly SemaphoreSlim renewal = new(1);
    private volatile SinkProducer? producer;

    // Guarded by renewal: no producer is made behind the end.
    private bool isClosed;

    /// <inheritdoc/>
    public string Name => Kafka.Connector;

    /// <inheritdoc/>
    public async Task DeliverAsync(OutputBatch batch, CancellationToken stop)
    {
        if (batch.Count == batch.TakenCount)
        {
            return;
        }

        var delivery = new Delivery(batch);
        await DeliverAsync(batch, delivery, stop);
        if (delivery.Failure is { } failure)
        {
            foreach (var index in delivery.Acknowledged)
            {
                batch.Take(index);
            }

            throw new SinkException($"Kafka did not take the records: {KafkaFault.Explain(failure, options)}");
        }

        watch.Worked();
        foreach (var (index, reason) in delivery.Refused)
        {
            batch.Refuse(index, reason);
        }
    }

    /// <summary>
    /// Whether a broker answers now. An answer also ends what was reported as trouble: the next delivery, which would,
    /// may be days away. The producer is made and connects meanwhile: the first delivery of a node that has joined
    /// keeps partitions waiting.
    /// </summary>
    public async ValueTask<bool> IsReachableAsync(CancellationToken stop)
    {
        var answers = await admin.IsReachableAsync(stop);
        if (answers)
        {
            watch.Worked();
            _ = producer ?? await RenewAsync(stop);
        }

        return answers;
    }

    /// <summary>Closes the producer. Deliveries that are under way fail; the engine has none by then.</summary>
    public async ValueTask DisposeAsync()
    {
        await renewal.WaitAsync();
        try
        {
            if (isClosed)
            {
                return;
            }

            isClosed = true;
            if (producer is { } current)
            {
                await current.EndAsync();
            }

            admin.Dispose();
        }
        finally
        {
            renewal.Release();
        }
    }

    /// <summary>Completes the delivery, whatever becomes of the producer meanwhile.</summary>
    private async Task DeliverAsync(OutputBatch batch, Delivery delivery, CancellationToken stop)
    {
        var current = await OpenAsync(delivery, stop);
        try
        {
            for (var index = current.Produce(batch, 0, delivery);
                index < batch.Count;
                index = current.Produce(batch, index, delivery))
            {
                await Task.Delay(RoomPause, clock, stop);
            }

            await Task.WhenAny(delivery.Task, current.Broken).WaitAsync(stop);
            if (!delivery.Task.IsCompleted)
            {
                await current.EndAsync().WaitAsync(stop);
                await delivery.Task;
            }
        }
        finally
        {
            current.Close(delivery);
        }
    }

    private async Task<SinkProducer> OpenAsync(Delivery delivery, CancellationToken stop)
    {
        while (true)
        {
            var current = producer;
            if (current is null || current.Broken.IsCompleted)
            {
                current = await RenewAsync(stop);
            }

            if (current.TryOpen(delivery))
            {
                return current;
            }
        }
    }

    private async Task<SinkProducer> RenewAsync(CancellationToken stop)
    {
        await renewal.WaitAsync(stop);
        try
        {
            ObjectDisposedException.ThrowIf(isClosed, this);
            if (producer is { Broken.IsCompleted: true } old)
            {
                // What the old one still holds must not come behind what the new one sends.
                await old.EndAsync().WaitAsync(stop);
                producer = null;
            }

            return producer ??= new SinkProducer(options, watch.Complain);
        }
        finally
        {
            renewal.Release();
        }
    }
}
