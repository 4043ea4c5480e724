using System.Buffers;

namespace StreamActors.Sinks;

/// <summary>The bytes of an <see cref="OutputBatch"/>, in one pooled array that grows.</summary>
internal sealed class OutputArena : IBufferWriter<byte>, IDisposable
{
    private const int Initial = 16 * 1024;

    private byte[] arena = ArrayPool<byte>.Shared.Rent(Initial);

    /// <summary>How many bytes were written. Setting it back forgets those behind.</summary>
    public int Used { get; set; }

    /// <summary>Bytes that were written.</summary>
    public ReadOnlySpan<byte> Bytes(int start, int length) => arena.AsSpan(start, length);

    /// <inheritdoc/>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)(arena.Length - Used));
        Used += count;
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        EnsureRoom(sizeHint);
        return arena.AsMemory(Used);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        EnsureRoom(sizeHint);
        return arena.AsSpan(Used);
    }

    /// <summary>Gives the array back to the pool.</summary>
    public void Dispose()
    {
        if (arena.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(arena);
            arena = [];
        }
    }

    private void EnsureRoom(int sizeHint)
    {
        var needed = Math.Max(sizeHint, 1);
        if (needed <= arena.Length - Used)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(arena.Length * 2, Used + needed));
        arena.AsSpan(0, Used).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(arena);
        arena = larger;
    }
}
