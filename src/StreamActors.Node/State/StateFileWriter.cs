using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using StreamActors.Snapshots;

namespace StreamActors.Node.State;

/// <summary>Writes an export (<see cref="StateFile"/>), beside its name until it is whole.</summary>
internal sealed class StateFileWriter : IAsyncDisposable
{
    private readonly string path;
    private readonly FileStream file;
    private bool isWhole;
    private long shardAt;
    private int shards;
    private long keys;
    private long bytes;

    /// <summary>Begins a file; one of that name must not be there.</summary>
    /// <exception cref="RefusedException">It is there, or cannot be written.</exception>
    public StateFileWriter(string path)
    {
        this.path = path;
        if (File.Exists(path))
        {
            throw new RefusedException($"{path} exists, and is not overwritten. Name another file, or move it away.");
        }

        file = StateFile.Open(Unfinished, FileMode.Create, FileAccess.Write);
    }

    private string Unfinished => $"{path}.unfinished";

    /// <summary>The bytes written so far.</summary>
    public long Length => file.Length;

    /// <summary>Writes what the file says of itself.</summary>
    public async Task BeginAsync(FileFrame frame, CancellationToken stop)
    {
        await file.WriteAsync(Encoding.ASCII.GetBytes(StateFile.Magic), stop);
        await WriteAsync(FrameKind.File, frame, FrameJson.Default.FileFrame, stop);
    }

    /// <summary>Begins a shard.</summary>
    public async Task BeginShardAsync(ShardFrame frame, ReadOnlyMemory<byte> head, CancellationToken stop)
    {
        (shardAt, keys, bytes) = (file.Position, 0, head.Length);
        await WriteAsync(FrameKind.Shard, frame, FrameJson.Default.ShardFrame, stop);
        await WriteAsync(FrameKind.Head, head, stop);
    }

    /// <summary>Writes keys of a part, of the shard that was begun.</summary>
    /// <param name="chunk">The keys.</param>
    /// <param name="count">How many.</param>
    /// <param name="stop">Ends the wait.</param>
    public async Task WriteAsync(StateChunk chunk, int count, CancellationToken stop)
    {
        (keys, bytes) = (keys + count, bytes + chunk.Bytes.Length);
        await WriteAsync(FrameKind.Part, Named(chunk.Part, [], chunk.Bytes.Span), stop);
    }

    /// <summary>Writes bytes of a log, of the shard that was begun.</summary>
    public async Task WriteAsync(LogWrite log, CancellationToken stop)
    {
        bytes += log.Bytes.Length;
        var position = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(position, log.Position);
        await WriteAsync(FrameKind.Log, Named(log.Log, position, log.Bytes.Span), stop);
    }

    /// <summary>Ends the shard that was begun.</summary>
    public async Task<EndFrame> EndShardAsync(CancellationToken stop)
    {
        shards++;
        var end = new EndFrame(keys, bytes);
        await WriteAsync(FrameKind.End, end, FrameJson.Default.EndFrame, stop);
        return end;
    }

    /// <summary>Takes back the shard that was begun.</summary>
    public void DropShard()
    {
        file.SetLength(shardAt);
        file.Position = shardAt;
    }

    /// <summary>Ends the file, and gives it its name.</summary>
    public async Task EndAsync(CancellationToken stop)
    {
        await WriteAsync(FrameKind.Last, new LastFrame(shards), FrameJson.Default.LastFrame, stop);
        await file.FlushAsync(stop);
        file.Flush(flushToDisk: true);
        File.Move(Unfinished, path, overwrite: false);
        isWhole = true;
    }

    /// <summary>Closes the file; one that is not whole goes.</summary>
    public async ValueTask DisposeAsync()
    {
        await file.DisposeAsync();
        if (!isWhole)
        {
            File.Delete(Unfinished);
        }
    }

    private static byte[] Named(string name, ReadOnlySpan<byte> between, ReadOnlySpan<byte> content)
    {
        var utf8 = Encoding.UTF8.GetBytes(name);
        var length = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, utf8.Length);
        return [.. length, .. utf8, .. between, .. content];
    }

    private Task WriteAsync<T>(byte kind, T frame, JsonTypeInfo<T> json, CancellationToken stop) =>
        WriteAsync(kind, JsonSerializer.SerializeToUtf8Bytes(frame, json), stop);

    private async Task WriteAsync(byte kind, ReadOnlyMemory<byte> body, CancellationToken stop)
    {
        byte[] checkedBytes = [kind, .. body.Span];
        var prefix = new byte[sizeof(int) + sizeof(uint)];
        BinaryPrimitives.WriteInt32LittleEndian(prefix, body.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(prefix.AsSpan(sizeof(int)), Checksum.Of(checkedBytes));
        await file.WriteAsync(prefix, stop);
        await file.WriteAsync(checkedBytes, stop);
    }
}
