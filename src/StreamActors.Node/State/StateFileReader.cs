using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Win32.SafeHandles;
using StreamActors.Snapshots;

namespace StreamActors.Node.State;

/// <summary>
/// Looks through an export (<see cref="StateFile"/>) before anything is done with it: every checksum, the order of the
/// frames, each shard's head, its counts, and that the file is whole.
/// </summary>
internal sealed class StateFileReader
{
    // The largest is a head; a chunk has 8.3 MB at most.
    private const int MaxBody = 64 * 1024 * 1024;
    private const int Prefix = sizeof(int) + sizeof(uint) + 1;

    private readonly string path;
    private readonly FileStream file;
    private readonly SafeFileHandle handle;
    private readonly List<FileShard> shards = [];
    private readonly List<StateChunk> chunks = [];
    private readonly List<LogWrite> logs = [];
    private long keys;
    private long frameAt;

    private StateFileReader(string path, FileStream file) =>
        (this.path, this.file, handle) = (path, file, file.SafeFileHandle);

    /// <summary>Reads a file to its end.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="progress">Hears how many bytes of how many were read.</param>
    /// <param name="stop">Ends it.</param>
    /// <exception cref="RefusedException">It cannot be read, or is not right; the message says why.</exception>
    public static async Task<StateFile> ReadAsync(
        string path, Action<long, long> progress, CancellationToken stop)
    {
        var opened = StateFile.Open(path, FileMode.Open, FileAccess.Read);
        StateFile? whole = null;
        try
        {
            return whole = await new StateFileReader(path, opened).ReadAllAsync(progress, stop);
        }
        finally
        {
            if (whole is null)
            {
                await opened.DisposeAsync();
            }
        }
    }

    private async Task<StateFile> ReadAllAsync(Action<long, long> progress, CancellationToken stop)
    {
        var magic = await ReadBytesAsync(StateFile.Magic.Length, stop);
        if (!magic.AsSpan().SequenceEqual(Encoding.ASCII.GetBytes(StateFile.Magic)))
        {
            throw new RefusedException(
                $"{path} is no export of state that this program knows: it does not begin with "
                + $"\"{StateFile.Magic.TrimEnd()}\". Name a file of streamactors state export.");
        }

        var first = Parse(await ReadFrameAsync(FrameKind.File, stop), FrameJson.Default.FileFrame);
        while (await ReadFrameAsync(stop) is var (kind, body))
        {
            if (kind == FrameKind.Last)
            {
                var last = Parse(body, FrameJson.Default.LastFrame);
                Require(last.Shards == shards.Count && file.Position == file.Length, "its end does not fit");
                return new StateFile(file, first, shards);
            }

            Require(kind == FrameKind.Shard, "a shard should begin");
            await ReadShardAsync(Parse(body, FrameJson.Default.ShardFrame), progress, stop);
        }

        throw Damaged("it ends too early: it was cut");
    }

    private async Task ReadShardAsync(ShardFrame shard, Action<long, long> progress, CancellationToken stop)
    {
        chunks.Clear();
        logs.Clear();
        keys = 0;
        var bytes = await ReadFrameAsync(FrameKind.Head, stop);
        var head = HeadOf(shard.Shard, bytes);
        while (await ReadFrameAsync(stop) is var (kind, body))
        {
            progress(file.Position, file.Length);
            switch (kind)
            {
                case FrameKind.Part:
                    TakeChunk(body);
                    break;
                case FrameKind.Log:
                    TakeLog(body);
                    break;
                case FrameKind.End:
                    var end = Parse(body, FrameJson.Default.EndFrame);
                    Require(end.Keys == keys, $"{shard.Shard} has {keys} keys, and should have {end.Keys}");
                    shards.Add(new FileShard
                    {
                        Shard = shard.Shard,
                        Save = shard.Save,
                        SavedAt = shard.SavedAt,
                        HeadBytes = bytes,
                        Head = head,
                        Chunks = [.. chunks],
                        Logs = [.. logs],
                        Keys = end.Keys,
                        Bytes = end.Bytes,
                    });
                    return;
                default:
                    throw Damaged($"{shard.Shard} should go on");
            }
        }

        throw Damaged("it ends too early: it was cut");
    }

