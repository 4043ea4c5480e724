using StreamActors.Records;
using StreamActors.Shards;

namespace StreamActors.Pipelines;

/// <summary>A partition that this member owns, and the shard that handles its records.</summary>
internal sealed class OwnedPartition(PartitionId partition)
{
    /// <summary>The partition.</summary>
    public PartitionId Partition { get; } = partition;

    /// <summary>Its shard; null while its start is not known, or while its failed shard waits to start again.</summary>
    public Shard? Shard { get; set; }

    /// <summary>Its shard that failed: what that has begun to deliver ends before the next one starts.</summary>
    public Shard? Former { get; set; }

    /// <summary>Its index among the shard's inputs.</summary>
    public int Input { get; init; }

    /// <summary>From where its shard starts; null = ask the broker.</summary>
    public long? StartAt { get; set; }

    /// <summary>When its shard starts again, in milliseconds.</summary>
    public long RetryAt { get; set; }

    /// <summary>Failed attempts to find out where it starts, in a row.</summary>
    public int FailedStarts { get; set; }

    /// <summary>When its shard failed, in milliseconds: the recent ones.</summary>
    public Queue<long> Failures { get; } = new();

    /// <summary>Why it has no shard; empty when it has one.</summary>
    public string Why { get; set; } = "";

    /// <summary>Whether its next offset is not in its log.</summary>
    public bool IsOutOfRange { get; set; }

    /// <summary>The offset below which every record is done.</summary>
    public long? Committable => Shard?.Committable(Input) ?? StartAt;
}
