using StreamActors.Entities;
using StreamActors.Redis;
using StreamActors.Snapshots;

namespace StreamActors.Node.State;

/// <summary>An entity that was found.</summary>
/// <param name="Shard">Where.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Key">Its key.</param>
/// <param name="Entity">What is stored of it.</param>
internal sealed record FoundEntity(StoredShard Shard, string Kind, ReadOnlyMemory<byte> Key, StoredEntity Entity);

/// <summary>
/// Finds entities in shards. Who partitions a topic is its producer's choice, and asking a shard for a key costs a
/// tenth of a millisecond: so every shard is asked, and none is calculated.
/// </summary>
internal sealed class EntitySearch(RedisStateAdmin admin)
{
    private const int Attempts = 10;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>The entities with a key.</summary>
    /// <param name="shards">Where to look.</param>
    /// <param name="kind">Of which kind; null = of all.</param>
    /// <param name="key">The key.</param>
    /// <param name="stop">Ends the wait.</param>
    /// <exception cref="StateStoreException">Redis did not answer.</exception>
    /// <exception cref="SnapshotException">What is stored is damaged.</exception>
    public async Task<IReadOnlyList<FoundEntity>> FindAsync(
        IReadOnlyList<ShardReport> shards, string? kind, ReadOnlyMemory<byte> key, CancellationToken stop)
    {
        var found = new List<FoundEntity>();
        foreach (var shard in shards)
        {
            foreach (var name in shard.Entities.Where(name => kind is null || name == kind))
            {
                var value = await ReadAsync(shard, async current =>
                    (await admin.Read(current).GetAsync(name, [key], stop))[0], stop);
                if (value is { } bytes)
                {
                    found.Add(Open(shard, name, key, bytes));
                }
            }
        }

        return found;
    }

    /// <summary>Some entities of a kind, in no order.</summary>
    /// <exception cref="StateStoreException">Redis did not answer.</exception>
    /// <exception cref="SnapshotException">What is stored is damaged.</exception>
    public async Task<IReadOnlyList<FoundEntity>> SomeAsync(
        ShardReport shard, string kind, int most, CancellationToken stop)
    {
        var page = await ReadAsync(shard, current => admin.Read(current).ScanAsync(kind, "", stop), stop);
        return [.. page.Entries.Take(most).Select(entry => Open(shard, kind, entry.Key, entry.Value))];
    }

    private static FoundEntity Open(
        ShardReport shard, string kind, ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value) =>
        new(shard.Stored, kind, key, StoredEntity.Read(shard.Stored.Shard, kind, key.Span, value.Span));

    /// <summary>A save that comes meanwhile, or is half applied, is over soon.</summary>
    private async Task<T> ReadAsync<T>(
        ShardReport shard, Func<StoredShard, Task<T>> read, CancellationToken stop)
    {
        for (var (attempt, at) = (1, shard.Stored); ; attempt++)
        {
            try
            {
                return await read(at);
            }
            catch (ShardMovedException error) when (attempt == Attempts)
            {
                throw new RefusedException(
                    $"{error.Message} It cannot be read while a save is half applied; look again.", error);
            }
            catch (ShardMovedException)
            {
                await Task.Delay(Pause, TimeProvider.System, stop);
                at = await admin.LookAsync(at.Shard, stop);
            }
        }
    }
}
