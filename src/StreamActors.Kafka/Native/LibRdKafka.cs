using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Confluent.Kafka;

namespace StreamActors.Kafka.Native;

/// <summary>
/// The functions of librdkafka that Confluent.Kafka does not offer: reading a partition's own queue, wake-ups, commits
/// that do not block, a close that does not block. Everything else goes through the managed client of the same handle.
/// <para>Rules, each read from the sources of librdkafka 2.15.1:</para>
/// <list type="bullet">
/// <item>A client's pointer lives as long as its managed client. Every queue is destroyed before it.</item>
/// <item>A queue's callback runs on a thread of librdkafka's, with the queue's lock held (<c>rd_kafka_q_io_event</c>):
/// it may not call librdkafka, nor wait. It is called only when an op arrives in an empty queue. After
/// <see cref="QueueSetCallback"/> with null returned, it runs no more.</item>
/// <item>One thread at a time reads a queue. A message is destroyed exactly once; its bytes die with it.</item>
/// <item>A partition's queue that was forwarded, even to nothing, stays as it is through assign and unassign
/// (<c>RD_KAFKA_Q_F_FWD_APP</c>, asked in <c>rd_kafka_toppar_op_fetch_start</c>): its records never come through
/// <c>Consume()</c>.</item>
/// <item>The library is the one that Confluent.Kafka loaded: both ask the loader for <c>librdkafka</c>. (On musl it
/// would load another file; <see cref="HandleOf"/> refuses to mix two versions.)</item>
/// </list>
/// </summary>
internal static unsafe partial class LibRdKafka
{
    private const string Library = "librdkafka";

    private static readonly bool SameLibrary = Version() == Confluent.Kafka.Library.Version;

    /// <summary>The native client behind a managed one.</summary>
    public static nint HandleOf(IClient client)
    {
        if (!SameLibrary)
        {
            throw new InvalidOperationException(
                $"Confluent.Kafka uses librdkafka {Confluent.Kafka.Library.VersionString}, the loader finds another: "
                + "leave one librdkafka on the library path.");
        }

        return ((SafeHandle)SafeHandleOf(client.Handle)).DangerousGetHandle();
    }

    [LibraryImport(Library, EntryPoint = "rd_kafka_version")]
    private static partial int Version();

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_LibrdkafkaHandle")]
    [return: UnsafeAccessorType("Confluent.Kafka.Impl.SafeKafkaHandle, Confluent.Kafka")]
    private static extern object SafeHandleOf(Handle handle);

    // --- Group ---

    [LibraryImport(Library, EntryPoint = "rd_kafka_consumer_group_metadata")]
    public static partial nint GroupMetadata(nint client);

    [LibraryImport(Library, EntryPoint = "rd_kafka_consumer_group_metadata_generation_id")]
    public static partial int GenerationOf(nint groupMetadata);

    [LibraryImport(Library, EntryPoint = "rd_kafka_consumer_group_metadata_destroy")]
    public static partial void GroupMetadataDestroy(nint groupMetadata);

    // --- Queues ---

    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_new")]
    public static partial nint QueueNew(nint client);

    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_get_consumer")]
    public static partial nint QueueOfConsumer(nint client);

    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_get_partition", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint QueueOfPartition(nint client, string topic, int partition);

    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_forward")]
    public static partial void QueueForward(nint queue, nint target);

    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_cb_event_enable")]
    public static partial void QueueSetCallback(
        nint queue, delegate* unmanaged[Cdecl]<nint, nint, void> callback, nint opaque);

    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_length")]
    public static partial nuint QueueLength(nint queue);

    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_destroy")]
    public static partial void QueueDestroy(nint queue);

    // --- Messages ---

    [LibraryImport(Library, EntryPoint = "rd_kafka_consume_batch_queue")]
    public static partial nint ConsumeBatch(nint queue, int timeoutMilliseconds, Message** messages, nuint size);

    [LibraryImport(Library, EntryPoint = "rd_kafka_message_timestamp")]
    [SuppressGCTransition]    // reads a field
    public static partial long MessageTimestamp(Message* message, int* type);

