using System.Buffers.Binary;
using System.Text;
using StreamActors.Snapshots;

namespace StreamActors.Testing;

/// <summary>Finds the states of entities in the shards of a process.</summary>
internal static class EntityStates
{
    /// <summary>The states of a type under a key, with the names of their kinds.</summary>
    public static IReadOnlyList<(string Entity, TState State)> Find<TState>(
        IEnumerable<IStateful> parts, string key, string[] subKeys)
    {
        var found = new List<(string Entity, TState State)>();
        var entityKey = KeyOf(key, subKeys);
        foreach (var kind in parts.OfType<IEntityStates<TState>>())
        {
            if (kind.TryGet(entityKey, out var state))
            {
                found.Add((kind.Name, state));
            }
        }

        return found;
    }

    /// <summary>An entity's key for people: the parts of one with sub-keys stand with slashes between.</summary>
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

    /// <summary>As the route's runner does it: the key alone, or each part behind its length.</summary>
    private static byte[] KeyOf(string key, string[] subKeys)
    {
        if (subKeys.Length == 0)
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
}
