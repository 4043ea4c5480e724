namespace StreamActors.Snapshots;

/// <summary>
/// Where the shards of a pipeline keep their state, so that the next owner goes on with it. The engine decides what is
/// saved and when; the store makes a save current as a whole or not at all, and refuses one of an owner that is not
/// the last who claimed the shard.
/// <para>
/// Any number of shards use it at the same time; for one shard there is one save at a time, and any number of reads.
/// Nothing is retried inside: a <see cref="StateStoreException"/> means that the outcome is unknown, and the engine
/// asks again, with the same save. No call waits without a limit.
/// </para>
/// </summary>
internal interface IStateStore : IAsyncDisposable
{
    /// <summary>The name that pages and logs use, such as <c>redis</c>.</summary>
    string Name { get; }

    /// <summary>Whether it answers now; within two seconds, and it throws nothing.</summary>
    ValueTask<bool> IsReachableAsync(CancellationToken stop);

    /// <summary>
    /// Makes this process the owner of a shard's state: every save of an earlier owner is refused from here on. Called
    /// when a shard was assigned, before its first record is read.
    /// </summary>
    /// <param name="shard">The shard's name: the same in every process and in every release.</param>
    /// <param name="generation">
    /// The group's generation, as the client knows it. A claim below the one that is stored comes from a process that
    /// the group has left behind, and is refused.
    /// </param>
    /// <param name="force">Whether to claim in spite of that: the group itself was made again.</param>
    /// <param name="stop">Ends the wait; the claim may have been made.</param>
    /// <exception cref="SnapshotException">What it has is damaged, or of another release's form.</exception>
    /// <exception cref="StateStoreException">It did not answer, or refused the request as such.</exception>
    Task<Claim> ClaimAsync(string shard, long generation, bool force, CancellationToken stop);

    /// <summary>
    /// Replaces a small text that all nodes of a group share, if it is still what the caller has seen. The same again
    /// changes nothing.
    /// </summary>
    /// <param name="group">The group.</param>
    /// <param name="seen">What the caller takes for the text; empty = none.</param>
    /// <param name="by">What takes its place; not empty.</param>
    /// <param name="stop">Ends the wait; it may have been replaced.</param>
    /// <returns>The text as it is now: the new one, or the one that the caller has not seen.</returns>
    /// <exception cref="StateStoreException">It did not answer.</exception>
    Task<ReadOnlyMemory<byte>> ReplaceAsync(
        string group, ReadOnlyMemory<byte> seen, ReadOnlyMemory<byte> by, CancellationToken stop);

    /// <summary>
    /// Deletes all that is kept of a shard, which nobody owns any more: an owner would find that it was lost. Again, it
    /// deletes what is left.
    /// </summary>
    /// <exception cref="StateStoreException">It did not answer; some of it may be deleted.</exception>
    Task DeleteAsync(string shard, CancellationToken stop);
}

/// <summary>The answer to a claim.</summary>
/// <param name="State">The shard's state; null where the claim was refused.</param>
/// <param name="Generation">The generation that is stored: where refused, the one that is newer than ours.</param>
internal readonly record struct Claim(IShardState? State, long Generation);

/// <summary>The stored state of one shard, in the hands of the owner who claimed it.</summary>
internal interface IShardState
{
    /// <summary>The fence: whoever claims the shard next gets a higher one, and this one's saves are refused.</summary>
    long Token { get; }

    /// <summary>The number of the save that the claim found current; 0 where nothing was saved yet.</summary>
    long Number { get; }

    /// <summary>The head of the save that the claim found current; empty where nothing was saved yet.</summary>
    ReadOnlyMemory<byte> Head { get; }

    /// <summary>
    /// Makes a save current. It is idempotent: the same save again, after an unknown outcome, changes nothing more.
    /// The same means the same bytes: a store may take parts of it from the attempt before.
    /// </summary>
    /// <exception cref="StateStoreException">The outcome is unknown; ask again with the same save.</exception>
    /// <exception cref="ArgumentException">Something in it is larger than the store takes, or has no name.</exception>
    Task<SaveOutcome> SaveAsync(ShardSave save, CancellationToken stop);

