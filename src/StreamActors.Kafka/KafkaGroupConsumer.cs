using Confluent.Kafka;
using StreamActors.Events;
using StreamActors.Kafka.Native;
using StreamActors.Records;
using StreamActors.Sources;

namespace StreamActors.Kafka;

/// <summary>
/// A member of a Kafka consumer group. The managed client joins and serves rebalances; records are read from each
/// partition's own native queue (<see cref="PartitionReader"/>), commits go through <see cref="CommitQueue"/>.
/// <para>
/// Where the broker does not have KIP-848 (it answers the first heartbeat with an error that says so), the member is
/// replaced by one of the classic protocol, and nobody outside notices.
/// </para>
/// </summary>
internal sealed class KafkaGroupConsumer : IGroupConsumer
{
    private static readonly TimeSpan LeaveLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(2);

    private readonly KafkaOptions options;
    private readonly GroupSpec group;
    private readonly IGroupEvents members;
    private readonly IEngineEvents events;
    private readonly TimeProvider clock;
    private readonly PollSignal signal;
    private readonly PeerWatch watch;
    private readonly HeaderScratch headers = new();
    private readonly Dictionary<PartitionId, PartitionReader> readers = [];
    private readonly List<PartitionReader> outOfRange = [];

    private KafkaMember member;
    private IReadOnlyList<string> topics = [];
    private Error? fatal;
    private bool failed;
    private bool rebalanced;
    private bool gaveUp;
    private bool closed;
    private long brokersSession;    // in ticks; 0 = not known

    /// <summary>Makes a member; it joins by <see cref="Subscribe"/>.</summary>
    /// <param name="options">How to reach the cluster.</param>
    /// <param name="group">Which group.</param>
    /// <param name="members">Told of what the group says.</param>
    /// <param name="events">Told of trouble.</param>
    /// <param name="clock">Measures waits.</param>
    public KafkaGroupConsumer(
        KafkaOptions options, GroupSpec group, IGroupEvents members, IEngineEvents events, TimeProvider clock)
    {
        this.options = options;
        this.group = group;
        this.members = members;
        this.events = events;
        this.clock = clock;
        signal = new PollSignal(options.Consumer.WakeInterval, clock);
        watch = new PeerWatch(group.Pipeline, Kafka.Connector, options, events, clock);
        member = NewMember(classic: options.Consumer.GroupProtocol == KafkaGroupProtocol.Classic);
    }

    /// <inheritdoc/>
    public TimeSpan SessionTimeout => !member.Classic && Interlocked.Read(ref brokersSession) is > 0 and var known
        ? TimeSpan.FromTicks(known)
        : options.Consumer.SessionTimeout;

    /// <summary>Takes what the cluster says of the group's session; null = it says nothing.</summary>
    public async Task LearnAsync(Task<TimeSpan?> session)
    {
        if (await session is { } known)
        {
            Interlocked.Exchange(ref brokersSession, known.Ticks);
        }
    }

    /// <inheritdoc/>
    public void Subscribe(IReadOnlyList<string> topics)
    {
        this.topics = topics;
        events.Report(new EngineEvent.Joining(
            group.Pipeline, group.GroupId, member.Classic ? "classic" : "consumer"));
        member.Consumer.Subscribe(topics);
    }

    /// <inheritdoc/>
    public void Poll(TimeSpan wait)
    {
        if (!Serve())
        {
            signal.Wait(wait);
            Serve();
        }
    }

    /// <inheritdoc/>
    public void Wake() => signal.Wake();

    /// <inheritdoc/>
    public int Read(PartitionId partition, RecordBatch batch, int maxRecords, int maxBytes) =>
        readers.TryGetValue(partition, out var reader) ? reader.Read(batch, maxRecords, maxBytes) : 0;

