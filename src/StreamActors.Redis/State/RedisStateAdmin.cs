using System.Globalization;
using StreamActors.Snapshots;

namespace StreamActors.Redis;

/// <summary>
/// The state in a Redis for its operator: looks at it without claiming anything, and changes it by claims alone, so
/// that whoever owned a shard before saves nothing over it.
/// </summary>
internal sealed class RedisStateAdmin : IAsyncDisposable
{
    // Redis looks at so many keys for each question of a scan: some 0.2 ms.
    private const int ScanKeys = 1000;

    private static readonly string[] Fields =
    [
        "format", "token", "generation", "owner", "claimed", "save", "number", "base", "saved", "staged", "applied",
        "head",
    ];

    private readonly RedisLink link;
    private readonly StateCalls calls;

    /// <summary>Makes it; it connects with the first question.</summary>
    public RedisStateAdmin(RedisOptions options, TimeProvider time)
    {
        link = new RedisLink(options, time);
        calls = new StateCalls(options, link);
    }

    /// <summary>The names of all shards of which there is any key, in order.</summary>
    /// <param name="progress">Hears how many keys of how many were looked at.</param>
    /// <param name="stop">Ends the wait.</param>
    /// <exception cref="StateStoreException">Redis did not answer.</exception>
    public async Task<IReadOnlyList<string>> ShardsAsync(Action<long, long>? progress, CancellationToken stop)
    {
        using var size = new RedisCommand("DBSIZE");
        var (all, seen, cursor) = ((await calls.SendAsync(size, stop)).Number, 0L, "0");
        var found = new SortedSet<string>(ShardOrder.Instance);
        do
        {
            using var ask = new RedisCommand("SCAN").Add(cursor)
                .Add("MATCH").Add($"{StateKeys.Beginning}*").Add("COUNT").Add(ScanKeys);
            var page = (await calls.SendAsync(ask, stop)).Items!;
            found.UnionWith(page[1].Items!.Select(static key => StateKeys.ShardOf(key.Text)).OfType<string>());
            cursor = page[0].Text;
            seen = Math.Min(seen + ScanKeys, all);
            progress?.Invoke(seen, all);
        }
        while (cursor != "0");
        return [.. found];
    }

    /// <summary>What Redis says of shards now.</summary>
    /// <exception cref="StateStoreException">Redis did not answer.</exception>
    public async Task<IReadOnlyList<StoredShard>> LookAsync(IReadOnlyList<string> shards, CancellationToken stop)
    {
        var found = new StoredShard[shards.Count];
        await StateCalls.InParallelAsync(
            Enumerable.Range(0, shards.Count),
            async (at, end) => found[at] = await LookAsync(shards[at], end),
            stop);
        return found;
    }

    /// <inheritdoc cref="LookAsync(IReadOnlyList{string}, CancellationToken)"/>
    public async Task<StoredShard> LookAsync(string shard, CancellationToken stop)
    {
        using var ask = new RedisCommand("HMGET").Add(new StateKeys(shard).Head);
        foreach (var field in Fields)
        {
            ask.Add(field);
        }

        var head = (await calls.SendAsync(ask, stop)).Items!;
        var found = new StoredShard(shard) { Format = head[0].Text };
        return found.Format != $"{RedisStateStore.Format}" ? found : found with
        {
            Token = head[1].Text,
            Generation = head[2].Number,
            Owner = head[3].Text,
            ClaimedAt = TimeOf(head[4]),
            Current = new SavePosition(head[5].Text, head[6].Number, head[7].Text),
            SavedAt = TimeOf(head[8]),
            Staged = head[9].Number,
            Applied = head[10].Number,
            Head = head[11].Bytes,
        };
    }

    /// <summary>The parts of a shard, as far as Redis has them: their keys, and the bytes of their logs.</summary>
    /// <exception cref="StateStoreException">Redis did not answer.</exception>
    public async Task<IReadOnlyList<StoredPartSize>> SizesAsync(
        StoredShard shard, IReadOnlyList<SavedPart> parts, CancellationToken stop)
    {
        var keys = new StateKeys(shard.Shard);
        var sizes = new List<StoredPartSize>(parts.Count);
        foreach (var part in parts)
        {
            long? count = null;
            if (part.IsKeyed)
            {
                using var ask = new RedisCommand("HLEN").Add(keys.Of(StateKeys.Part(shard.Current.Base, part.Name)));
                count = (await calls.SendAsync(ask, stop)).Number;
            }

            sizes.Add(new StoredPartSize(part.Name, count, part.Log is { } log ? log.To - log.From : null));
        }

        return sizes;
    }

    /// <summary>How many parts and blocks of logs a shard has, and what Redis spends on them, it says.</summary>
    /// <exception cref="StateStoreException">Redis did not answer.</exception>
    public async Task<(int Names, long Memory)> MeasureAsync(StoredShard shard, CancellationToken stop)
    {
        var keys = new StateKeys(shard.Shard);
        using var list = new RedisCommand("SMEMBERS").Add(keys.Names);
        var names = (await calls.SendAsync(list, stop)).Items!;
        var bytes = 0L;
        foreach (var key in names.Select(name => keys.Of(name.Text)).Prepend(keys.Names).Prepend(keys.Head))
        {
            using var ask = new RedisCommand("MEMORY").Add("USAGE").Add(key);
            var usage = await calls.SendAsync(ask, stop);
            bytes += usage.Bytes is null ? 0 : usage.Number;    // it may be gone by now
        }

        return (names.Count, bytes);
    }

    /// <summary>Reads a shard as of the save that was found, and fails once another is current.</summary>
    public RedisShardReader Read(StoredShard shard) => new(
        calls,
        new StateKeys(shard.Shard),
        long.Parse(shard.Token, CultureInfo.InvariantCulture),
        () => shard.Current,
        (_, _) => throw new ShardMovedException($"The shard {shard.Shard} was saved or claimed meanwhile."));

    /// <summary>
    /// Becomes the owner of a shard, so that no earlier one saves any more. The generation stays what it is: a member
    /// that the group has left behind is refused as before.
    /// </summary>
    /// <returns>The shard; null where a member of a later generation has claimed it since.</returns>
    /// <exception cref="SnapshotException">The state is of another format.</exception>
    /// <exception cref="StateStoreException">Redis did not answer.</exception>
    public async Task<ClaimedShard?> ClaimAsync(StoredShard shard, CancellationToken stop)
    {
        var keys = new StateKeys(shard.Shard);
        var (isClaimed, items) = await calls.ClaimAsync(keys, shard.Generation, force: false, stop);
        return isClaimed ? new ClaimedShard(calls, keys, items) : null;
    }

    /// <summary>Closes the connection.</summary>
    public ValueTask DisposeAsync() => link.DisposeAsync();

    private static DateTimeOffset? TimeOf(Reply seconds) =>
        seconds.Bytes is null ? null : DateTimeOffset.FromUnixTimeSeconds(seconds.Number);

    /// <summary>By name, and by number within a name.</summary>
    private sealed class ShardOrder : IComparer<string>
    {
        public static readonly ShardOrder Instance = new();

        public int Compare(string? x, string? y)
        {
            var (one, other) = (new StoredShard(x!), new StoredShard(y!));
            var byName = string.CompareOrdinal(NameOf(one), NameOf(other));
            var byNumber = (one.Number ?? -1).CompareTo(other.Number ?? -1);
            return byName != 0 ? byName : byNumber != 0 ? byNumber : string.CompareOrdinal(x, y);
        }

        private static string NameOf(StoredShard shard) => shard.Shard[..(shard.Shard.LastIndexOf('/') + 1)];
    }
}
