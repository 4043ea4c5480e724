using System.Buffers;
using System.Text;
using StreamActors.Records;
using StreamActors.Sinks;

namespace StreamActors.Testing;

/// <summary>
/// What outlives the process under test: the records of all topics, the offsets that the group has committed, and what
/// was written to other destinations.
/// </summary>
/// <param name="time">Stamps what is written.</param>
/// <param name="partitions">How many partitions a topic has, unless it was said.</param>
internal sealed class Topics(VirtualTime time, int partitions)
{
    private readonly Dictionary<string, List<List<WrittenRecord>>> logs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<WrittenRecord>> written = new(StringComparer.Ordinal);

    /// <summary>The offsets that the group has committed.</summary>
    public Dictionary<PartitionId, long> Committed { get; } = [];

    /// <summary>Those of which they were committed as such that a store has state for.</summary>
    public HashSet<PartitionId> WithState { get; } = [];

    /// <summary>The group's generation: counts the assignments.</summary>
    public long Generation { get; set; }

    /// <summary>Dead letters that were written or dropped, in order.</summary>
    public List<DeadLetter> DeadLetters { get; } = [];

    /// <summary>The destinations that anything was written to.</summary>
    public IReadOnlyCollection<string> Destinations => written.Keys;

    /// <summary>What the pipeline wrote to a destination, in the order of arrival.</summary>
    public IReadOnlyList<WrittenRecord> Written(string destination) =>
        written.TryGetValue(destination, out var records) ? records : [];

    /// <summary>The partitions of a topic, which is created where it is new.</summary>
    public List<List<WrittenRecord>> Of(string topic)
    {
        if (!logs.TryGetValue(topic, out var found))
        {
            logs[topic] = found = [];
            Grow(topic, partitions);
        }

        return found;
    }

    /// <summary>The log of a partition.</summary>
    public List<WrittenRecord> Of(PartitionId partition) => Of(partition.Topic)[partition.Number];

    /// <summary>Gives a topic as many partitions; as in Kafka, it can grow, and not shrink.</summary>
    public void Grow(string topic, int count)
    {
        if (!logs.TryGetValue(topic, out var found))
        {
            logs[topic] = found = [];
        }

        if (count < Math.Max(found.Count, 1))
        {
            throw new ArgumentOutOfRangeException(
                nameof(count),
                count,
                $"The topic {topic} has {found.Count} partitions: it cannot have fewer, nor none.");
        }

        while (found.Count < count)
        {
            found.Add([]);
        }
    }

    /// <summary>Appends a record that the test sends.</summary>
    public WrittenRecord Append(string topic, byte[]? key, byte[]? value, SendOptions options)
    {
        var headers = new ArrayBufferWriter<byte>();
        foreach (var (name, text) in options.Headers)
        {
            if (text is null)
            {
                RecordHeaders.WriteNull(headers, Encoding.UTF8.GetBytes(name));
            }
            else
            {
                RecordHeaders.Write(headers, Encoding.UTF8.GetBytes(name), text);
            }
        }

        var number = options.Partition ?? PartitionOf(topic, key);
        if (number < 0 || number >= Of(topic).Count)
        {
            throw new ArgumentOutOfRangeException(
                nameof(options), number, $"The topic {topic} has the partitions 0 to {Of(topic).Count - 1}.");
        }

        var log = Of(topic)[number];
        var record = new WrittenRecord
        {
            Connector = "",
            Destination = topic,
            Partition = number,
            Offset = log.Count,
            KeyBytes = key,
            Value = value,
            Headers = options.Headers,
            HeaderBytes = headers.WrittenSpan.ToArray(),
            Timestamp = options.Timestamp ?? time.GetUtcNow(),
        };
        log.Add(record);
        return record;
    }

    /// <summary>Takes an output of the pipeline; one to Kafka is a record that routes may read.</summary>
    public void Write(Arrival output)
    {
        if (!written.TryGetValue(output.Destination, out var all))
        {
            written[output.Destination] = all = [];
        }

        var isTopic = output.Connector == Pipelines.RouteDefinition.SourceConnector;
        var number = !isTopic ? 0
            : output.Partition >= 0 ? output.Partition
            : PartitionOf(output.Destination, output.Key);
        var log = isTopic ? Of(output.Destination)[number] : all;
        var record = new WrittenRecord
        {
            Connector = output.Connector,
            Destination = output.Destination,
            Partition = number,
            Offset = log.Count,
            KeyBytes = output.Key,
            Value = output.Value,
            Headers = output.Headers.Length == 0 ? [] : WrittenRecord.Decode(output.Headers),
            HeaderBytes = output.Headers,
            Timestamp = output.Timestamp < 0
                ? time.GetUtcNow()
                : DateTimeOffset.FromUnixTimeMilliseconds(output.Timestamp),
        };
        log.Add(record);
        if (isTopic)
        {
            all.Add(record);
            if (DeadLetter.Is(record))
            {
                DeadLetters.Add(DeadLetter.Of(record));
            }
        }
    }

    /// <summary>As Java's clients choose it; a record without a key goes to the first partition.</summary>
    private int PartitionOf(string topic, byte[]? key) =>
        key is null ? 0 : Partitioner.Murmur2.PartitionOf(key, Of(topic).Count);
}

/// <summary>An output as its sink takes it.</summary>
/// <param name="Connector">Who wrote it.</param>
/// <param name="Destination">Where to.</param>
/// <param name="Key">Its key; null = none.</param>
/// <param name="Value">Its value; null = a tombstone.</param>
/// <param name="Headers">Its headers, as they travel in an arena.</param>
internal sealed record Arrival(string Connector, string Destination, byte[]? Key, byte[]? Value, byte[] Headers)
{
    /// <summary>The partition that it must go to; -1 = by its key.</summary>
    public int Partition { get; init; } = -1;

    /// <summary>The time that it carries, in milliseconds since 1970 (UTC); -1 = that of its arrival.</summary>
    public long Timestamp { get; init; } = -1;
}
