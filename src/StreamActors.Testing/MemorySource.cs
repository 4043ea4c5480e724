using StreamActors.Events;
using StreamActors.Records;
using StreamActors.Sources;

namespace StreamActors.Testing;

/// <summary>Makes the members of the group, one after the other.</summary>
internal sealed class MemorySource(Topics topics) : ISource
{
    /// <summary>The member that was made last.</summary>
    public MemoryConsumer? Last { get; private set; }

    /// <inheritdoc/>
    public string Name => "memory";

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<string, int>> PrepareAsync(
        string pipeline, IReadOnlyList<TopicSpec> specs, IEngineEvents events, CancellationToken stop) =>
        Task.FromResult<IReadOnlyDictionary<string, int>>(specs.ToDictionary(
            static spec => spec.Name, spec => topics.Of(spec.Name).Count));

    /// <inheritdoc/>
    public IGroupConsumer Open(GroupSpec group, IGroupEvents members, IEngineEvents events) =>
        Last = new MemoryConsumer(topics, members);

    /// <inheritdoc/>
    public ValueTask<bool> IsReachableAsync(CancellationToken stop) => ValueTask.FromResult(true);
}

/// <summary>
/// The client port over the topics in memory, for the only member of its group: it owns every partition, answers at
/// once, and acknowledges each commit.
/// </summary>
internal sealed class MemoryConsumer(Topics topics, IGroupEvents members) : IGroupConsumer
{
    private readonly Dictionary<PartitionId, long> positions = [];
    private IReadOnlyList<string> subscribed = [];

    /// <summary>What the next poll takes away, and gives back at once.</summary>
    public Taking Next { get; set; }

    /// <summary>Whether anything that was read is not committed.</summary>
    public bool HasUncommitted =>
        positions.Any(each => each.Value > topics.Committed.GetValueOrDefault(each.Key));

    /// <inheritdoc/>
    public long Generation { get; private set; }

    /// <inheritdoc/>
    public TimeSpan SessionTimeout => Timeout.InfiniteTimeSpan;

    /// <summary>How many commits were made.</summary>
    public int Commits { get; private set; }

    /// <inheritdoc/>
    public void Subscribe(IReadOnlyList<string> topics) => subscribed = topics;

    /// <inheritdoc/>
    public void Poll(TimeSpan wait)
    {
        var (taking, owned) = (Next, positions.Keys.ToArray());
        Next = Taking.Nothing;
        if (taking != Taking.Nothing)
        {
            Take(owned, taking);
        }

        PartitionId[] free = [.. subscribed
            .SelectMany(topic => topics.Of(topic).Select((_, number) => new PartitionId(topic, number)))
            .Where(partition => !positions.ContainsKey(partition))];
        if (free.Length > 0)
        {
            Generation = ++topics.Generation;
            foreach (var (partition, offset) in members.Assigned(free))
            {
                positions[partition] = offset;
            }
        }
    }

    /// <inheritdoc/>
    public void Wake()
    {
    }

    /// <inheritdoc/>
    public int Read(PartitionId partition, RecordBatch batch, int maxRecords, int maxBytes)
    {
        var (log, position, count) = (topics.Of(partition), positions[partition], 0);
        while (position < log.Count && count < maxRecords && batch.Bytes < maxBytes)
        {
            var record = log[(int)position++];
            var timestamp = record.Timestamp.ToUnixTimeMilliseconds();
            batch.Add(record.Offset, timestamp, record.KeyBytes, record.Value, record.HeaderBytes);
            count++;
        }

        positions[partition] = position;
        return count;
    }

    /// <inheritdoc/>
    public IReadOnlyList<(PartitionId Partition, long? Committed, bool HasState)> CommittedOffsets(
        string topic, TimeSpan limit) =>
    [
        .. topics.Of(topic).Select((_, number) => new PartitionId(topic, number)).Select(partition => (
            partition,
            topics.Committed.TryGetValue(partition, out var offset) ? offset : (long?)null,
            topics.WithState.Contains(partition))),
    ];

    /// <inheritdoc/>
    public (long First, long End) Bounds(PartitionId partition, TimeSpan limit) => (0, topics.Of(partition).Count);

    /// <inheritdoc/>
    public long? Lag(PartitionOffset position) => topics.Of(position.Partition).Count - position.Offset;

    /// <inheritdoc/>
    public void Seek(PartitionOffset position) => positions[position.Partition] = position.Offset;

    /// <inheritdoc/>
    public Task CommitAsync(
        IReadOnlyList<PartitionOffset> offsets, IReadOnlyCollection<PartitionId>? withState = null)
    {
        foreach (var (partition, offset) in offsets)
        {
            topics.Committed[partition] = offset;
        }

        topics.WithState.UnionWith(withState ?? []);

        Commits++;
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void Close() => Take([.. positions.Keys], Taking.Revoke);

    /// <inheritdoc/>
    public void Dispose() => positions.Clear();

    private void Take(PartitionId[] owned, Taking how)
    {
        if (how == Taking.Revoke)
        {
            members.Revoked(owned);
        }
        else
        {
            members.Lost(owned);
        }

        positions.Clear();
    }
}

/// <summary>How partitions leave their member.</summary>
internal enum Taking
{
    /// <summary>They do not.</summary>
    Nothing,

    /// <summary>With a hand-over.</summary>
    Revoke,

    /// <summary>Without one.</summary>
    Lose,
}
