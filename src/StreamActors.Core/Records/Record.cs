namespace StreamActors.Records;

/// <summary>One Kafka record as a turn sees it: spans over its batch's arena, valid only during the turn.</summary>
internal readonly ref struct Record
{
    private static readonly long EarliestDate = DateTimeOffset.MinValue.ToUnixTimeMilliseconds();
    private static readonly long LatestDate = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    private readonly ReadOnlySpan<byte> bytes;
    private readonly int keyLength;
    private readonly int valueLength;

    internal Record(PartitionId source, scoped in RecordBatch.Entry entry, byte[] arena)
    {
        Source = source;
        Offset = entry.Offset;
        Timestamp = entry.Timestamp;
        keyLength = entry.KeyLength;
        valueLength = entry.ValueLength;
        bytes = arena.AsSpan(
            entry.Start, Math.Max(keyLength, 0) + Math.Max(valueLength, 0) + entry.HeadersLength);
    }

    /// <summary>The partition that it was read from.</summary>
    public PartitionId Source { get; }

    /// <summary>Its offset in the partition.</summary>
    public long Offset { get; }

    /// <summary>Its time in milliseconds since 1970 (UTC); negative when it has none.</summary>
    public long Timestamp { get; }

    /// <summary>Whether it has a key; an empty key is one.</summary>
    public bool HasKey => keyLength >= 0;

    /// <summary>Its key; empty when it has none.</summary>
    public ReadOnlySpan<byte> Key => bytes[..Math.Max(keyLength, 0)];

    /// <summary>Whether its value is null: a deletion marker.</summary>
    public bool IsTombstone => valueLength < 0;

    /// <summary>Its value; empty when it is a tombstone.</summary>
    public ReadOnlySpan<byte> Value => bytes.Slice(Math.Max(keyLength, 0), Math.Max(valueLength, 0));

    /// <summary>Its key, value and headers, one behind the other.</summary>
    internal ReadOnlySpan<byte> Bytes => bytes;

    /// <summary>Its headers in the form of <see cref="RecordHeaders"/>; empty when it has none.</summary>
    public ReadOnlySpan<byte> Headers => bytes[(Math.Max(keyLength, 0) + Math.Max(valueLength, 0))..];

    /// <summary>The date of a record's time, or the nearest that a date can say: any 64 bits may come.</summary>
    internal static DateTimeOffset DateOf(long timestamp) => DateTimeOffset.FromUnixTimeMilliseconds(
        Math.Clamp(timestamp, EarliestDate, LatestDate));
}