    [LibraryImport(Library, EntryPoint = "rd_kafka_message_headers")]
    [SuppressGCTransition]    // reads a field; parses, where there are headers
    public static partial int MessageHeaders(Message* message, nint* headers);

    [LibraryImport(Library, EntryPoint = "rd_kafka_header_get_all")]
    public static partial int HeaderAt(nint headers, nuint index, byte** name, byte** value, nuint* size);

    [LibraryImport(Library, EntryPoint = "rd_kafka_message_destroy")]
    public static partial void MessageDestroy(Message* message);

    // --- Commits: the answer is an event on the given queue, since no callback is given ---

    [LibraryImport(Library, EntryPoint = "rd_kafka_topic_partition_list_new")]
    public static partial TopicPartitionList* PartitionListNew(int size);

    [LibraryImport(
        Library, EntryPoint = "rd_kafka_topic_partition_list_add", StringMarshalling = StringMarshalling.Utf8)]
    public static partial TopicPartition* PartitionListAdd(TopicPartitionList* list, string topic, int partition);

    [LibraryImport(Library, EntryPoint = "rd_kafka_topic_partition_list_destroy")]
    public static partial void PartitionListDestroy(TopicPartitionList* list);

    [LibraryImport(Library, EntryPoint = "rd_kafka_commit_queue")]
    public static partial int CommitQueue(
        nint client, TopicPartitionList* offsets, nint queue, nint noCallback, nint noOpaque);

    [LibraryImport(Library, EntryPoint = "rd_kafka_committed")]
    public static partial int Committed(nint client, TopicPartitionList* partitions, int timeoutMilliseconds);

    /// <summary>Allocates what the library will free: what a list's element points to.</summary>
    [LibraryImport(Library, EntryPoint = "rd_kafka_mem_malloc")]
    private static partial nint Allocate(nint client, nuint size);

    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_poll")]
    public static partial nint QueuePoll(nint queue, int timeoutMilliseconds);

    [LibraryImport(Library, EntryPoint = "rd_kafka_event_error")]
    public static partial int EventError(nint happened);

    [LibraryImport(Library, EntryPoint = "rd_kafka_event_topic_partition_list")]
    public static partial TopicPartitionList* EventPartitions(nint happened);

    [LibraryImport(Library, EntryPoint = "rd_kafka_event_destroy")]
    public static partial void EventDestroy(nint happened);

    // --- Closing: what comes of it is served by Consume(), on the same queue ---

    [LibraryImport(Library, EntryPoint = "rd_kafka_consumer_close_queue")]
    public static partial nint ConsumerCloseQueue(nint client, nint queue);

    [LibraryImport(Library, EntryPoint = "rd_kafka_consumer_closed")]
    public static partial int ConsumerClosed(nint client);

    [LibraryImport(Library, EntryPoint = "rd_kafka_error_destroy")]
    public static partial void ErrorDestroy(nint error);

    /// <summary><c>rd_kafka_message_t</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Message
    {
        public ErrorCode Error;
        public nint Topic;
        public int Partition;
        public byte* Value;
        public nuint ValueLength;
        public byte* Key;
        public nuint KeyLength;
        public long Offset;
        public nint Private;
    }

    /// <summary><c>rd_kafka_topic_partition_t</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct TopicPartition
    {
        public byte* Topic;
        public int Partition;
        public long Offset;
        public byte* Metadata;
        public nuint MetadataSize;
        public nint Opaque;
        public ErrorCode Error;
        public nint Private;

        /// <summary>What was committed with the offset.</summary>
        public readonly ReadOnlySpan<byte> MetadataBytes => new(Metadata, (int)MetadataSize);

        /// <summary>Sets what is committed with the offset; the list frees it.</summary>
        public void SetMetadata(nint client, ReadOnlySpan<byte> bytes)
        {
            Metadata = (byte*)Allocate(client, (nuint)bytes.Length);
            MetadataSize = (nuint)bytes.Length;
            bytes.CopyTo(new Span<byte>(Metadata, bytes.Length));
        }
    }

    /// <summary><c>rd_kafka_topic_partition_list_t</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct TopicPartitionList
    {
        public int Count;
        public int Size;
        public TopicPartition* Elements;
    }
}
