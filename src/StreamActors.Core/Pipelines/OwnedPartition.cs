using StreamActors.Records;
using StreamActors.Stalls;

namespace StreamActors.Pipelines;

/// <summary>A partition that this member owns: one input of a shard.</summary>
/// <param name="shard">The shard.</param>
/// <param name="input">Its index among the shard's inputs.</param>
internal sealed class OwnedPartition(OwnedShard shard, int input)
{
    /// <summary>The partition.</summary>
    public PartitionId Partition => Shard.Inputs[Input];

    /// <summary>The shard.</summary>
    public OwnedShard Shard { get; } = shard;

    /// <summary>Its index among the shard's inputs.</summary>
    public int Input { get; } = input;

    /// <summary>From where its next shard reads it; null = ask the broker.</summary>
    public long? StartAt { get; set; }

    /// <summary>Whether a store has state for what is committable.</summary>
    public bool HasState
    {
        get => field || Shard.Running is { HasSaved: true };
        set;
    }

    /// <summary>Whether the client stands at <see cref="StartAt"/>, so that a start needs no seek.</summary>
    public bool IsPlaced { get; set; }

    /// <summary>Since when its positions stand still.</summary>
    public Standstill Standstill { get; } = new();

    /// <summary>Whether its next offset is not in its log.</summary>
    public bool IsOutOfRange { get; set; }

    /// <summary>The offset below which every record is done.</summary>
    public long? Committable => Shard.Running?.Committable(Input) ?? StartAt;
}