    /// <inheritdoc/>
    public IReadOnlyList<(PartitionId Partition, long? Committed, bool HasState)> CommittedOffsets(
        string topic, TimeSpan limit)
    {
        var began = clock.GetTimestamp();
        try
        {
            var metadata = member.Admin.GetMetadata(topic, limit).Topics.Single();
            if (metadata.Error.IsError)
            {
                throw new SourceException(KafkaFault.Explain(metadata.Error, options).ToString());
            }

            var partitions = metadata.Partitions.Select(static p => p.PartitionId);
            var left = limit - clock.GetElapsedTime(began);
            var found = CommitQueue.Committed(
                LibRdKafka.HandleOf(member.Consumer), topic, partitions, left > TimeSpan.Zero ? left : TimeSpan.Zero);
            return [.. found.Select(static c => (c.Partition, c.Offset >= 0 ? c.Offset : (long?)null, c.HasState))];
        }
        catch (KafkaException error)
        {
            throw Failure($"The committed offsets of {group.GroupId} for {topic} could not be read", error);
        }
    }

    /// <inheritdoc/>
    public (long First, long End) Bounds(PartitionId partition, TimeSpan limit)
    {
        try
        {
            var bounds = member.Consumer.QueryWatermarkOffsets(Of(partition), limit);
            return (bounds.Low.Value, bounds.High.Value);
        }
        catch (KafkaException error)
        {
            throw Failure($"The bounds of {partition} could not be read", error);
        }
    }

    /// <inheritdoc/>
    public long? Lag(PartitionOffset position)
    {
        var end = member.Consumer.GetWatermarkOffsets(Of(position.Partition)).High.Value;
        return end < 0 ? null : Math.Max(end - position.Offset, 0);
    }

    /// <inheritdoc/>
    public long Generation
    {
        get
        {
            var metadata = LibRdKafka.GroupMetadata(LibRdKafka.HandleOf(member.Consumer));
            try
            {
                return LibRdKafka.GenerationOf(metadata);
            }
            finally
            {
                LibRdKafka.GroupMetadataDestroy(metadata);
            }
        }
    }

    /// <inheritdoc/>
    public void Seek(PartitionOffset position)
    {
        if (!readers.TryGetValue(position.Partition, out var reader))
        {
            return;    // it went meanwhile
        }

        reader.Drop();
        var target = new TopicPartitionOffset(Of(position.Partition), position.Offset);
        try
        {
            member.Consumer.Seek(target);
        }
        catch (KafkaException error) when (error.Error.Code == ErrorCode.Local_State)
        {
            // A partition whose offset was out of range is stopped, and a stopped one cannot seek
            // (rd_kafka_toppar_seek): it is started anew.
            member.Consumer.IncrementalUnassign([target.TopicPartition]);
            member.Consumer.IncrementalAssign([target]);
        }

        reader.AwaitsSeek = false;
        signal.WakeForRecords();
    }

    /// <inheritdoc/>
    public Task CommitAsync(
        IReadOnlyList<PartitionOffset> offsets, IReadOnlyCollection<PartitionId>? withState = null) =>
        member.Commits.CommitAsync(offsets, withState);

    /// <inheritdoc/>
    public void Close()
    {
        if (!closed)
        {
            closed = true;
            try
            {
                member.Leave(LeaveLimit, clock);
                if (readers.Count > 0)
                {
                    LoseAll();
                }
            }
            finally
            {
                member.End(EndLimit);    // answers the commits that are under way, whatever a handler did
            }
        }
    }

    /// <summary>Lets go of everything; without <see cref="Close"/> before, the group finds out by itself.</summary>
    public void Dispose()
    {
        if (!closed)
        {
            closed = true;
            Release(readers.Keys.ToList());
            member.End(EndLimit);
        }
    }

