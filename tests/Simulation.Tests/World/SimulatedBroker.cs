using StreamActors.Records;

namespace StreamActors.Simulation.Tests.World;

/// <summary>Partition logs, committed offsets, and a group coordinator that gives partitions to members.</summary>
internal sealed class SimulatedBroker(SimulatedWorld world)
{
    /// <summary>A member that sleeps for as long is dead for the group.</summary>
    public static readonly TimeSpan Session = TimeSpan.FromMilliseconds(300);

    private readonly Dictionary<PartitionId, SimulatedConsumer?> owners = [];
    private readonly Dictionary<PartitionId, SimulatedConsumer> targets = [];
    private readonly List<SimulatedConsumer> members = [];
    private int generation;

    /// <summary>Counts the rebalances.</summary>
    public long Generation => generation;

    /// <summary>Whether a member was fenced that has not heard of it: nothing leaves it any more.</summary>
    public bool HasFenced => members.Exists(static member => member.IsFenced);

    public SortedDictionary<string, List<PartitionLog>> Topics { get; } = [];

    public Dictionary<PartitionId, long> Committed { get; } = [];

    /// <summary>How many commits were sent that may still arrive.</summary>
    public int CommitsUnderWay { get; set; }

    /// <summary>The partitions of which an offset was committed, or tried to be, that a store has state for.</summary>
    public HashSet<PartitionId> WithState { get; } = [];

    /// <summary>Where the group started a partition: what is below was never promised.</summary>
    public Dictionary<PartitionId, long> FirstStart { get; } = [];

    /// <summary>The lowest offset that was ever committed of a partition: what lies above may have been read.</summary>
    public Dictionary<PartitionId, long> LowestStart { get; } = [];

    public IEnumerable<PartitionLog> Partitions => Topics.Values.SelectMany(static logs => logs);

    public PartitionLog Log(PartitionId partition) => Topics[partition.Topic][partition.Number];

    public PartitionLog AddPartition(string topic)
    {
        if (!Topics.TryGetValue(topic, out var logs))
        {
            Topics[topic] = logs = [];
        }

        var isLater = logs.Exists(log => Committed.ContainsKey(log.Id));
        var log = new PartitionLog(new PartitionId(topic, logs.Count), isLater);
        logs.Add(log);
        owners[log.Id] = null;
        return log;
    }

    public void Join(SimulatedConsumer member) => members.Add(member);

    /// <summary>A member is gone: its partitions are free, and what it still sends is refused.</summary>
    public void Remove(SimulatedConsumer member)
    {
        members.Remove(member);
        Free(member);
    }

    /// <summary>The member's session expired; it hears of it when it next asks.</summary>
    public void Fence(SimulatedConsumer member)
    {
        member.Fence();
        Free(member);
    }

    /// <summary>The group is made again, with its offsets: its generations begin anew.</summary>
    public void Regroup()
    {
        generation = 0;
        members.ForEach(Fence);
    }

    public bool IsMember(SimulatedConsumer member) => members.Contains(member);

    /// <summary>
    /// Draws who is to have which partition; each member hears of it when it polls. Co-partitions go to the same.
    /// </summary>
    public void Rebalance(double stay)
    {
        targets.Clear();
        generation++;
        var able = members.FindAll(static member => !member.IsFenced);
        foreach (var partition in owners.Keys.ToArray())
        {
            if (able.Count == 0 || targets.ContainsKey(partition))
            {
                continue;
            }

            var owner = owners[partition];
            var stays = owner is not null && able.Contains(owner) && world.Chance.NextDouble() < stay;
            var target = stays ? owner! : able[world.Chance.Next(able.Count)];
            foreach (var coPartition in world.CoPartitions(partition).Where(owners.ContainsKey))
            {
                var isOutOfStep = world.Chances.OutOfStep > 0 && world.Chance.NextDouble() < world.Chances.OutOfStep;
                targets[coPartition] = isOutOfStep ? able[world.Chance.Next(able.Count)] : target;
            }
        }
    }

