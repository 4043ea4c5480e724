namespace StreamActors.Sinks;

/// <summary>
/// How a key decides on a partition. Topics are co-partitioned only where whoever writes them decides alike: the
/// Java clients, Kafka Streams and Connect use one, librdkafka's clients (.NET, Python, Go) the other by default.
/// </summary>
public enum Partitioner
{
    /// <summary>Java's: murmur2 of the key.</summary>
    Murmur2,

    /// <summary>librdkafka's <c>consistent</c>: CRC-32 of the key.</summary>
    Crc32,
}

/// <summary>The partitioners' functions.</summary>
internal static class Partitioning
{
    private static readonly uint[] CrcTable = [.. Enumerable.Range(0, 256).Select(static each => CrcOf((uint)each))];

    /// <summary>The partition of a key in a topic of so many.</summary>
    public static int PartitionOf(this Partitioner partitioner, ReadOnlySpan<byte> key, int partitions) =>
        partitioner == Partitioner.Murmur2
            ? (int)((Murmur2(key) & 0x7FFFFFFF) % (uint)partitions)
            : (int)(Crc32(key) % (uint)partitions);

    /// <summary>MurmurHash2 with Kafka's seed, as org.apache.kafka.common.utils.Utils.murmur2 has it.</summary>
    private static uint Murmur2(ReadOnlySpan<byte> key)
    {
        const uint Multiplier = 0x5BD1E995;
        const int Shift = 24;
        var hash = 0x9747B28C ^ (uint)key.Length;
        while (key.Length >= sizeof(uint))
        {
            var word = System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(key) * Multiplier;
            hash = (hash * Multiplier) ^ ((word ^ (word >> Shift)) * Multiplier);
            key = key[sizeof(uint)..];
        }

        for (var at = key.Length - 1; at >= 0; at--)
        {
            hash ^= (uint)key[at] << (8 * at);
        }

        hash = key.IsEmpty ? hash : hash * Multiplier;
        hash = (hash ^ (hash >> 13)) * Multiplier;
        return hash ^ (hash >> 15);
    }

    private static uint Crc32(ReadOnlySpan<byte> key)
    {
        var crc = uint.MaxValue;
        foreach (var each in key)
        {
            crc = CrcTable[(byte)(crc ^ each)] ^ (crc >> 8);
        }

        return ~crc;
    }

    private static uint CrcOf(uint value)
    {
        const uint Polynomial = 0xEDB88320;
        for (var bit = 0; bit < 8; bit++)
        {
            value = (value & 1) == 0 ? value >> 1 : (value >> 1) ^ Polynomial;
        }

        return value;
    }
}
