using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace StreamActors.Dedup;

/// <summary>Tells whether an <see cref="IdLog"/> holds an id.</summary>
/// <remarks>
/// Buckets of one cache line: 15 entries, each the low bits of a position below bits of its id's hash, and a header,
/// which is the newest entry that found no place here and went on to the next bucket. So an id that is not there costs
/// one cache miss. An entry counts while the log holds its position: ids that expire need not be taken out, their
/// entries are free. Entries tell apart twice as many positions as there are words, and a sweep clears each bucket
/// before a position's low bits come again.
/// </remarks>
internal sealed class IdIndex
{
    private const int Words = 16;
    private const int EntriesPerBucket = Words - 1;
    private const int BucketsPerPage = Page.Bytes / (Words * sizeof(uint));
    private const double MaxLoad = 0.8;

    private readonly IdLog log;
    private readonly ulong seed;
    private readonly Page[] pages;
    private readonly int buckets;
    private readonly uint positions;
    private int swept;
    private bool hasRemoved;

    /// <summary>Makes an empty index.</summary>
    /// <param name="log">The log.</param>
    /// <param name="seed">Makes hashes that nobody outside can foretell.</param>
    /// <param name="pages">The memory to use.</param>
    public IdIndex(IdLog log, ulong seed, params Page[] pages)
    {
        this.log = log;
        this.seed = seed;
        this.pages = pages;
        buckets = pages.Length * BucketsPerPage;
        positions = (BitOperations.RoundUpToPowerOf2((uint)buckets * Words) * 2) - 1;
        foreach (var page in pages)
        {
            page.As<uint>().Clear();
        }
    }

    /// <summary>How many ids it has room for.</summary>
    public int Capacity => (int)(buckets * EntriesPerBucket * MaxLoad);

    /// <summary>Its memory.</summary>
    public ReadOnlySpan<Page> Pages => pages;

    /// <summary>Notes that the log's next id will be this one.</summary>
    /// <returns>False, and nothing noted, if the log holds it already.</returns>
    public bool TryAdd(UInt128 id)
    {
        var hash = Hash(id);
        if (!Unsafe.IsNullRef(ref Find(id, hash)))
        {
            return false;
        }

        if (log.Next % Words == 0)
        {
            SweepNext();
        }

        Insert(EntryOf(hash, log.Next), hash);
        return true;
    }

    /// <summary>Forgets an id.</summary>
    /// <returns>The position by which it was known; -1 where it was not.</returns>
    public long Remove(UInt128 id)
    {
        ref var entry = ref Find(id, Hash(id));
        if (Unsafe.IsNullRef(ref entry))
        {
            return -1;
        }

        var position = PositionOf(entry);
        entry = 0;
        hasRemoved = true;
        return position;
    }

    /// <summary>Notes that the log's next id is not known: it was removed before a snapshot was made.</summary>
    public void SkipOne()
    {
        hasRemoved = true;
        if (log.Next % Words == 0)
        {
            SweepNext();
        }
    }

    /// <summary>Makes an index with other memory that knows the same ids.</summary>
    public IdIndex CopyTo(Page[] memory)
    {
        var copy = new IdIndex(log, seed, memory) { hasRemoved = hasRemoved && log.Count > 0 };
        for (var position = log.First; position < log.Next; position++)
        {
            // An id that was removed is in the log still, but not here.
            var hash = Hash(log[position]);
            if (!hasRemoved || IsAt(position, hash))
            {
                copy.Insert(copy.EntryOf(hash, position), hash);
            }
        }

        return copy;
    }

    private ulong Hash(UInt128 id)
    {
        var mixed = ((ulong)id ^ seed) * 0x9E3779B97F4A7C15;
        mixed = (mixed ^ (mixed >> 32) ^ (ulong)(id >> 64)) * 0xD6E8FEB86659FD93;
        return (mixed ^ (mixed >> 32)) * 0xD6E8FEB86659FD93;
    }

    private int Home(ulong hash) => (int)Math.BigMul(hash, (ulong)buckets, out _);

    private int After(int bucket) => bucket + 1 == buckets ? 0 : bucket + 1;

    private Span<uint> WordsOf(int bucket) =>
        pages[bucket / BucketsPerPage].As<uint>().Slice(bucket % BucketsPerPage * Words, Words);

    /// <summary>Never zero, which is a free entry.</summary>
    private uint EntryOf(ulong hash, long position) =>
        ((uint)hash & ~positions) | (positions + 1) | ((uint)position & positions);

    private uint AgeOf(uint entry) => (uint)(log.Next - 1 - entry) & positions;

    private long PositionOf(uint entry) => log.Next - 1 - AgeOf(entry);

    private bool IsLive(uint entry) => entry != 0 && AgeOf(entry) < log.Count;

    private bool IsAt(long position, ulong hash)
    {
        ref var entry = ref Find(log[position], hash);
        return !Unsafe.IsNullRef(ref entry) && PositionOf(entry) == position;
    }

    /// <summary>The entry of an id; a null reference where the log does not hold the id.</summary>
    private ref uint Find(UInt128 id, ulong hash)
    {
        var wanted = EntryOf(hash, 0);
        var bucket = Home(hash);
        while (true)
        {
            var words = WordsOf(bucket);
            var alike = Alike(words, wanted) & ~1u;
            while (alike != 0)
            {
                ref var entry = ref words[BitOperations.TrailingZeroCount(alike)];
                if (IsLive(entry) && log[PositionOf(entry)] == id)
                {
                    return ref entry;
                }

                alike &= alike - 1;
            }

            if (!IsLive(words[0]))
            {
                return ref Unsafe.NullRef<uint>();
            }

            bucket = After(bucket);
        }
    }

    private void Insert(uint entry, ulong hash)
    {
        var bucket = Home(hash);
        while (true)
        {
            var words = WordsOf(bucket);
            var free = ~Live(words) & 0xFFFEu;
            if (free != 0)
            {
                words[BitOperations.TrailingZeroCount(free)] = entry;
                return;
            }

            words[0] = entry;
            bucket = After(bucket);
        }
    }

    private void SweepNext()
    {
        swept = After(swept);
        var words = WordsOf(swept);
        var live = Live(words);
        for (var i = 0; i < Words; i++)
        {
            words[i] = ((live >> i) & 1) == 0 ? 0 : words[i];
        }
    }

    /// <summary>A bit for each word that is as an entry in all that comes from the hash.</summary>
    private uint Alike(ReadOnlySpan<uint> words, uint entry)
    {
        var wanted = Vector256.Create(entry & ~positions);
        var mask = Vector256.Create(~positions);
        var low = Vector256.Equals(Vector256.Create(words) & mask, wanted);
        var high = Vector256.Equals(Vector256.Create(words[8..]) & mask, wanted);
        return low.ExtractMostSignificantBits() | (high.ExtractMostSignificantBits() << 8);
    }

    /// <summary>A bit for each word that is an entry whose position the log holds.</summary>
    private uint Live(ReadOnlySpan<uint> words) => LiveHalf(words) | (LiveHalf(words[8..]) << 8);

    private uint LiveHalf(ReadOnlySpan<uint> words)
    {
        var entries = Vector256.Create(words);
        var ages = (Vector256.Create((uint)(log.Next - 1)) - entries) & Vector256.Create(positions);
        var held = Vector256.LessThan(ages, Vector256.Create((uint)log.Count));
        return Vector256.AndNot(held, Vector256.Equals(entries, Vector256<uint>.Zero)).ExtractMostSignificantBits();
    }
}
