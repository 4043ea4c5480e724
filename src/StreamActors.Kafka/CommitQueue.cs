using System.Runtime.InteropServices;
using Confluent.Kafka;
using StreamActors.Kafka.Native;
using StreamActors.Records;
using StreamActors.Sources;

namespace StreamActors.Kafka;

/// <summary>
/// Commits in the order of the calls, one request at a time, without a thread of its own: librdkafka answers on a
/// queue, and the pool carries the answer on. Calls that come while a request is under way are merged into the
/// next one, so a frozen coordinator gathers tasks and no requests.
/// <para>Any thread may call it.</para>
/// </summary>
internal sealed unsafe class CommitQueue : IQueueListener, IThreadPoolWorkItem, IDisposable
{
    // The metadata of an offset for which a store has state. Kafka's own tools show it, and move offsets without it.
    private static ReadOnlySpan<byte> StateMark => "state"u8;

    private readonly Lock gate = new();
    private readonly nint client;
    private readonly NativeQueue answers;
    private List<Pending> waiting = [];
    private List<Pending>? underWay;
    private bool closed;

    /// <summary>Makes the committer of a member.</summary>
    public CommitQueue(nint client)
    {
        this.client = client;
        answers = NativeQueue.New(client, this);
    }

    /// <summary>Whether the client has nothing to commit.</summary>
    public bool IsIdle
    {
        get
        {
            lock (gate)
            {
                return underWay is null;
            }
        }
    }

    /// <summary>Commits, when those before it are done.</summary>
    /// <exception cref="SourceException">As the task's result: the offsets are not committed.</exception>
    public Task CommitAsync(IReadOnlyList<PartitionOffset> offsets, IReadOnlyCollection<PartitionId>? withState)
    {
        if (offsets.Count == 0)
        {
            return Task.CompletedTask;
        }

        var pending = new Pending(offsets, withState ?? []);
        lock (gate)
        {
            if (closed)
            {
                pending.Fail("The member has left the group.");
            }
            else
            {
                waiting.Add(pending);
                Begin();
            }
        }

        return pending.Task;
    }

    /// <summary>
    /// The committed offsets of partitions, -1 where there is none, and whether a store has state for them.
    /// </summary>
    /// <exception cref="KafkaException">The broker did not answer.</exception>
    public static List<(PartitionId Partition, long Offset, bool HasState)> Committed(
        nint client, string topic, IEnumerable<int> partitions, TimeSpan limit)
    {
        int[] numbers = [.. partitions];
        var list = LibRdKafka.PartitionListNew(numbers.Length);
        try
        {
            foreach (var number in numbers)
            {
                LibRdKafka.PartitionListAdd(list, topic, number);
            }

            var error = (ErrorCode)LibRdKafka.Committed(client, list, (int)limit.TotalMilliseconds);
            var found = new List<(PartitionId, long, bool)>();
            for (var i = 0; i < list->Count; i++)
            {
                ref readonly var element = ref list->Elements[i];
                error = error == ErrorCode.NoError ? element.Error : error;
                found.Add((new PartitionId(topic, element.Partition), element.Offset,
                    element.MetadataBytes.SequenceEqual(StateMark)));
            }

            return error == ErrorCode.NoError ? found : throw new KafkaException(error);
        }
        finally
        {
            LibRdKafka.PartitionListDestroy(list);
        }
    }

    /// <summary>
    /// Drops what has not begun for partitions that are no longer owned: no commit for a shard begins after its handler
    /// has returned.
    /// </summary>
    public void Release(IReadOnlyCollection<PartitionId> partitions)
    {
        lock (gate)
        {
            waiting.RemoveAll(pending =>
            {
                var drops = pending.Offsets.Any(offset => partitions.Contains(offset.Partition));
                if (drops)
                {
                    pending.Fail("The partition went to another member before the commit began.");
                }

                return drops;
            });
        }
    }

