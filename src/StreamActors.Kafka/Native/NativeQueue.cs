using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using StreamActors.Records;

namespace StreamActors.Kafka.Native;

/// <summary>Told when a queue that was empty is not. Called on a thread of librdkafka's: be quick.</summary>
internal interface IQueueListener
{
    /// <summary>Something arrived in the queue, which was empty.</summary>
    void Filled();
}

/// <summary>A queue of librdkafka's with its listener; owns both until it is disposed.</summary>
internal sealed unsafe class NativeQueue : IDisposable
{
    private GCHandle listener;

    private NativeQueue(nint pointer, IQueueListener listener)
    {
        if (pointer == 0)
        {
            throw new InvalidOperationException("librdkafka gave no queue: the client is not a consumer of a group.");
        }

        Pointer = pointer;
        this.listener = GCHandle.Alloc(listener);
        LibRdKafka.QueueSetCallback(pointer, &Filled, GCHandle.ToIntPtr(this.listener));
    }

    /// <summary>The queue, for the functions of <see cref="LibRdKafka"/>; zero once it is disposed.</summary>
    public nint Pointer { get; private set; }

    /// <summary>Whether nothing is in it.</summary>
    public bool IsEmpty => LibRdKafka.QueueLength(Pointer) == 0;

    /// <summary>The queue of rebalances and errors, which <c>Consume()</c> serves.</summary>
    public static NativeQueue OfConsumer(nint client, IQueueListener listener) =>
        new(LibRdKafka.QueueOfConsumer(client), listener);

    /// <summary>A queue of its own, for answers.</summary>
    public static NativeQueue New(nint client, IQueueListener listener) =>
        new(LibRdKafka.QueueNew(client), listener);

    /// <summary>A partition's queue of fetched records, taken away from <c>Consume()</c> for good.</summary>
    public static NativeQueue OfPartition(nint client, PartitionId partition, IQueueListener listener)
    {
        var queue = new NativeQueue(
            LibRdKafka.QueueOfPartition(client, partition.Topic, partition.Number), listener);
        LibRdKafka.QueueForward(queue.Pointer, 0);
        return queue;
    }

    /// <summary>Ends the wake-ups, then the queue.</summary>
    public void Dispose()
    {
        if (Pointer != 0)
        {
            LibRdKafka.QueueSetCallback(Pointer, null, 0);
            LibRdKafka.QueueDestroy(Pointer);
            listener.Free();
            Pointer = 0;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Filled(nint client, nint opaque) =>
        ((IQueueListener)GCHandle.FromIntPtr(opaque).Target!).Filled();
}
