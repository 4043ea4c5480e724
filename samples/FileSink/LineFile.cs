namespace Archiving;

/// <summary>
/// A file of lines, each ended by a line feed. It is open, and locked against others of the machine, while it is
/// written only, so its folder may go away and come back.
/// </summary>
internal static class LineFile
{
    /// <summary>
    /// Appends lines, and returns when they are on the disk. A half line, which a crash or a full disk left at the end,
    /// is cut off first: nobody was told that it is there, and who wrote it writes it again.
    /// </summary>
    /// <returns>What is in the way, with the file and the remedy; null when the lines are written.</returns>
    public static string? TryAppend(string path, ReadOnlySpan<byte> lines, FileOptions options = FileOptions.None)
    {
        try
        {
            using var file = new FileStream(
                path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0, options);
            CutHalfLine(file);
            file.Write(lines);
            file.Flush(flushToDisk: true);
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return $"{path}: {error.Message} The folder must be there, with room, and ours to write to.";
        }
    }

    private static void CutHalfLine(FileStream file)
    {
        var end = file.Length;
        for (; end > 0; end--)
        {
            file.Position = end - 1;
            if (file.ReadByte() == '\n')
            {
                break;
            }
        }

        if (end < file.Length)
        {
            file.SetLength(end);
        }

        file.Position = end;
    }
}
