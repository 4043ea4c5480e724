namespace StreamActors.Records;

/// <summary>One partition of one topic.</summary>
/// <param name="Topic">The topic's name.</param>
/// <param name="Number">The partition's number, from 0.</param>
public readonly record struct PartitionId(string Topic, int Number)
{
    /// <summary>The form that logs, pages and metrics use: <c>topic/number</c>.</summary>
    public override string ToString() => $"{Topic}/{Number}";
}

/// <summary>
/// A place in a partition: the offset of the next record to read or, in a commit, to read after a restart.
/// </summary>
/// <param name="Partition">The partition.</param>
/// <param name="Offset">The offset, from 0.</param>
public readonly record struct PartitionOffset(PartitionId Partition, long Offset)
{
    /// <summary>The form that logs use: <c>topic/number@offset</c>.</summary>
    public override string ToString() => $"{Partition}@{Offset}";
}
