using System.Runtime.InteropServices;

namespace StreamActors.Dedup;

/// <summary>16 KB of memory that the collector neither moves nor clears, beginning at a cache line.</summary>
internal sealed class Page
{
    /// <summary>The size of a page.</summary>
    public const int Bytes = 16 * 1024;

    private const int CacheLine = 64;

    private readonly byte[] memory = GC.AllocateUninitializedArray<byte>(Bytes + CacheLine, pinned: true);
    private readonly int start;

    /// <summary>Makes a page; its content is whatever was there.</summary>
    public Page() => start = (int)(-Marshal.UnsafeAddrOfPinnedArrayElement(memory, 0) & (CacheLine - 1));

    /// <summary>The page as values of a type.</summary>
    public Span<T> As<T>()
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(memory.AsSpan(start, Bytes));
}
