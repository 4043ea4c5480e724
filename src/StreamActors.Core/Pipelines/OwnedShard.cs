using StreamActors.Records;
using StreamActors.Shards;
using StreamActors.Stalls;

namespace StreamActors.Pipelines;

/// <summary>
/// A shard as its member sees it: which of its partitions the member owns, and the actor that handles their records,
/// which is there only while the member owns all of them.
/// <code>
///   a partition comes                  all are here, and their starts known
///   ─────────────────▶ (waits) ─────────────────────────────────────────────▶ (runs)
///                         ▲          a co-partition goes, a failure               │
///                         └───────────────────────────────────────────────────────┘
/// </code>
/// A wait forgets the shard's memory and keeps its positions: each partition that stays starts again where every record
/// below is done.
/// </summary>
internal sealed class OwnedShard
{
    private readonly OwnedPartition?[] partitions;
    private Obstacle? trouble;
    private int nextToRead;

    /// <summary>Makes a shard of which no partition is owned yet.</summary>
    public OwnedShard(ShardGroup group, int number)
    {
        Group = group;
        Inputs = group.Inputs(number);
        partitions = new OwnedPartition?[Inputs.Count];
    }

    /// <summary>The topics that feed it.</summary>
    public ShardGroup Group { get; }

    /// <summary>The partitions that feed it, owned or not, in the order of their indexes.</summary>
    public IReadOnlyList<PartitionId> Inputs { get; }

    /// <summary>Those of its partitions that the member owns, in the order of their indexes.</summary>
    public IEnumerable<OwnedPartition> Owned => partitions.OfType<OwnedPartition>();

    /// <summary>Its partitions that the member does not own: it waits for them.</summary>
    public IEnumerable<PartitionId> Missing => Inputs.Where((_, input) => partitions[input] is null);

    /// <summary>Whether the member owns all its partitions.</summary>
    public bool IsComplete => Array.TrueForAll(partitions, static each => each is not null);

    /// <summary>Whether it is known where each of its owned partitions starts.</summary>
    public bool IsLocated => Array.TrueForAll(partitions, static each => each is not { StartAt: null });

    /// <summary>Since when it has had the partitions that it has, in milliseconds.</summary>
    public long OwnedSince { get; private set; }

    /// <summary>The actor; null while it waits.</summary>
    public Shard? Running { get; private set; }

    /// <summary>The actor before: what that has begun to deliver ends before the next one starts.</summary>
    public Shard? Former { get; private set; }

    /// <summary>When it is tried again to start it, in milliseconds.</summary>
    public long RetryAt { get; private set; }

    /// <summary>The group's generation in which the last of its partitions came.</summary>
    public long Generation { get; private set; }

    /// <summary>The commit that is to prove that this process is a member; null where none is needed.</summary>
    public Task? Proof { get; set; }

    /// <summary>Whether it has proven it.</summary>
    public bool IsProven => Proof is { IsCompletedSuccessfully: true };

    /// <summary>Questions about it that the broker did not answer, in a row.</summary>
    public int Unanswered { get; set; }

    /// <summary>How often in a row its state could not be had.</summary>
    public int Stateless { get; set; }

    /// <summary>Whether one of its topics was made again since its state was saved.</summary>
    public bool IsRemade { get; set; }

    /// <summary>Whether its next actor begins empty, whatever the store has.</summary>
    public bool Discards { get; set; }

    /// <summary>The keys of entities that were too large to be saved: the next actor measures them.</summary>
    public List<byte[]> TooLarge { get; } = [];

    /// <summary>Why its actor stands still, a state being of no use, and what can be done; null = it goes on.</summary>
    public string? StandsStill { get; set; }

    /// <summary>When it failed, in milliseconds: the recent times.</summary>
    public Queue<long> Failures { get; } = new();

    /// <summary>What it waits for; null when it runs.</summary>
    public Obstacle? Obstacle => StandsStill is { } why ? new(StallReason.State, "", why) { IsTrouble = true }
        : Running is not null ? null
        : !IsComplete
            ? new(StallReason.CoPartition, "", $"waiting for a co-partition: {string.Join(", ", Missing)}")
            {
                IsTrouble = true,
            }
        : trouble ?? new(StallReason.Start, "", "its shard is about to start");

    /// <summary>The partition of it whose next offset its log does not have; null when there is none.</summary>
    public OwnedPartition? OutOfRange => Array.Find(partitions, static each => each is { IsOutOfRange: true });

    /// <summary>A partition of it was assigned.</summary>
    public OwnedPartition Add(PartitionId partition, long now, long generation)
    {
        (Generation, Proof) = (generation, null);
        var input = IndexOf(partition);
        OwnedSince = now;
        return partitions[input] = new OwnedPartition(this, input);
    }

    /// <summary>A partition of it went; the actor has ended before.</summary>
    public void Remove(PartitionId partition, long now)
    {
        OwnedSince = now;
        partitions[IndexOf(partition)] = null;
    }

    /// <summary>The actor was made; from here on its partitions are read.</summary>
    public void Begin(Shard shard)
    {
        (Running, Unanswered, StandsStill, trouble) = (shard, 0, null, null);
        foreach (var partition in Owned)
        {
            partition.IsPlaced = false;
        }
    }

    /// <summary>The actor has ended or failed; what is not done by now is read again.</summary>
    public void End()
    {
        if (Running is null)
        {
            return;
        }

        foreach (var partition in Owned)
        {
            (partition.StartAt, partition.HasState) = (Running.Committable(partition.Input), partition.HasState);
        }

        (Former, Running, StandsStill) = (Running, null, null);
    }

    /// <summary>Tries again later.</summary>
    public void PutOff(long until, string why, StallReason reason = StallReason.Start)
    {
        RetryAt = until;
        trouble = new Obstacle(reason, "", why) { IsTrouble = true, Due = until };
    }

    /// <summary>
    /// Whose turn it is to be read. The inputs take turns, so that one that always has records starves no other.
    /// </summary>
    public OwnedPartition NextToRead()
    {
        nextToRead = (nextToRead + 1) % partitions.Length;
        return partitions[nextToRead]!;
    }

    /// <summary>The form that logs use: its partitions.</summary>
    public override string ToString() => string.Join('+', Inputs);

    private int IndexOf(PartitionId partition) => Inputs.TakeWhile(other => other != partition).Count();
}
