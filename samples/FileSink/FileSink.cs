using System.Buffers;
using System.Text;
using StreamActors.Sinks;

namespace Archiving;

/// <summary>
/// Appends each output as a line to the file that its destination names, and acknowledges when the lines are on the
/// disk. A tombstone is an empty line; keys and headers are not written. Refused are a value with a line break in it
/// and a destination that is no plain file name.
/// <para>At least once: after a crash or an outage, lines that were not acknowledged come again.</para>
/// </summary>
/// <param name="folder">Where the files are. One that is missing is not made: its disk may not be mounted.</param>
public sealed class FileSink(string folder) : ISink
{
    private const int LongestName = 255;    // bytes: Linux, Windows and macOS
    private readonly SemaphoreSlim turn = new(1);

    public string Name => Files.Connector;

    public Task DeliverAsync(OutputBatch batch, CancellationToken stop)
    {
        var files = LinesOf(batch);    // the batch is not read behind this line: a disk cannot be told to stop
        return Task.Run(() => AppendAsync(files, stop), stop).WaitAsync(stop);
    }

    public async ValueTask<bool> IsReachableAsync(CancellationToken stop)
    {
        var probe = Path.Combine(folder, $".{Guid.NewGuid():N}");
        return await Task.Run(() => LineFile.TryAppend(probe, "?\n"u8, FileOptions.DeleteOnClose) is null, stop)
            .WaitAsync(stop);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;    // a file is open only while it is written

    private static Dictionary<string, ArrayBufferWriter<byte>> LinesOf(OutputBatch batch)
    {
        var files = new Dictionary<string, ArrayBufferWriter<byte>>();
        for (var index = 0; index < batch.Count; index++)
        {
            ref readonly var output = ref batch.Outputs[index];
            if (WhyNot(output.Destination, batch.Value(in output)) is { } reason)
            {
                batch.Refuse(index, reason);
                continue;
            }

            var lines = files.TryGetValue(output.Destination, out var old) ? old : files[output.Destination] = new();
            lines.Write(batch.Value(in output));
            lines.Write("\n"u8);
        }

        return files;
    }

    private static string? WhyNot(string name, ReadOnlySpan<byte> value) =>
        value.Contains((byte)'\n') ? "has a line break in it"
        : name is "" or "." or ".." || name.AsSpan().ContainsAny(Path.GetInvalidFileNameChars())
            || Encoding.UTF8.GetByteCount(name) > LongestName ? "its destination is no file name"
        : null;

    private async Task AppendAsync(Dictionary<string, ArrayBufferWriter<byte>> files, CancellationToken stop)
    {
        await turn.WaitAsync(stop);
        try
        {
            foreach (var (name, lines) in files)
            {
                if (LineFile.TryAppend(Path.Combine(folder, name), lines.WrittenSpan) is { } problem)
                {
                    throw new SinkException(problem);
                }
            }
        }
        finally
        {
            turn.Release();
        }
    }
}
