using System.Text.Json.Serialization;
using StreamActors.Snapshots;

namespace StreamActors.Node.State;

/// <summary>
/// An export of shards, looked through from its first to its last byte. Its form, all numbers little-endian:
/// <code>
/// streamactors-state 1\n          a line of text: what it is, and the version of the form
/// frame, frame, …                 each: length of the body (4 bytes), checksum (4), kind (1), body
/// </code>
/// The checksum is the CRC-32C of kind and body. The kinds, in their order; those from S to E once a shard:
/// <list type="table">
/// <item><term>F</term><description>JSON: the group, when it was exported, by which release.</description></item>
/// <item><term>S</term><description>
/// JSON: the shard's name, its token, the number and the time of its save.
/// </description></item>
/// <item><term>H</term><description>The save's head, the engine's bytes.</description></item>
/// <item><term>P</term><description>
/// Keys of a part: length of its name (4), its name, the keys and values as <see cref="StateChunk"/> has them.
/// </description></item>
/// <item><term>L</term><description>
/// Bytes of a log: length of its name (4), its name, the position of the first byte (8), the bytes.
/// </description></item>
/// <item><term>E</term><description>JSON: how many keys and bytes the shard has.</description></item>
/// <item><term>Z</term><description>JSON: how many shards the file has. Without it, the file is not whole.
/// </description></item>
/// </list>
/// </summary>
internal sealed class StateFile : IDisposable
{
    /// <summary>What a file begins with.</summary>
    public const string Magic = "streamactors-state 1\n";

    // Chunks and logs read from it.
    private readonly FileStream file;

    /// <summary>Takes over what was found in a file.</summary>
    public StateFile(FileStream file, FileFrame first, IReadOnlyList<FileShard> shards)
    {
        this.file = file;
        (Path, Group, ExportedAt, Shards) = (file.Name, first.Group, first.ExportedAt, shards);
    }

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <summary>The group whose shards they are.</summary>
    public string Group { get; }

    /// <summary>When it was written.</summary>
    public DateTimeOffset ExportedAt { get; }

    /// <summary>The shards.</summary>
    public IReadOnlyList<FileShard> Shards { get; }

    /// <summary>Opens a file.</summary>
    /// <exception cref="RefusedException">It cannot be opened.</exception>
    public static FileStream Open(string path, FileMode mode, FileAccess access)
    {
        try
        {
            return new FileStream(path, mode, access, FileShare.Read, bufferSize: 256 * 1024);
        }
        catch (IOException error)
        {
            throw new RefusedException($"{path} cannot be opened: {error.Message}", error);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new RefusedException($"{path} cannot be opened: {error.Message}", error);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();
}

/// <summary>A shard of an export. Its chunks and logs are read from the file when they are looked at.</summary>
internal sealed record FileShard
{
    /// <summary>The shard's name.</summary>
    public required string Shard { get; init; }

    /// <summary>The number that its save had.</summary>
    public required long Save { get; init; }

    /// <summary>When it was saved.</summary>
    public required DateTimeOffset SavedAt { get; init; }

    /// <summary>The save's head as it was stored.</summary>
    public required ReadOnlyMemory<byte> HeadBytes { get; init; }

    /// <summary>The save's head.</summary>
    public required ShardHead Head { get; init; }

    /// <summary>Its keys with their values.</summary>
    public required IReadOnlyList<StateChunk> Chunks { get; init; }

    /// <summary>The bytes of its logs.</summary>
    public required IReadOnlyList<LogWrite> Logs { get; init; }

    /// <summary>How many keys.</summary>
    public required long Keys { get; init; }

    /// <summary>How many bytes, keys and values and logs and all.</summary>
    public required long Bytes { get; init; }

    /// <summary>It as a save that holds everything.</summary>
    public ShardSave ToSave(long number) => new()
    {
        Number = number,
        IsWhole = true,
        Head = HeadBytes,
        Chunks = Chunks,
        Logs = Logs,
    };
}

/// <summary>The kinds of frames.</summary>
internal static class FrameKind
{
    /// <summary>The file.</summary>
    public const byte File = (byte)'F';

    /// <summary>A shard begins.</summary>
    public const byte Shard = (byte)'S';

    /// <summary>Its head.</summary>
    public const byte Head = (byte)'H';

    /// <summary>Keys of a part.</summary>
    public const byte Part = (byte)'P';

    /// <summary>Bytes of a log.</summary>
    public const byte Log = (byte)'L';

    /// <summary>The shard ends.</summary>
    public const byte End = (byte)'E';

    /// <summary>The file ends.</summary>
    public const byte Last = (byte)'Z';
}

/// <summary>What a file says of itself.</summary>
internal sealed record FileFrame(string Group, DateTimeOffset ExportedAt, string Release);

/// <summary>What a file says of a shard in front of it.</summary>
internal sealed record ShardFrame(string Shard, string Token, long Save, DateTimeOffset SavedAt);

/// <summary>What a file says of a shard behind it.</summary>
internal sealed record EndFrame(long Keys, long Bytes);

/// <summary>What a file says at its end.</summary>
internal sealed record LastFrame(int Shards);

/// <summary>Serialises without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(FileFrame))]
[JsonSerializable(typeof(ShardFrame))]
[JsonSerializable(typeof(EndFrame))]
[JsonSerializable(typeof(LastFrame))]
internal sealed partial class FrameJson : JsonSerializerContext;