    /// <summary>What a member is to let go, and what it gets: a partition changes hands only when it is free.</summary>
    public (PartitionId[] Revoke, PartitionId[] Assign) Changes(SimulatedConsumer member)
    {
        var owned = owners.Where(each => each.Value == member).Select(static each => each.Key);
        var wanted = owners.Keys.Where(partition => targets.GetValueOrDefault(partition) == member);
        var free = wanted.Where(partition => owners[partition] is null);
        switch (world.Setting.Protocol)
        {
            case GroupProtocol.Eager when member.LetGoFor != generation:
                member.LetGoFor = generation;
                return ([.. owned], []);
            case GroupProtocol.Eager:
                return ([], wanted.All(partition => owners[partition] is null) ? [.. wanted] : []);
            case GroupProtocol.Cooperative:
                var isStill = owners.All(each =>
                    each.Value is null || targets.GetValueOrDefault(each.Key) == each.Value);
                return ([.. owned.Except(wanted)], isStill ? [.. free] : []);
            default:
                return (Some(owned.Except(wanted)), Some(free));
        }
    }

    public void Own(PartitionId partition, SimulatedConsumer? owner) => owners[partition] = owner;

    /// <summary>A commit arrives. As in Kafka, whoever is a member may commit any partition.</summary>
    public void Commit(IReadOnlyList<PartitionOffset> offsets)
    {
        foreach (var (partition, offset) in offsets)
        {
            Committed[partition] = offset;
            FirstStart.TryAdd(partition, offset);
            LowestStart[partition] = Math.Min(LowestStart.GetValueOrDefault(partition, offset), offset);
        }
    }

    /// <summary>
    /// Starts were committed. Where two members start a topic for the first time at the same moment, each by its own
    /// look at the end, nobody has promised what came between the two.
    /// </summary>
    public void Start(IReadOnlyList<PartitionOffset> starts)
    {
        foreach (var (partition, offset) in starts)
        {
            world.Promises.Require(
                Promise.NoLoss,
                !Log(partition).IsLater || offset <= Log(partition).First,
                $"{partition} came when its topic was known, and is read from {offset} on");
            FirstStart[partition] = Math.Max(FirstStart[partition], offset);
        }
    }

    private PartitionId[] Some(IEnumerable<PartitionId> partitions) =>
        [.. partitions.Where(_ => !world.Setting.HasCoPartitions || world.Chance.Next(3) != 0)];

    private void Free(SimulatedConsumer member)
    {
        foreach (var partition in owners.Keys.ToArray())
        {
            if (owners[partition] == member)
            {
                owners[partition] = null;
            }
        }
    }
}

/// <summary>The records of a partition; offsets may have gaps, and the log may be cut at the front.</summary>
internal sealed class PartitionLog(PartitionId id, bool isLater)
{
    /// <summary>Whether the group knew its topic when it came: then it is read from its first record.</summary>
    public bool IsLater { get; } = isLater;

    public PartitionId Id { get; } = id;

    /// <summary>All records that there ever were; those below <see cref="First"/> cannot be read any more.</summary>
    public List<SimulatedRecord> Records { get; } = [];

    public long First { get; private set; }

    public long End { get; private set; }

    public void Append(string key, int recordId, Wish wish, long time, int gap = 0)
    {
        Records.Add(new SimulatedRecord(Id.Topic, Id.Number, End + gap, key, recordId, wish, time));
        End += gap + 1;
    }

    /// <summary>How many records there are from an offset to below another.</summary>
    public int CountBetween(long from, long below) =>
        Math.Max(0, IndexOf(below) - IndexOf(Math.Max(from, First)));

    /// <summary>The index of the first record at an offset or above.</summary>
    public int IndexOf(long offset)
    {
        var (low, high) = (0, Records.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = Records[middle].Offset < offset ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    public void CutBefore(long offset) => First = offset;
}