    /// <returns>Whether there was anything that the caller may want to act on.</returns>
    private bool Serve()
    {
        if (failed || closed)
        {
            return false;
        }

        if (member.Serve(TimeSpan.Zero) is { } stray && readers.TryGetValue(Of(stray.TopicPartition), out var reader))
        {
            reader.Keep(stray);
        }

        var served = rebalanced || !member.IsIdle;
        rebalanced = false;
        served |= RaiseOutOfRange();
        if (fatal is not null)
        {
            served = true;
            Fall(fatal);
        }

        if (gaveUp)
        {
            gaveUp = false;
            _ = member.NudgeAsync(readers.Keys.ToList());
        }

        watch.Check(() => member.AnswersAsync(topics, AnswerLimit));
        return served;
    }

    private bool RaiseOutOfRange()
    {
        var raised = outOfRange.Where(reader => readers.GetValueOrDefault(reader.Partition) == reader).ToList();
        outOfRange.Clear();
        raised.ForEach(reader => members.OutOfRange(reader.Partition));
        return raised.Count > 0;
    }

    private void Fall(Error error)
    {
        fatal = null;
        var unknownProtocol = error.Code is ErrorCode.UnsupportedVersion or ErrorCode.Local_UnsupportedFeature;
        if (unknownProtocol && !member.Classic && options.Consumer.GroupProtocol == KafkaGroupProtocol.Auto)
        {
            member.End(EndLimit);
            member = NewMember(classic: true);
            Subscribe(topics);
        }
        else
        {
            failed = true;
            members.Failed(KafkaFault.Explain(error, options).ToString());
        }
    }

    private List<TopicPartitionOffset> Assigned(List<TopicPartition> partitions)
    {
        rebalanced = true;
        var ids = partitions.ConvertAll(Of);
        foreach (var id in ids)
        {
            if (readers.Remove(id, out var old))
            {
                old.Dispose();
            }

            readers.Add(id, new PartitionReader(member.Client, id, signal, headers, ReadFailed));
        }

        var starts = members.Assigned(ids).ToDictionary(start => start.Partition, start => start.Offset);
        return ids.ConvertAll(id =>
        {
            var start = starts.GetValueOrDefault(id, -1);
            readers[id].AwaitsSeek = start < 0;
            return new TopicPartitionOffset(Of(id), start < 0 ? Offset.End : start);
        });
    }

    private void Revoked(List<TopicPartitionOffset> partitions)
    {
        rebalanced = true;
        var ids = partitions.ConvertAll(p => Of(p.TopicPartition));
        members.Revoked(ids);
        Release(ids);
        gaveUp = readers.Count > 0;
    }

    private void Lost(List<TopicPartitionOffset> partitions)
    {
        rebalanced = true;
        var ids = partitions.ConvertAll(p => Of(p.TopicPartition));
        members.Lost(ids);
        Release(ids);
        gaveUp = readers.Count > 0;
    }

    private void LoseAll()
    {
        var ids = readers.Keys.ToList();
        members.Lost(ids);
        Release(ids);
    }

    private void Release(List<PartitionId> partitions)
    {
        member.Commits.Release(partitions);
        foreach (var partition in partitions)
        {
            if (readers.Remove(partition, out var reader))
            {
                reader.Dispose();
            }
        }
    }

    private void Complained(Error error)
    {
        if (error.IsFatal)
        {
            fatal ??= error;
            signal.Wake();
        }
        else
        {
            watch.Complain(error);
        }
    }

    private void ReadFailed(PartitionReader reader, Error error)
    {
        if (error.Code is ErrorCode.Local_AutoOffsetReset or ErrorCode.Local_LogTruncation)
        {
            reader.AwaitsSeek = true;
            outOfRange.Add(reader);
            signal.Wake();
        }
        else
        {
            watch.Complain(error);
        }
    }

    private KafkaMember NewMember(bool classic) =>
        new(options, group, classic, new MemberHandlers(Assigned, Revoked, Lost, Complained), signal);

    private SourceException Failure(string what, KafkaException error) =>
        new($"{what}: {KafkaFault.Explain(error.Error, options)}", error);

    private static PartitionId Of(TopicPartition partition) => new(partition.Topic, partition.Partition.Value);

    private static TopicPartition Of(PartitionId partition) => new(partition.Topic, partition.Number);
}
