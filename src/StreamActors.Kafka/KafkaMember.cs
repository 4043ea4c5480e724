using Confluent.Kafka;
using Confluent.Kafka.Admin;
using StreamActors.Kafka.Native;
using StreamActors.Records;
using StreamActors.Sources;

namespace StreamActors.Kafka;

/// <summary>What a member tells its owner, inside <see cref="KafkaMember.Serve"/>, on the poll thread.</summary>
/// <param name="Assigned">Partitions came: returns where to start each.</param>
/// <param name="Revoked">Partitions are about to go.</param>
/// <param name="Lost">Partitions went.</param>
/// <param name="Complained">The client complains; it may be fatal.</param>
internal sealed record MemberHandlers(
    Func<List<TopicPartition>, List<TopicPartitionOffset>> Assigned,
    Action<List<TopicPartitionOffset>> Revoked,
    Action<List<TopicPartitionOffset>> Lost,
    Action<Error> Complained);

/// <summary>
/// One membership in one protocol: the managed consumer, its native handle, and what hangs on it. It is replaced as a
/// whole when the broker turns out not to have the protocol.
/// </summary>
internal sealed class KafkaMember
{
    private static readonly TimeSpan NudgeLimit = TimeSpan.FromSeconds(2);

    // Longer than the session time-out, 45 s, and than the socket's, which ends a leave request.
    private static readonly TimeSpan RestLimit = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan RestPause = TimeSpan.FromMilliseconds(20);

    private readonly NativeQueue happenings;
    private readonly MemberHandlers handlers;
    private IAdminClient? admin;
    private bool leaves;

    /// <summary>Makes a member; it joins when its <see cref="Consumer"/> subscribes.</summary>
    public KafkaMember(
        KafkaOptions options, GroupSpec group, bool classic, MemberHandlers handlers, PollSignal signal)
    {
        Classic = classic;
        this.handlers = handlers;
        var builder = new ConsumerBuilder<byte[], byte[]>(KafkaSettings.Consumer(options, group, classic))
            .SetPartitionsAssignedHandler((_, partitions) => handlers.Assigned(partitions))
            .SetPartitionsRevokedHandler((_, partitions) => handlers.Revoked(partitions))
            .SetPartitionsLostHandler((_, partitions) => handlers.Lost(partitions))
            .SetErrorHandler((_, error) => handlers.Complained(error));
        if (!KafkaSettings.Debugs(options))
        {
            builder.SetLogHandler(static (_, _) => { });    // what matters comes as an error, too
        }

        Consumer = KafkaClients.Make(options, builder.Build);
        Client = LibRdKafka.HandleOf(Consumer);
        happenings = NativeQueue.OfConsumer(Client, signal);
        Commits = new CommitQueue(Client);
    }

    /// <summary>Whether it speaks the classic protocol.</summary>
    public bool Classic { get; }

    /// <summary>The managed client: subscribes, seeks, asks.</summary>
    public IConsumer<byte[], byte[]> Consumer { get; }

    /// <summary>The native client of the same handle: reads.</summary>
    public nint Client { get; }

    /// <summary>Its commits.</summary>
    public CommitQueue Commits { get; }

    /// <summary>Whether nothing waits to be served.</summary>
    public bool IsIdle => happenings.IsEmpty;

    /// <summary>Questions that the managed consumer does not know, over its own connections.</summary>
    public IAdminClient Admin => admin ??= new DependentAdminClientBuilder(Consumer.Handle).Build();

    private bool HasLeft => LibRdKafka.ConsumerClosed(Client) != 0;

    private bool IsAtRest => leaves ? HasLeft : Commits.IsIdle;

    /// <summary>
    /// Serves rebalances and errors. A record is not expected, for each owned partition's queue is read by itself; one
    /// that comes all the same is returned.
    /// </summary>
    public ConsumeResult<byte[], byte[]>? Serve(TimeSpan wait)
    {
        try
        {
            return Consumer.Consume(wait);
        }
        catch (ConsumeException error)
        {
            handlers.Complained(error.Error);
            return null;
        }
    }

