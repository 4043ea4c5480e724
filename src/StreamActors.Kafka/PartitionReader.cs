using Confluent.Kafka;
using StreamActors.Kafka.Native;
using StreamActors.Records;
using Message = StreamActors.Kafka.Native.LibRdKafka.Message;

namespace StreamActors.Kafka;

/// <summary>
/// Reads one owned partition: takes its native queue when the partition is assigned, and gives it up when it goes. Not
/// reading it is all that holding a partition takes: the client stops fetching when the queue is full.
/// <para>
/// Used by the poll thread alone, but for <see cref="Filled"/>. It wakes the poll thread when records come to a queue
/// that the last read had emptied, and once: records of a held partition wake nobody.
/// </para>
/// </summary>
internal sealed unsafe class PartitionReader : IQueueListener, IDisposable
{
    private const int Chunk = 512;

    private readonly nint client;
    private readonly PollSignal signal;
    private readonly HeaderScratch headers;
    private readonly Action<PartitionReader, Error> failed;

    // Taken from the queue and not yet read: [next, end). A read that reaches its limit leaves some for the next one.
    private readonly nint[] taken = new nint[Chunk];
    private int next;
    private int end;

    // Came through Consume() all the same; read behind what was taken and before what is in the queue.
    private RecordBatch? strays;
    private int nextStray;

    private NativeQueue queue;
    private int armed;

    /// <summary>Takes the partition's queue.</summary>
    /// <param name="client">The native client.</param>
    /// <param name="partition">The partition.</param>
    /// <param name="signal">What the poll thread waits on.</param>
    /// <param name="headers">The poll thread's.</param>
    /// <param name="failed">Told, inside a read, of an error that came in place of a record.</param>
    public PartitionReader(
        nint client,
        PartitionId partition,
        PollSignal signal,
        HeaderScratch headers,
        Action<PartitionReader, Error> failed)
    {
        this.client = client;
        this.signal = signal;
        this.headers = headers;
        this.failed = failed;
        Partition = partition;
        queue = NativeQueue.OfPartition(client, partition, this);
    }

    /// <summary>The partition.</summary>
    public PartitionId Partition { get; }

    /// <summary>Whether nothing is delivered until the engine seeks: its start failed, or its offset is gone.</summary>
    public bool AwaitsSeek { get; set; }

    /// <summary>Records came to the empty queue. Runs under the queue's lock on a thread of librdkafka's.</summary>
    public void Filled()
    {
        if (Interlocked.Exchange(ref armed, 0) == 1)
        {
            signal.WakeForRecords();
        }
    }

    /// <summary>Appends what is there, up to the limits; never waits.</summary>
    /// <returns>How many records were appended.</returns>
    public int Read(RecordBatch batch, int maxRecords, int maxBytes)
    {
        var before = batch.Count;
        var limit = before + maxRecords;
        while (!AwaitsSeek && batch.Count < limit && batch.Bytes < maxBytes)
        {
            if (next < end)
            {
                Append(batch, (Message*)taken[next++]);
            }
            else if (strays is not null)
            {
                AppendStray(batch, strays);
            }
            else if (!Take())
            {
                break;
            }
        }

        return batch.Count - before;
    }

    /// <summary>
    /// Forgets what was fetched and not read, errors too: librdkafka marks records that a seek makes stale, but not the
    /// errors among them (<c>rd_kafka_offset_reset</c> gives them no version).
    /// </summary>
    public void Drop()
    {
        strays?.Dispose();
        strays = null;
        do
        {
            while (next < end)
            {
                LibRdKafka.MessageDestroy((Message*)taken[next++]);
            }
        }
        while (Take());
    }

    /// <summary>
    /// Keeps a record that came through <c>Consume()</c> all the same, for the next read, and takes the queue again:
    /// librdkafka has made the partition anew.
    /// </summary>
    public void Keep(ConsumeResult<byte[], byte[]> stray)
    {
        if (strays is null)
        {
            strays = new RecordBatch();
            strays.Reset(Partition);
            nextStray = 0;
            queue.Dispose();
            queue = NativeQueue.OfPartition(client, Partition, this);
        }

        var message = stray.Message;
        strays.Add(
            stray.Offset.Value,
            message.Timestamp.UnixTimestampMs,
            message.Key,
            message.Value,
            headers.Of(message.Headers));
        signal.WakeForRecords();
    }

    /// <summary>Gives up the queue and what was taken from it.</summary>
    public void Dispose()
    {
        Drop();
        queue.Dispose();
    }

    private bool Take()
    {
        // Armed before the read: records that come while it runs either are taken or wake the poll thread.
        Volatile.Write(ref armed, 1);
        fixed (nint* messages = taken)
        {
            end = (int)Math.Max(LibRdKafka.ConsumeBatch(queue.Pointer, 0, (Message**)messages, Chunk), 0);
        }

        next = 0;
        if (end == Chunk)
        {
            Volatile.Write(ref armed, 0);    // there is more, and the next read takes it
        }
        else if (Interlocked.Exchange(ref armed, 1) == 0 && !queue.IsEmpty)
        {
            Filled();    // it was told while the read ran, so it would not be told of these again
        }

        return end > 0;
    }

    private void Append(RecordBatch batch, Message* message)
    {
        if (message->Error != ErrorCode.NoError)
        {
            var text = new string((sbyte*)message->Value, 0, (int)message->ValueLength);
            failed(this, new Error(message->Error, text));
        }
        else
        {
            int timestampType;
            batch.Add(
                message->Offset,
                LibRdKafka.MessageTimestamp(message, &timestampType),
                new ReadOnlySpan<byte>(message->Key, (int)message->KeyLength),
                new ReadOnlySpan<byte>(message->Value, (int)message->ValueLength),
                headers.Of(message));
        }

        LibRdKafka.MessageDestroy(message);
    }

    private void AppendStray(RecordBatch batch, RecordBatch kept)
    {
        var record = kept[nextStray];
        batch.Add(
            record.Offset,
            record.Timestamp,
            record.HasKey ? record.Key : default,
            record.IsTombstone ? default : record.Value,
            record.Headers);
        if (++nextStray == kept.Count)
        {
            kept.Dispose();
            strays = null;
        }
    }
}