    private ShardHead HeadOf(string shard, byte[] bytes)
    {
        try
        {
            return ShardHead.Read(shard, bytes);
        }
        catch (SnapshotException error)
        {
            throw new RefusedException($"{path} cannot be used: {error.Message}", error);
        }
    }

    private void TakeChunk(byte[] body)
    {
        var (name, at) = NameOf(body);
        chunks.Add(new StateChunk(name, SliceOf(body, at)));
        for (ReadOnlySpan<byte> rest = body.AsSpan(at); !rest.IsEmpty; keys++)
        {
            rest = Behind(Behind(rest));
        }
    }

    private void TakeLog(byte[] body)
    {
        var (name, at) = NameOf(body);
        Require(body.Length >= at + sizeof(long), "a log has no position");
        logs.Add(new LogWrite(
            name, BinaryPrimitives.ReadInt64LittleEndian(body.AsSpan(at)), SliceOf(body, at + sizeof(long))));
    }

    private Memory<byte> SliceOf(byte[] body, int at) => new FileSlice(
        handle, frameAt + Prefix + at, body.Length - at, Checksum.Of(body.AsSpan(at))).Memory;

    private (string Name, int End) NameOf(byte[] body)
    {
        var rest = Behind(body);
        var end = body.Length - rest.Length;
        return (Encoding.UTF8.GetString(body.AsSpan(sizeof(int)..end)), end);
    }

    /// <summary>What follows bytes that stand behind their length.</summary>
    private ReadOnlySpan<byte> Behind(ReadOnlySpan<byte> from)
    {
        Require(from.Length >= sizeof(int), "a length is missing");
        var length = BinaryPrimitives.ReadInt32LittleEndian(from);
        Require(length >= 0 && length <= from.Length - sizeof(int), "a length is too large");
        return from[(sizeof(int) + length)..];
    }

    private async Task<byte[]> ReadFrameAsync(byte expected, CancellationToken stop)
    {
        var frame = await ReadFrameAsync(stop);
        Require(frame?.Kind == expected, $"a frame {(char)expected} is missing");
        return frame!.Value.Body;
    }

    /// <returns>The frame; null at the end of the file.</returns>
    private async Task<(byte Kind, byte[] Body)?> ReadFrameAsync(CancellationToken stop)
    {
        frameAt = file.Position;
        if (frameAt == file.Length)
        {
            return null;
        }

        var prefix = await ReadBytesAsync(Prefix - 1, stop);
        var length = BinaryPrimitives.ReadInt32LittleEndian(prefix);
        Require(length is >= 0 and <= MaxBody, $"a frame claims to have {length} bytes");
        var bytes = await ReadBytesAsync(1 + length, stop);
        Require(
            BinaryPrimitives.ReadUInt32LittleEndian(prefix.AsSpan(sizeof(int))) == Checksum.Of(bytes),
            $"the checksum of the {length} bytes there is another");
        return (bytes[0], bytes[1..]);
    }

    private async Task<byte[]> ReadBytesAsync(int count, CancellationToken stop)
    {
        var bytes = new byte[count];
        return await file.ReadAtLeastAsync(bytes, count, throwOnEndOfStream: false, stop) == count
            ? bytes
            : throw Damaged("it ends too early: it was cut");
    }

    private T Parse<T>(byte[] body, JsonTypeInfo<T> json)
    {
        try
        {
            return JsonSerializer.Deserialize(body, json) ?? throw Damaged("a frame is empty");
        }
        catch (JsonException error)
        {
            throw Damaged($"a frame is no JSON ({error.Message})");
        }
    }

    private void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw Damaged(otherwise);
        }
    }

    private RefusedException Damaged(string why) => new(
        $"{path} is damaged at byte {frameAt}: {why}. Nothing of it was used. Take another copy, or export again.");
}
