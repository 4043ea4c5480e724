using StreamActors.Snapshots;

namespace StreamActors.Redis;

/// <summary>
/// Keeps the state of shards in Redis. A save is staged beside what is current, made current by one small script that
/// compares the shard's token, and then applied to the parts piece by piece, so that Redis never stands still for more
/// than some milliseconds; whoever comes next, this owner or another, finishes what was left half applied before
/// anything is read.
/// <code>
/// SaveAsync ─ stage ─▶ publish ─▶ apply, apply, … ─▶ trim, sweep
///              │          └ current from here on, for whoever claims
///              └ expires by itself if this never comes
/// </code>
/// The keys of a shard, after <c>streamactors:{SHARD}:</c>
/// <list type="table">
/// <item><term>head</term><description>
/// A hash. <c>format</c>; of the last claim <c>generation</c>, <c>token</c>, <c>owner</c> (host/process) and
/// <c>claimed</c> (Unix seconds); of the current save <c>save</c> (its owner's token and its number), <c>number</c>,
/// <c>saved</c> (Unix seconds), <c>head</c> (the engine's bytes), <c>plan</c> (where its pieces go), <c>staged</c> (how
/// many they are), <c>applied</c> (how many of these are applied); and <c>base</c>, the whole save that parts and logs
/// begin with.
/// </description></item>
/// <item><term>stage:SAVE:N</term><description>A piece of a save: bytes of a chunk or of a log.</description></item>
/// <item><term>part:BASE:PART</term><description>A hash: the part's keys and values.</description></item>
/// <item><term>log:BASE:LOG:BLOCK</term><description>A string: 256 KB of a log.</description></item>
/// <item><term>names</term><description>A set: the parts and blocks that there are, of any base.</description></item>
/// </list>
/// Of a group there is <c>streamactors:{GROUP}:fingerprint</c>, a JSON text: <see cref="Fingerprint"/>.
/// <para>
/// A whole save begins a new base; what the names list of another base is given up once it is current, or at the next
/// claim. Pieces are staged by plain SET, without comparing the token: their keys carry it, so nobody else reads them,
/// and they expire.
/// </para>
/// <para>
/// Redis must not evict: a claim is refused where <c>maxmemory-policy</c> lets it. An entry of the state has
/// <see cref="StateChunk.MaxEntry"/> bytes at most. It has a connection of its own: a large save must not stand in
/// front of what is published.
/// </para>
/// </summary>
internal sealed class RedisStateStore : IStateStore
{
    /// <summary>
    /// The most bytes of a head. It is copied a few times within one script: 1 MB takes 2 ms, 32 MB some 150. What is
    /// larger belongs into parts and logs, which are saved by their changes.
    /// </summary>
    public const int MaxHeadBytes = 32 * 1024 * 1024;

    /// <summary>The bytes of a log that share a key, and that are given up together.</summary>
    public const int BlockBytes = StateChunk.Size;

    /// <summary>The form of a shard's keys.</summary>
    public const int Format = 1;

    private readonly RedisLink link;
    private readonly StateCalls calls;

    /// <summary>Makes a store; it connects when the first shard is claimed.</summary>
    /// <exception cref="ArgumentException">The options cannot be used; the message says all that is wrong.</exception>
    public RedisStateStore(RedisOptions options, TimeProvider time)
    {
        var problems = options.Problems();
        if (problems.Count > 0)
        {
            throw new ArgumentException(string.Join(' ', problems), nameof(options));
        }

        link = new RedisLink(options, time);
        calls = new StateCalls(options, link);
    }

    /// <summary>How this process is named where it claims a shard.</summary>
    public static string Owner { get; } = $"{Environment.MachineName}/{Environment.ProcessId}";

    /// <inheritdoc/>
    public string Name => Redis.Connector;

    /// <inheritdoc/>
    public ValueTask<bool> IsReachableAsync(CancellationToken stop) => link.IsReachableAsync(stop);

    /// <inheritdoc/>
    public async Task<Claim> ClaimAsync(string shard, long generation, bool force, CancellationToken stop)
    {
        var keys = new StateKeys(shard);
        await RefuseEvictionAsync(stop);
        var (isClaimed, items) = await calls.ClaimAsync(keys, generation, force, stop);
        if (!isClaimed)
        {
            return new Claim(null, items[1].Number);
        }

        var state = new RedisShardState(calls, keys, items);
        await state.SettleClaimAsync(stop);
        return new Claim(state, generation);
    }

    /// <inheritdoc/>
    public async Task<ReadOnlyMemory<byte>> ReplaceAsync(
        string group, ReadOnlyMemory<byte> seen, ReadOnlyMemory<byte> by, CancellationToken stop)
    {
        using var call = RedisCommand.Call(StateScripts.Replace, StateKeys.FingerprintOf(group))
            .Add(seen.Span).Add(by.Span);
        var reply = await calls.CallAsync(StateScripts.Replace, call, stop);
        _ = calls.AnswerOf(reply);

        // Where it is seen and gone, there is none.
        return reply.Items is [_, { Bytes: { } found }] ? found : ReadOnlyMemory<byte>.Empty;
    }

    /// <inheritdoc/>
    public async Task DeleteAsync(string shard, CancellationToken stop)
    {
        var keys = new StateKeys(shard);
        using var ask = new RedisCommand("HMGET").Add(keys.Head).Add("save").Add("applied").Add("staged");
        var head = (await calls.SendAsync(ask, stop)).Items!;
        using var askNames = new RedisCommand("SMEMBERS").Add(keys.Names);
        var names = (await calls.SendAsync(askNames, stop)).Items!;
        var staged = head is [{ Bytes: not null } save, { Bytes: not null } applied, { } count]
            ? keys.Stages(save.Text, applied.Number, count.Number)
            : Enumerable.Empty<string>();

        // What tells of the others goes last, so that a delete that was cut finds them again.
        foreach (var some in staged.Concat(names.Select(name => keys.Of(name.Text))).Chunk(500)
            .Append([keys.Names]).Append([keys.Head]))
        {
            using var unlink = new RedisCommand("UNLINK");
            Array.ForEach(some, key => unlink.Add(key));
            await calls.SendAsync(unlink, stop);
        }
    }

    /// <summary>Closes the connection.</summary>
    public ValueTask DisposeAsync() => link.DisposeAsync();

    // An entity that was evicted would come back empty, and nobody would know. Keys that expire may be evicted: only
    // what is staged does, and a save notices. Where the user may not ask, this stays unchecked.
    private async Task RefuseEvictionAsync(CancellationToken stop)
    {
        string info;
        try
        {
            using var ask = new RedisCommand("INFO").Add("memory");
            info = (await calls.SendAsync(ask, stop)).Text;
        }
        catch (StateStoreException error)
            when (error.InnerException is RedisFaultException { Fault.Kind: RedisFaultKind.NotPermitted })
        {
            return;
        }

        const string Policy = "maxmemory_policy:";
        var lines = info.Split("\r\n");
        var evicting = lines.FirstOrDefault(
            static line => line.StartsWith($"{Policy}allkeys-", StringComparison.Ordinal));
        if (evicting is not null && !lines.Contains("maxmemory:0"))
        {
            throw calls.Failed(
                $"it drops keys when its memory is full (maxmemory-policy {evicting[Policy.Length..]}), state "
                + "included. Set maxmemory-policy noeviction there, or keep the state in a Redis of its own.");
        }
    }
}
