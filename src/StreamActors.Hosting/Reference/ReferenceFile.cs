using Microsoft.Extensions.Logging;

namespace StreamActors.Hosting;

/// <summary>
/// Data of a file that user code looks things up in, such as zones or prices. The file is read before anything starts,
/// and a mistake in it stops the host. When its time or its length changes, it is read again; a version that cannot be
/// read is refused with an error in the log, and the one before stays. A call takes <see cref="Current"/> once, so that
/// it sees one version.
/// </summary>
/// <typeparam name="T">The data; immutable, because many threads read it.</typeparam>
public sealed partial class ReferenceFile<T> : IReferenceFile
    where T : class
{
    private readonly Func<Stream, T> parse;
    private readonly ILogger log;
    private volatile T? current;

    // Of the poll alone, after the constructor.
    private (DateTime Written, long Length) seen;
    private string? told;

    /// <summary>Reads the file for the first time.</summary>
    internal ReferenceFile(string path, Func<Stream, T> parse, ILogger log)
    {
        (Path, this.parse, this.log) = (path, parse, log);
        if (Read().Error is { } error)
        {
            Mistake = $"The reference file {path} cannot be used: {error.Message}";
        }
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The last version that could be read. Any thread may ask; none waits.</summary>
    /// <exception cref="InvalidOperationException">There is none: the host does not start.</exception>
    public T Current => current ?? throw new InvalidOperationException(Mistake);

    /// <summary>Why the file cannot be used; null when it can.</summary>
    internal string? Mistake { get; }

    string? IReferenceFile.Mistake => Mistake;

    /// <inheritdoc/>
    void IReferenceFile.Refresh()
    {
        var (isNew, error) = Read();
        if (error is null)
        {
            told = null;
            if (isNew)
            {
                Reloaded(Path);
            }
        }
        else if (isNew || told != error.Message)
        {
            told = error.Message;
            Refused(error, Path);
        }
    }

    /// <summary>
    /// Reads the version that is there, unless it is known. The time and the length are those of the open file: where
    /// the path is a link, or a folder of it is one, they are the target's.
    /// </summary>
    private (bool IsNew, Exception? Error) Read()
    {
        var isNew = false;
        try
        {
            using var file = File.OpenRead(Path);
            var version = (File.GetLastWriteTimeUtc(file.SafeFileHandle), file.Length);
            isNew = version != seen;
            if (isNew)
            {
                seen = version;
                current = parse(file);
            }

            return (isNew, null);
        }
        catch (Exception error)
        {
            return (isNew, error);
        }
    }
}