    /// <summary>The values of keys as of the save that is current, in the order of the keys.</summary>
    /// <returns>For each key its value; null where there is none.</returns>
    /// <exception cref="StateStoreException">It did not answer, or no longer has what it acknowledged.</exception>
    Task<IReadOnlyList<ReadOnlyMemory<byte>?>> GetAsync(
        string part, IReadOnlyList<ReadOnlyMemory<byte>> keys, CancellationToken stop);

    /// <summary>
    /// A page of the keys and values of a part, in no order. What is saved while pages are read may be in a later page
    /// or in none; a key may come twice.
    /// </summary>
    /// <param name="part">The part.</param>
    /// <param name="cursor">Where to go on; empty for the first page.</param>
    /// <param name="stop">Ends the wait.</param>
    /// <returns>Some entries; none is no sign of the end.</returns>
    /// <exception cref="StateStoreException">It did not answer, or no longer has what it acknowledged.</exception>
    Task<StatePage> ScanAsync(string part, string cursor, CancellationToken stop);

    /// <summary>The bytes of a log from a position to a position, as they were written.</summary>
    /// <exception cref="SnapshotException">It does not have them all, in a state that is whole otherwise.</exception>
    /// <exception cref="StateStoreException">It did not answer, or no longer has what it acknowledged.</exception>
    Task<ReadOnlyMemory<byte>> ReadLogAsync(string log, long from, long to, CancellationToken stop);
}

/// <summary>A page of a part's keys and values.</summary>
/// <param name="Entries">Keys with their values.</param>
/// <param name="Cursor">Where the next page begins; empty when this is the last.</param>
/// <param name="Keys">How many keys the part has now.</param>
internal readonly record struct StatePage(
    IReadOnlyList<KeyValuePair<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>> Entries, string Cursor, long Keys);

/// <summary>What became of a save.</summary>
internal enum SaveOutcome
{
    /// <summary>It is current.</summary>
    Current,

    /// <summary>Another owner has claimed the shard: this one is no longer the owner, and drops it.</summary>
    Fenced,

    /// <summary>
    /// The store does not have the save before this one: it was emptied, or replaced by a copy that lags behind. The
    /// owner's memory is the truth: it claims again and saves everything.
    /// </summary>
    Behind,
}

/// <summary>
/// One save of a shard: what has changed since the one before it, as of a cut between two turns.
/// </summary>
internal sealed class ShardSave
{
    /// <summary>Its number: one above the save before it.</summary>
    public required long Number { get; init; }

    /// <summary>
    /// Whether it holds everything: then what was saved before is of no use any more, and its number need only be above
    /// those of this owner's earlier saves.
    /// </summary>
    public bool IsWhole { get; init; }

    /// <summary>What is replaced as a whole at each save: positions, clocks, windows, parked records.</summary>
    public required ReadOnlyMemory<byte> Head { get; init; }

    /// <summary>Changed and removed keys; a key occurs once.</summary>
    public required IReadOnlyList<StateChunk> Chunks { get; init; }

    /// <summary>Bytes that are added to logs. They count only as far as the head of a current save says.</summary>
    public IReadOnlyList<LogWrite> Logs { get; init; } = [];

    /// <summary>Logs whose bytes below a position are not needed any more, once this save is current.</summary>
    public IReadOnlyList<LogTrim> Trims { get; init; } = [];

    /// <summary>The keys in its chunks, those removed included.</summary>
    public int Keys { get; init; }

    /// <summary>All its bytes.</summary>
    public long Bytes => Head.Length + Chunks.Sum(static chunk => (long)chunk.Bytes.Length)
        + Logs.Sum(static log => (long)log.Bytes.Length);
}

/// <summary>Bytes at a position of a log: what is there is replaced, what stands behind them is of no use.</summary>
internal readonly record struct LogWrite(string Log, long Position, ReadOnlyMemory<byte> Bytes);

/// <summary>The position below which a log's bytes are not needed any more.</summary>
internal readonly record struct LogTrim(string Log, long Below);

/// <summary>The store did not answer, or refused a request as such; what was asked for may have happened.</summary>
internal sealed class StateStoreException : Exception
{
    /// <summary>Makes it without a reason.</summary>
    public StateStoreException()
    {
    }

    /// <summary>Makes it with the reason, for a log.</summary>
    public StateStoreException(string message)
        : base(message)
    {
    }

    /// <summary>Makes it with the reason and what caused it.</summary>
    public StateStoreException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
