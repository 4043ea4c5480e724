using StreamActors.Shards;

namespace StreamActors.Entities;

/// <summary>
/// Keys that may be somewhere: 32 bits of each, so that a million take 7 MB at most. A key that is not among them is
/// certainly not there; of those that were never added, one in 4,300 seems to be when a million are. Equal fingerprints
/// stand there as often as they were added, so that to remove a key that was added takes away no other.
/// <para>Owned by the shard: only its turn calls it.</para>
/// </summary>
/// <remarks>
/// Open addressing with linear probing, between 3/8 and 7/8 full; where a fingerprint belongs follows from itself
/// alone, so the table grows, and closes gaps, without the keys.
/// </remarks>
/// <param name="seed">The seed of the hash.</param>
internal sealed class KeyFingerprints(ulong seed)
{
    /// <summary>The bytes that a key takes at most.</summary>
    public const int BytesPerKey = 7;

    private const int InitialCapacity = 16;
    private const uint Empty = 0;

    private uint[] slots = new uint[InitialCapacity];

    /// <summary>How many were added and not removed.</summary>
    public int Count { get; private set; }

    /// <summary>The bytes that it takes.</summary>
    public long Bytes => (long)sizeof(uint) * slots.Length;

    /// <summary>Adds a key.</summary>
    public void Add(ReadOnlySpan<byte> key)
    {
        if (Count >= slots.Length / 8 * 7)
        {
            Resize(slots.Length / 2 * 3);
        }

        Put(Of(key));
        Count++;
    }

    /// <summary>Whether a key may have been added.</summary>
    public bool Contains(ReadOnlySpan<byte> key) => Count > 0 && slots[Find(Of(key))] != Empty;

    /// <summary>Removes a key that was added.</summary>
    public void Remove(ReadOnlySpan<byte> key)
    {
        var gap = Find(Of(key));
        if (slots[gap] == Empty)
        {
            throw new EngineDefectException("A key is removed whose fingerprint was not added.");
        }

        Close(gap);
        Count--;
        if (slots.Length > InitialCapacity && Count < slots.Length / 8 * 3)
        {
            Resize(Math.Max(InitialCapacity, slots.Length / 3 * 2));
        }
    }

    /// <summary>What stands behind a gap moves up, but for what would stand in front of its place.</summary>
    private void Close(int gap)
    {
        for (var at = Next(gap); slots[at] != Empty; at = Next(at))
        {
            var home = Home(slots[at]);
            if (gap <= at ? home <= gap || home > at : home <= gap && home > at)
            {
                slots[gap] = slots[at];
                gap = at;
            }
        }

        slots[gap] = Empty;
    }

    private void Resize(int capacity)
    {
        var old = slots;
        slots = new uint[capacity / 8 * 8];
        foreach (var fingerprint in old)
        {
            if (fingerprint != Empty)
            {
                Put(fingerprint);
            }
        }
    }

    private void Put(uint fingerprint)
    {
        var at = Home(fingerprint);
        while (slots[at] != Empty)
        {
            at = Next(at);
        }

        slots[at] = fingerprint;
    }

    /// <returns>Where the fingerprint stands, or the empty place where it would.</returns>
    private int Find(uint fingerprint)
    {
        var at = Home(fingerprint);
        while (slots[at] != Empty && slots[at] != fingerprint)
        {
            at = Next(at);
        }

        return at;
    }

    private uint Of(ReadOnlySpan<byte> key) => Math.Max(KeyHash.Fold(KeyHash.Of(key, seed)), 1);

    private int Home(uint fingerprint) => (int)(((ulong)fingerprint * (ulong)slots.Length) >> 32);

    private int Next(int at) => at + 1 == slots.Length ? 0 : at + 1;
}
