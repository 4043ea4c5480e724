using StreamActors.Records;

namespace StreamActors.Snapshots;

/// <summary>The head of a shard's snapshot: up to where it goes, and what else there is to read.</summary>
/// <param name="SavedAt">The wall-clock time of the cut, in milliseconds since 1970 (UTC).</param>
/// <param name="Positions">
/// For each input the offset from which on no record is in the snapshot: whoever restores it reads from there.
/// </param>
/// <param name="EventTimes">For each input the highest time that a record carried.</param>
internal sealed record ShardHead(
    long SavedAt, IReadOnlyList<PartitionOffset> Positions, IReadOnlyList<long> EventTimes)
{
    // Raised when the form changes; a release reads its own and the one before it.
    private const long Format = 1;

    /// <summary>The parts of the shard.</summary>
    public IReadOnlyList<SavedPart> Parts { get; init; } = [];

    /// <summary>Writes it, with its checksum.</summary>
    public ReadOnlyMemory<byte> ToBytes()
    {
        var output = SnapshotWriter.Sealed();
        output.Write(Format);
        output.Write(SavedAt);
        output.Write(Positions.Count);
        for (var input = 0; input < Positions.Count; input++)
        {
            output.Write(Positions[input].Partition.Topic);
            output.Write(Positions[input].Partition.Number);
            output.Write(Positions[input].Offset);
            output.Write(EventTimes[input]);
        }

        output.Write(Parts.Count);
        foreach (var part in Parts)
        {
            part.Write(output);
        }

        return output.Seal();
    }

    /// <summary>Reads what <see cref="ToBytes"/> wrote.</summary>
    /// <param name="shard">The shard's name, for the message.</param>
    /// <param name="bytes">What a store kept.</param>
    /// <exception cref="SnapshotException">They are damaged, or of a form that this program does not know.</exception>
    public static ShardHead Read(string shard, ReadOnlySpan<byte> bytes)
    {
        var input = SnapshotReader.Open(bytes, shard, "the head");
        if (input.ReadNumber() is var format && format != Format)
        {
            throw new SnapshotException(
                $"The snapshot of the shard {shard} has the format {format}; this program reads {Format}.");
        }

        var savedAt = input.ReadNumber();
        var count = (int)input.ReadNumber();
        var (positions, times) = (new PartitionOffset[count], new long[count]);
        for (var at = 0; at < count; at++)
        {
            var partition = new PartitionId(input.ReadText(), (int)input.ReadNumber());
            positions[at] = new PartitionOffset(partition, input.ReadNumber());
            times[at] = input.ReadNumber();
        }

        var parts = new SavedPart[input.ReadNumber()];
        for (var at = 0; at < parts.Length; at++)
        {
            parts[at] = SavedPart.Read(ref input);
        }

        return new ShardHead(savedAt, positions, times) { Parts = parts };
    }
}

/// <summary>A part of a shard, as the head of its snapshot knows it.</summary>
/// <param name="Name">The part's name.</param>
/// <param name="IsKeyed">Whether it has keys in the store.</param>
/// <param name="Log">The bytes of its log that count; null where it has none.</param>
/// <param name="Head">What it replaces as a whole at each cut.</param>
internal sealed record SavedPart(string Name, bool IsKeyed, LogRange? Log, ReadOnlyMemory<byte> Head)
{
    /// <summary>Appends it.</summary>
    public void Write(SnapshotWriter output)
    {
        output.Write(Name);
        output.Write(IsKeyed ? 1 : 0);
        output.Write(Log is null ? 0 : 1);
        output.Write(Log?.From ?? 0);
        output.Write(Log?.To ?? 0);
        output.Write(Head.Span);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static SavedPart Read(ref SnapshotReader input)
    {
        var (name, isKeyed, hasLog) = (input.ReadText(), input.ReadNumber() == 1, input.ReadNumber() == 1);
        var log = new LogRange(input.ReadNumber(), input.ReadNumber());
        return new SavedPart(name, isKeyed, hasLog ? log : null, input.ReadBytes().ToArray());
    }
}

/// <summary>Positions of a log: from the first, to one behind the last.</summary>
internal readonly record struct LogRange(long From, long To);
