using StreamActors.Redis;
using StreamActors.Snapshots;

namespace StreamActors.Node.State;

/// <summary>
/// Writes shards into a file, each as of one save: every answer of Redis is checked to be of the save that the shard's
/// head is of. Where its node saves meanwhile, the shard is begun again.
/// </summary>
/// <param name="admin">Where they are.</param>
/// <param name="writer">The file.</param>
/// <param name="time">The clock.</param>
internal sealed class StateExport(RedisStateAdmin admin, StateFileWriter writer, TimeProvider time)
{
    private const int Attempts = 10;

    // A save that is half applied is whole within some milliseconds, as long as its owner lives.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);

    /// <summary>Writes a shard.</summary>
    /// <returns>What it has; null where nothing of it is saved.</returns>
    /// <exception cref="RefusedException">It cannot be read as of one save.</exception>
    /// <exception cref="StateStoreException">Redis did not answer.</exception>
    public async Task<EndFrame?> WriteAsync(string shard, Action<string> say, CancellationToken stop)
    {
        var first = await admin.LookAsync(shard, stop);
        var found = first;
        for (var attempt = 1; attempt <= Attempts; attempt++)
        {
            if (found.IsForeign)
            {
                throw new RefusedException(
                    $"The shard {shard} has the format {found.Format} of another release: export it with that one.");
            }

            if (!found.HasSave)
            {
                return null;
            }

            if (found.IsSettled)
            {
                try
                {
                    return await WriteAsync(found, say, stop);
                }
                catch (ShardMovedException)
                {
                    writer.DropShard();
                }
            }

            await Task.Delay(Pause, time, stop);
            found = await admin.LookAsync(shard, stop);
        }

        var stands = (found.Current, found.Token, found.Applied) == (first.Current, first.Token, first.Applied);
        throw new RefusedException(stands && !found.IsSettled
            ? $"The last save of the shard {shard} is half applied ({found.Applied} of {found.Staged} pieces), and "
                + $"nobody finishes it: its owner {found.Owner} died. Start a node, which does, and export again."
            : $"The shard {shard} is saved again and again while it is read ({Attempts} attempts), and an export mixes "
                + "no two saves. Stop its node, or raise the pipeline's Timing:CommitInterval, and export again.");
    }

    private async Task<EndFrame> WriteAsync(StoredShard shard, Action<string> say, CancellationToken stop)
    {
        ShardHead head;
        try
        {
            head = ShardHead.Read(shard.Shard, shard.Head.Span);
        }
        catch (SnapshotException error)
        {
            throw new RefusedException($"{error.Message} What cannot be read is not exported.", error);
        }

        var reader = admin.Read(shard);
        var frame = new ShardFrame(
            shard.Shard, shard.Token, shard.Current.Number, shard.SavedAt ?? DateTimeOffset.UnixEpoch);
        await writer.BeginShardAsync(frame, shard.Head, stop);
        foreach (var part in head.Parts)
        {
            if (part.IsKeyed)
            {
                await WriteKeysAsync(reader, part.Name, Say, stop);
            }

            if (part.Log is { } log)
            {
                await WriteLogAsync(reader, part.Name, log, stop);
            }
        }

        return await writer.EndShardAsync(stop);

        void Say() => say($"{shard.Name}: {writer.Length / 1_000_000:N0} MB written");
    }

    private async Task WriteKeysAsync(RedisShardReader reader, string part, Action say, CancellationToken stop)
    {
        var chunks = new StateChunkWriter();
        var cursor = "";
        do
        {
            var page = await reader.ScanAsync(part, cursor, stop);
            chunks.Begin(part);
            foreach (var (key, value) in page.Entries)
            {
                chunks.Put(key.Span, value.Span);
            }

            var count = chunks.Keys;
            foreach (var chunk in chunks.TakeAll())
            {
                await writer.WriteAsync(chunk, count, stop);
                count = 0;
            }

            say();
            cursor = page.Cursor;
        }
        while (cursor.Length > 0);
    }

    private async Task WriteLogAsync(RedisShardReader reader, string log, LogRange range, CancellationToken stop)
    {
        for (var from = range.From; from < range.To;)
        {
            var to = Math.Min((from / StateChunk.Size + 1) * StateChunk.Size, range.To);
            await writer.WriteAsync(new LogWrite(log, from, await reader.ReadLogAsync(log, from, to, stop)), stop);
            from = to;
        }
    }
}
