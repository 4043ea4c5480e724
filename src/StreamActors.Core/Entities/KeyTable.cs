namespace StreamActors.Entities;

/// <summary>
/// Keys (bytes) to small dense indexes, so that windows and entities keep their data in arrays. Indexes are given in
/// order from 0; a removed one is given again. Owned by the shard: only its turn calls it.
/// </summary>
/// <remarks>
/// Chained hashing over arrays: 16 bytes and the key's bytes an entry, 4 bytes a bucket, no object per key. The hash is
/// seeded per table, so that no sender of keys can choose colliding ones.
/// </remarks>
/// <param name="seed">The seed of the hash.</param>
internal sealed class KeyTable(ulong seed)
{
    private const int InitialCapacity = 16;

    private int[] buckets = new int[InitialCapacity];
    private Entry[] entries = new Entry[InitialCapacity];
    private byte[] keys = new byte[InitialCapacity * 16];
    private int keysUsed;
    private int keysWasted;
    private int used;
    private int freeList = -1;

    /// <summary>How many keys it holds.</summary>
    public int Count { get; private set; }

    /// <summary>The bytes that the table takes.</summary>
    public long Bytes => (4L * buckets.Length) + (16L * entries.Length) + keys.Length;

    /// <summary>The index of a key; -1 where it is not there.</summary>
    public int Find(ReadOnlySpan<byte> key)
    {
        var hash = Hash(key);
        return Find(key, hash);
    }

    /// <summary>The index of a key, which is added where it is not there.</summary>
    public int GetOrAdd(ReadOnlySpan<byte> key, out bool added)
    {
        var hash = Hash(key);
        var index = Find(key, hash);
        added = index < 0;
        return added ? Add(key, hash) : index;
    }

    /// <summary>The key at an index; valid until a key is added or removed.</summary>
    public ReadOnlyMemory<byte> KeyAt(int index) =>
        keys.AsMemory(entries[index].KeyStart, entries[index].KeyLength);

    /// <summary>The keys with their indexes; valid until a key is added or removed.</summary>
    public IEnumerable<(ReadOnlyMemory<byte> Key, int Index)> All
    {
        get
        {
            for (var index = 0; index < used; index++)
            {
                if (entries[index].KeyLength >= 0)
                {
                    yield return (KeyAt(index), index);
                }
            }
        }
    }

    /// <summary>Removes the key at an index.</summary>
    public void RemoveAt(int index)
    {
        ref var entry = ref entries[index];
        ref var link = ref buckets[Bucket(entry.Hash)];
        while (link - 1 != index)
        {
            link = ref entries[link - 1].Next;
        }

        link = entry.Next;
        keysWasted += entry.KeyLength;
        entry = new Entry { Next = freeList, KeyLength = -1 };
        freeList = index;
        Count--;
        if (keysWasted > Math.Max(keysUsed / 2, 4096))
        {
            CompactKeys();
        }
    }

    /// <summary>Removes all keys and keeps the memory.</summary>
    public void Clear()
    {
        Array.Clear(buckets);
        (Count, used, keysUsed, keysWasted, freeList) = (0, 0, 0, 0, -1);
    }

    private int Find(ReadOnlySpan<byte> key, uint hash)
    {
        var index = buckets[Bucket(hash)] - 1;
        while (index >= 0)
        {
            ref readonly var entry = ref entries[index];
            if (entry.Hash == hash && keys.AsSpan(entry.KeyStart, entry.KeyLength).SequenceEqual(key))
            {
                return index;
            }

            index = entry.Next - 1;
        }

        return -1;
    }

    private int Add(ReadOnlySpan<byte> key, uint hash)
    {
        if (freeList < 0 && used == entries.Length)
        {
            Grow();
        }

        var index = freeList >= 0 ? freeList : used++;
        freeList = index == freeList ? entries[index].Next : freeList;
        if (keysUsed + key.Length > keys.Length)
        {
            Array.Resize(ref keys, Math.Max(keys.Length * 2, keysUsed + key.Length));
        }

        key.CopyTo(keys.AsSpan(keysUsed));
        ref var bucket = ref buckets[Bucket(hash)];
        entries[index] = new Entry { Hash = hash, Next = bucket, KeyStart = keysUsed, KeyLength = key.Length };
        bucket = index + 1;
        keysUsed += key.Length;
        Count++;
        return index;
    }

    private void Grow()
    {
        Array.Resize(ref entries, entries.Length * 2);
        buckets = new int[entries.Length];
        for (var index = 0; index < used; index++)
        {
            ref var bucket = ref buckets[Bucket(entries[index].Hash)];
            entries[index].Next = bucket;
            bucket = index + 1;
        }
    }

    private void CompactKeys()
    {
        var compact = new byte[Math.Max(InitialCapacity * 16, (keysUsed - keysWasted) * 2)];
        var end = 0;
        for (var index = 0; index < used; index++)
        {
            ref var entry = ref entries[index];
            if (entry.KeyLength >= 0)
            {
                keys.AsSpan(entry.KeyStart, entry.KeyLength).CopyTo(compact.AsSpan(end));
                entry.KeyStart = end;
                end += entry.KeyLength;
            }
        }

        (keys, keysUsed, keysWasted) = (compact, end, 0);
    }

    private int Bucket(uint hash) => (int)(hash & (uint)(buckets.Length - 1));

    private uint Hash(ReadOnlySpan<byte> key) => KeyHash.Fold(KeyHash.Of(key, seed));

    private struct Entry
    {
        public uint Hash;
        public int Next;
        public int KeyStart;
        public int KeyLength;
    }
}
