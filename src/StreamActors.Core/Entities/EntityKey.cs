using System.Buffers.Binary;
using System.Text;

namespace StreamActors.Entities;

/// <summary>
/// The key of an entity as shards and stores have it: the record's key alone, or that and the sub-keys, each behind its
/// length in four bytes.
/// </summary>
internal static class EntityKey
{
    /// <summary>The key of these parts.</summary>
    /// <param name="key">The record's key.</param>
    /// <param name="subKeys">The sub-keys of its route.</param>
    public static byte[] Of(string key, IReadOnlyCollection<string> subKeys)
    {
        if (subKeys.Count == 0)
        {
            return Encoding.UTF8.GetBytes(key);
        }

        var bytes = new List<byte>();
        foreach (var part in subKeys.Prepend(key).Select(Encoding.UTF8.GetBytes))
        {
            var length = new byte[sizeof(int)];
            BinaryPrimitives.WriteInt32LittleEndian(length, part.Length);
            bytes.AddRange([.. length, .. part]);
        }

        return [.. bytes];
    }

    /// <summary>A key for people: the parts of one with sub-keys stand with slashes between.</summary>
    public static byte[] Show(ReadOnlySpan<byte> entityKey)
    {
        var parts = new List<string>();
        var rest = entityKey;
        while (rest.Length >= sizeof(int))
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(rest);
            if (length < 0 || length > rest.Length - sizeof(int))
            {
                break;
            }

            parts.Add(Encoding.UTF8.GetString(rest.Slice(sizeof(int), length)));
            rest = rest[(sizeof(int) + length)..];
        }

        return parts.Count > 1 && rest.IsEmpty ? Encoding.UTF8.GetBytes(string.Join('/', parts)) : entityKey.ToArray();
    }
}
