using StreamActors.Entities;
using StreamActors.Redis;
using StreamActors.Snapshots;

namespace StreamActors.Node.State;

/// <summary>A shard's state, as an operator wants to see it.</summary>
/// <param name="Stored">What Redis says of it.</param>
/// <param name="Head">What the engine saved of it; null where nothing is saved, or it cannot be read.</param>
/// <param name="Trouble">Why it cannot be read; null where it can.</param>
/// <param name="Parts">What its parts take.</param>
internal sealed record ShardReport(
    StoredShard Stored, ShardHead? Head, string? Trouble, IReadOnlyList<StoredPartSize> Parts)
{
    /// <summary>What Redis spends on it, in bytes.</summary>
    public required long Memory { get; init; }

    /// <summary>Whether there is nothing of it but its head: a deletion left it, or its owner has not saved.</summary>
    public required bool IsEmpty { get; init; }

    /// <summary>All keys.</summary>
    public long Keys => Parts.Sum(static part => part.Keys ?? 0);

    /// <summary>The bytes of all logs.</summary>
    public long LogBytes => Parts.Sum(static part => part.LogBytes ?? 0);

    /// <summary>The kinds of entities: each has a part for the records that wait for its states.</summary>
    public IEnumerable<string> Entities => Parts
        .Where(part => Parts.Any(other => other.Name == AwayEntities.PartOf(part.Name)))
        .Select(static part => part.Name);
}

/// <summary>Finds the shards of a Redis, and reads what there is to know of them. It changes nothing.</summary>
internal sealed class StateInventory(RedisStateAdmin admin)
{
    /// <summary>The shards of a group, or of all.</summary>
    /// <param name="group">The group; empty = all.</param>
    /// <param name="which">Of these, those that are asked for.</param>
    /// <param name="say">Hears how far it has come.</param>
    /// <param name="stop">Ends the wait.</param>
    /// <exception cref="StateStoreException">Redis did not answer.</exception>
    public async Task<IReadOnlyList<StoredShard>> FindAsync(
        string group, ShardChoice which, Action<string>? say, CancellationToken stop)
    {
        var names = await admin.ShardsAsync(
            (seen, all) => say?.Invoke($"{seen:N0} of {all:N0} keys of Redis looked at"), stop);
        return await admin.LookAsync(
            [.. names.Where(name => new StoredShard(name) is var shard
                && (group.Length == 0 || shard.Group == group) && which.Takes(shard))],
            stop);
    }

    /// <summary>All that there is to know of shards.</summary>
    /// <exception cref="StateStoreException">Redis did not answer.</exception>
    public async Task<IReadOnlyList<ShardReport>> ReportAsync(
        IReadOnlyList<StoredShard> shards, Action<string>? say, CancellationToken stop)
    {
        var reports = new List<ShardReport>(shards.Count);
        foreach (var shard in shards)
        {
            say?.Invoke($"{reports.Count} of {shards.Count} shards measured");
            reports.Add(await ReportAsync(shard, stop));
        }

        return reports;
    }

    /// <inheritdoc cref="ReportAsync(IReadOnlyList{StoredShard}, Action{string}, CancellationToken)"/>
    public async Task<ShardReport> ReportAsync(StoredShard shard, CancellationToken stop)
    {
        var (head, trouble) = Open(shard);
        var parts = head is null ? [] : await admin.SizesAsync(shard, head.Parts, stop);
        var (names, memory) = await admin.MeasureAsync(shard, stop);
        return new ShardReport(shard, head, trouble, parts)
        {
            Memory = memory,
            IsEmpty = !shard.HasSave && names == 0,
        };
    }

    private static (ShardHead? Head, string? Trouble) Open(StoredShard shard)
    {
        if (shard.IsForeign)
        {
            return (null, $"It has the format {shard.Format} of another release: use that one's program.");
        }

        if (!shard.HasSave)
        {
            return (null, null);
        }

        try
        {
            return (ShardHead.Read(shard.Shard, shard.Head.Span), null);
        }
        catch (SnapshotException error)
        {
            return (null, error.Message);
        }
    }
}
