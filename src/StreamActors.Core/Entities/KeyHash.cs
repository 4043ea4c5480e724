using System.Buffers.Binary;
using System.Numerics;

namespace StreamActors.Entities;

/// <summary>
/// The hash of keys: 64 bits that a seed decides as well, so that no sender of keys can choose colliding ones.
/// </summary>
internal static class KeyHash
{
    /// <summary>The hash of a key.</summary>
    public static ulong Of(ReadOnlySpan<byte> key, ulong seed)
    {
        var hash = seed ^ ((ulong)key.Length * 0x9E3779B97F4A7C15);
        while (key.Length >= sizeof(ulong))
        {
            hash = Mix(hash, BinaryPrimitives.ReadUInt64LittleEndian(key));
            key = key[sizeof(ulong)..];
        }

        if (key.Length > 0)
        {
            ulong tail = 0;
            for (var i = 0; i < key.Length; i++)
            {
                tail = (tail << 8) | key[i];
            }

            hash = Mix(hash, tail);
        }

        return hash;
    }

    /// <summary>32 bits of a hash, made of all of its bits.</summary>
    public static uint Fold(ulong hash) => (uint)(hash ^ (hash >> 32));

    private static ulong Mix(ulong hash, ulong word)
    {
        var product = Math.BigMul(hash ^ word, 0xA0761D6478BD642F, out var low);
        return product ^ low ^ BitOperations.RotateLeft(word, 23);
    }
}
