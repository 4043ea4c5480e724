using System.Buffers;
using Microsoft.Win32.SafeHandles;
using StreamActors.Snapshots;

namespace StreamActors.Node.State;

/// <summary>
/// Bytes of a file that are read when somebody looks at them, and by everyone again: so a save that is as large as the
/// file takes no memory.
/// </summary>
/// <param name="file">The file.</param>
/// <param name="at">Where they begin.</param>
/// <param name="length">How many they are.</param>
/// <param name="checksum">That of the bytes, when they were found to be right.</param>
internal sealed class FileSlice(SafeFileHandle file, long at, int length, uint checksum) : MemoryManager<byte>
{
    /// <inheritdoc/>
    public override Memory<byte> Memory => CreateMemory(length);

    /// <inheritdoc/>
    /// <exception cref="IOException">The file has changed since it was looked through.</exception>
    public override Span<byte> GetSpan()
    {
        var bytes = new byte[length];
        var read = 0;
        while (read < length && RandomAccess.Read(file, bytes.AsSpan(read), at + read) is var more and > 0)
        {
            read += more;
        }

        return read == length && Checksum.Of(bytes) == checksum
            ? bytes
            : throw new IOException($"The file was changed while it was read, at byte {at}.");
    }

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Unpin()
    {
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
    }
}
