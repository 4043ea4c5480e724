using System.Buffers.Binary;
using System.Numerics;

namespace StreamActors.Snapshots;

/// <summary>
/// CRC-32C (Castagnoli), which the processor computes: it stands in front of all that is stored, so that a bit that
/// turned in a store or on a wire is found before it becomes somebody's state.
/// </summary>
internal static class Checksum
{
    /// <summary>The bytes that it takes.</summary>
    public const int Bytes = sizeof(uint);

    /// <summary>The checksum of bytes.</summary>
    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        }

        foreach (var each in bytes)
        {
            crc = BitOperations.Crc32C(crc, each);
        }

        return ~crc;
    }

    /// <summary>Puts the checksum of what follows in front of it.</summary>
    /// <param name="sealedBytes">Room for the checksum, and the bytes.</param>
    public static void Seal(Span<byte> sealedBytes) =>
        BinaryPrimitives.WriteUInt32LittleEndian(sealedBytes, Of(sealedBytes[Bytes..]));

    /// <summary>Takes the checksum off.</summary>
    /// <returns>Whether it is that of the bytes.</returns>
    public static bool TryOpen(ReadOnlySpan<byte> sealedBytes, out ReadOnlySpan<byte> bytes)
    {
        bytes = sealedBytes.Length < Bytes ? default : sealedBytes[Bytes..];
        return sealedBytes.Length >= Bytes && BinaryPrimitives.ReadUInt32LittleEndian(sealedBytes) == Of(bytes);
    }
}