    /// <summary>
    /// Wakes the client's connections by a question to the leader of each partition. After a pure revoke they sleep for
    /// up to a second, and the partitions that stayed are silent for as long (CLIENT.md).
    /// </summary>
    public async Task NudgeAsync(IEnumerable<PartitionId> owned)
    {
        try
        {
            await Admin.ListOffsetsAsync(
                owned.Select(partition => new TopicPartitionOffsetSpec
                {
                    TopicPartition = new TopicPartition(partition.Topic, partition.Number),
                    OffsetSpec = OffsetSpec.Latest(),
                }),
                new ListOffsetsOptions { RequestTimeout = NudgeLimit });
        }
        catch (KafkaException)
        {
            // The answer does not matter: the question alone wakes the connection, and a broker that is away complains
            // through the client by itself.
        }
    }

    /// <summary>Whether every topic is there and a broker answers, asked over the member's own connections.</summary>
    public async Task<bool> AnswersAsync(IReadOnlyList<string> topics, TimeSpan limit)
    {
        try
        {
            var answer = await Admin.DescribeTopicsAsync(
                TopicCollection.OfTopicNames(topics), new DescribeTopicsOptions { RequestTimeout = limit });
            return answer.TopicDescriptions.Count == topics.Count;
        }
        catch (KafkaException)
        {
            return false;
        }
    }

    /// <summary>
    /// Leaves the group, serving the revoke that comes of it. A broker that is away is not waited for beyond the limit:
    /// the group then finds out by itself, when the session ends.
    /// </summary>
    public void Leave(TimeSpan limit, TimeProvider clock)
    {
        var error = LibRdKafka.ConsumerCloseQueue(Client, happenings.Pointer);
        if (error != 0)
        {
            LibRdKafka.ErrorDestroy(error);    // a fatal error came before: there is no membership to leave
            return;
        }

        leaves = true;
        var began = clock.GetTimestamp();
        while (!HasLeft && clock.GetElapsedTime(began) < limit)
        {
            Serve(TimeSpan.FromMilliseconds(20));
        }
    }

    /// <summary>
    /// Lets go of everything; without <see cref="Leave"/> before, the group finds out by itself. Open commits fail at
    /// once. The client itself ends on a thread of its own, and is waited for up to the limit.
    /// <para>
    /// librdkafka's main thread ends with its group handler, and spins until then: the timers of a client that is being
    /// destroyed are due and do not run (<c>rd_kafka_timers_run</c>). The group handler waits for a commit that was put
    /// off because the coordinator is gone, up to the session time-out, and for ever for a leave request that its own
    /// end overtakes (<c>rd_kafka_cgrp_handle_LeaveGroup</c>) or a revoke that was not served. So all these are over
    /// before the client is destroyed.
    /// </para>
    /// </summary>
    /// <returns>Whether the client has ended.</returns>
    public bool End(TimeSpan limit)
    {
        Commits.Close();
        happenings.Dispose();
        var ending = new Thread(() =>
        {
            AnswerLastRevoke();
            using var pause = new ManualResetEventSlim();
            for (var left = RestLimit; left > TimeSpan.Zero && !IsAtRest; left -= RestPause)
            {
                pause.Wait(RestPause);
            }

            Commits.Dispose();
            admin?.Dispose();
            Consumer.Dispose();
        })
        {
            IsBackground = true,
            Name = "kafka client ends",
        };
        ending.Start();
        return ending.Join(limit);
    }

    private void AnswerLastRevoke()
    {
        if (leaves && !HasLeft)
        {
            try
            {
                Consumer.Unassign();
            }
            catch (KafkaException)
            {
                // It has left in this moment: nothing is left to be answered.
            }
        }
    }
}