    /// <summary>An answer came. Runs under the queue's lock on a thread of librdkafka's.</summary>
    public void Filled() => ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);

    /// <summary>Takes the answers, on the pool.</summary>
    public void Execute()
    {
        lock (gate)
        {
            nint answer;
            while (answers.Pointer != 0 && (answer = LibRdKafka.QueuePoll(answers.Pointer, 0)) != 0)
            {
                Finish(answer);
                LibRdKafka.EventDestroy(answer);
            }

            Begin();
        }
    }

    /// <summary>Fails what is not acknowledged, and takes no more.</summary>
    public void Close()
    {
        lock (gate)
        {
            closed = true;
            foreach (var pending in waiting.Concat(underWay ?? []))
            {
                pending.Fail("The member left the group before the commit was acknowledged.");
            }

            waiting.Clear();
        }
    }

    /// <summary>Frees the queue of answers.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            answers.Dispose();
        }
    }

    private void Begin()
    {
        if (closed || underWay is not null || waiting.Count == 0)
        {
            return;
        }

        var merged = new Dictionary<PartitionId, (long Offset, bool HasState)>();
        foreach (var pending in waiting)
        {
            foreach (var (partition, offset) in pending.Offsets)
            {
                merged[partition] = (offset, pending.WithState.Contains(partition));
            }
        }

        var list = LibRdKafka.PartitionListNew(merged.Count);
        foreach (var (partition, (offset, hasState)) in merged)
        {
            var element = LibRdKafka.PartitionListAdd(list, partition.Topic, partition.Number);
            element->Offset = offset;
            if (hasState)
            {
                element->SetMetadata(client, StateMark);
            }
        }

        (underWay, waiting) = (waiting, []);
        var error = (ErrorCode)LibRdKafka.CommitQueue(client, list, answers.Pointer, 0, 0);
        LibRdKafka.PartitionListDestroy(list);
        if (error != ErrorCode.NoError)
        {
            Complete(error, []);
        }
    }

    private void Finish(nint answer)
    {
        var error = (ErrorCode)LibRdKafka.EventError(answer);
        var failed = new Dictionary<PartitionId, ErrorCode>();
        var list = error == ErrorCode.NoError ? null : LibRdKafka.EventPartitions(answer);
        for (var i = 0; list != null && i < list->Count; i++)
        {
            var element = list->Elements[i];
            if (element.Error != ErrorCode.NoError)
            {
                var topic = Marshal.PtrToStringUTF8((nint)element.Topic)!;
                failed[new PartitionId(topic, element.Partition)] = element.Error;
            }
        }

        Complete(error, failed);
    }

    /// <param name="error">The request's error; the last failed partition's where only some failed.</param>
    /// <param name="failed">The partitions that failed; none when the request failed as a whole.</param>
    private void Complete(ErrorCode error, Dictionary<PartitionId, ErrorCode> failed)
    {
        foreach (var pending in underWay ?? [])
        {
            var own = pending.Offsets.Select(offset => failed.GetValueOrDefault(offset.Partition))
                .FirstOrDefault(code => code != ErrorCode.NoError);
            var reason = failed.Count == 0 ? error : own;
            if (reason == ErrorCode.NoError)
            {
                pending.Succeed();
            }
            else
            {
                pending.Fail($"Kafka refused the commit: {reason.GetReason()} ({reason}).");
            }
        }

        underWay = null;
    }

    private sealed class Pending(
        IReadOnlyList<PartitionOffset> offsets, IReadOnlyCollection<PartitionId> withState)
    {
        // Continuations must not run under the lock, nor on the poll thread.
        private readonly TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public IReadOnlyList<PartitionOffset> Offsets { get; } = offsets;

        public IReadOnlyCollection<PartitionId> WithState { get; } = withState;

        public Task Task => done.Task;

        public void Succeed() => done.TrySetResult();

        public void Fail(string why) => done.TrySetException(new SourceException(why));
    }
}
