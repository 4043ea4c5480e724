using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using StreamActors.Snapshots;

namespace StreamActors.Testing;

/// <summary>
/// Keeps the state of shards in this process, as any store does, and fails as any store may: before a call has its
/// effect, after it, by forgetting what it had acknowledged, by being empty all of a sudden. What it answers depends on
/// the calls alone, never on chance or time. It is made for many small shards: a write copies the log that it is for.
/// </summary>
internal sealed class MemoryStateStore : IStateStore
{
    // How far it can go back. A change costs the few entries that it does not share with the one before it.
    private const int MaxUndo = 1000;

    private readonly Lock gate = new();
    private readonly Dictionary<string, StoredShard> shards = new(StringComparer.Ordinal);
    private readonly Dictionary<string, byte[]> texts = new(StringComparer.Ordinal);
    private readonly List<(string Shard, StoredShard? Before)> undo = [];
    private long changes;

    // Never forgotten, as no clock is: an emptied store gives no token again.
    private long lastToken;

    /// <inheritdoc/>
    public string Name => "memory";

    /// <summary>Called before a call has its effect. It may wait, and what it throws is the call's failure.</summary>
    public Func<StoreCall, ValueTask>? Before { get; set; }

    /// <summary>Called after a call has had its effect: if it throws, the caller does not know the outcome.</summary>
    public Func<StoreCall, ValueTask>? After { get; set; }

    /// <summary>How many entries a page has, at most.</summary>
    public int PageEntries { get; set; } = 1000;

    /// <summary>Whether it answers, when asked for that alone.</summary>
    public bool IsReachable { get; set; } = true;

    /// <summary>How often a claim or a save has changed something; going back is a change of none of them.</summary>
    public long Changes
    {
        get
        {
            lock (gate)
            {
                return changes;
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask<bool> IsReachableAsync(CancellationToken stop) => new(IsReachable);

    /// <inheritdoc/>
    public Task<Claim> ClaimAsync(string shard, long generation, bool force, CancellationToken stop) =>
        CallAsync(new StoreCall(shard, StoreOperation.Claim), () =>
        {
            var stored = shards.GetValueOrDefault(shard);
            if (stored is not null && generation < stored.Generation && !force)
            {
                return new Claim(null, stored.Generation);
            }

            var claimed = (stored ?? StoredShard.Empty) with { Generation = generation, Token = ++lastToken };
            Change(shard, claimed);
            return new Claim(new MemoryShardState(this, shard, claimed), generation);
        });

    /// <inheritdoc/>
    public Task<ReadOnlyMemory<byte>> ReplaceAsync(
        string group, ReadOnlyMemory<byte> seen, ReadOnlyMemory<byte> by, CancellationToken stop) =>
        CallAsync(new StoreCall(group, StoreOperation.Replace), ReadOnlyMemory<byte> () =>
        {
            var found = texts.GetValueOrDefault(group, []);
            return seen.Span.SequenceEqual(found) ? texts[group] = by.ToArray() : found;
        });

    /// <inheritdoc/>
    public Task DeleteAsync(string shard, CancellationToken stop) =>
        CallAsync(new StoreCall(shard, StoreOperation.Delete), () => shards.Remove(shard));

    /// <summary>
    /// Forgets the latest changes of all shards, claims and saves, as a replica does that lagged behind when it became
    /// the primary.
    /// </summary>
    /// <param name="moment">What <see cref="Changes"/> was then; at most 1,000 changes ago.</param>
    public void GoBackTo(long moment)
    {
        lock (gate)
        {
            if (moment > changes || changes - moment > undo.Count)
            {
                throw new ArgumentOutOfRangeException(nameof(moment), moment, $"It is at {changes}.");
            }

            for (; changes > moment; changes--)
            {
                var (shard, before) = undo[^1];
                undo.RemoveAt(undo.Count - 1);
                if (before is null)
                {
                    shards.Remove(shard);
                }
                else
                {
                    shards[shard] = before;
                }
            }
        }
    }

    /// <summary>Forgets everything.</summary>
    public void Empty()
    {
        lock (gate)
        {
            shards.Clear();
            texts.Clear();
            undo.Clear();
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task<T> CallAsync<T>(StoreCall call, Func<T> effect)
    {
        if (Before is { } before)
        {
            await before(call);
        }

        T answer;
        lock (gate)
        {
            answer = effect();
        }

        if (After is { } after)
        {
            await after(call);
        }

        return answer;
    }

    private void Change(string shard, StoredShard to)
    {
        undo.Add((shard, shards.GetValueOrDefault(shard)));
        if (undo.Count > MaxUndo)
        {
            undo.RemoveAt(0);
        }

        shards[shard] = to;
        changes++;
    }

    /// <summary>What an owner holds; everything in it is read and changed within the store's lock.</summary>
    private sealed class MemoryShardState(MemoryStateStore store, string shard, StoredShard claimed) : IShardState
    {
        private long saved = claimed.Number;

        public long Token => claimed.Token;

        public long Number => claimed.Number;

        public ReadOnlyMemory<byte> Head => claimed.Head;

        public Task<SaveOutcome> SaveAsync(ShardSave save, CancellationToken stop)
        {
            StoredShard.RefuseTooLarge(save);
            return CallAsync(StoreOperation.Save, () =>
            {
                var stored = store.shards.GetValueOrDefault(shard);
                var outcome = stored is null || stored.Token < Token ? SaveOutcome.Behind
                    : stored.Token > Token ? SaveOutcome.Fenced
                    : stored.Has(save) ? SaveOutcome.Current
                    : stored.Precedes(save) ? default(SaveOutcome?) : SaveOutcome.Behind;
                if (outcome is null)
                {
                    store.Change(shard, stored!.With(save));
                }

                if (outcome is null or SaveOutcome.Current)
                {
                    saved = save.Number;
                }

                return outcome ?? SaveOutcome.Current;
            });
        }

        public Task<IReadOnlyList<ReadOnlyMemory<byte>?>> GetAsync(
            string part, IReadOnlyList<ReadOnlyMemory<byte>> keys, CancellationToken stop) =>
            CallAsync(StoreOperation.Get, IReadOnlyList<ReadOnlyMemory<byte>?> () =>
            {
                var values = Stored().Part(part);
                return [.. keys.Select(key => values.TryGetValue(StoredShard.TextOf(key.Span), out var value)
                    ? value
                    : default(ReadOnlyMemory<byte>?))];
            });

        public Task<StatePage> ScanAsync(string part, string cursor, CancellationToken stop) =>
            CallAsync(StoreOperation.Scan, () =>
            {
                // A cursor is the last key that was given, behind a mark that tells it from none.
                var all = Stored().Part(part);
                var entries = all
                    .SkipWhile(entry => cursor.Length > 0 && string.CompareOrdinal(entry.Key, cursor[1..]) <= 0)
                    .Take(store.PageEntries).ToList();
                return new StatePage(
                    [.. entries.Select(static entry => KeyValuePair.Create(
                        new ReadOnlyMemory<byte>(Encoding.Latin1.GetBytes(entry.Key)), entry.Value))],
                    entries.Count < store.PageEntries ? "" : "/" + entries[^1].Key,
                    all.Count);
            });

        public Task<ReadOnlyMemory<byte>> ReadLogAsync(string log, long from, long to, CancellationToken stop) =>
            CallAsync(StoreOperation.ReadLog, () =>
            {
                var (start, bytes) = Stored().Logs.GetValueOrDefault(log, StoredLog.Empty);
                return from == to ? ReadOnlyMemory<byte>.Empty
                    : start <= from && to <= start + bytes.Length
                    ? bytes.AsMemory((int)(from - start), (int)(to - from))
                    : throw new SnapshotException(string.Create(
                        CultureInfo.InvariantCulture,
                        $"memory: of the log {log} of {shard} there is {start} to {start + bytes.Length} only."));
            });

        private Task<T> CallAsync<T>(StoreOperation operation, Func<T> effect) =>
            store.CallAsync(new StoreCall(shard, operation), effect);

        private StoredShard Stored() =>
            store.shards.GetValueOrDefault(shard) is { } stored && stored.Token == Token && stored.Number >= saved
                ? stored
                : throw new StateStoreException($"memory: {shard} has another owner, or lost what was acknowledged.");
    }

    /// <summary>A shard's state between two changes; nothing in it changes.</summary>
    private sealed record StoredShard
    {
        public static readonly StoredShard Empty = new();

        private static readonly ImmutableSortedDictionary<string, ReadOnlyMemory<byte>> NoEntries =
            ImmutableSortedDictionary.Create<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal);

        public long Generation { get; init; }

        public long Token { get; init; }

        public long Number { get; private init; }

        public ReadOnlyMemory<byte> Head { get; private init; }

        public ImmutableDictionary<string, StoredLog> Logs { get; private init; } =
            ImmutableDictionary<string, StoredLog>.Empty;

        // The token of the owner whose save is current.
        private long Saver { get; init; }

        // Keys are bytes, a character each. Sorted: the order of a scan must not depend on the process.
        private ImmutableDictionary<string, ImmutableSortedDictionary<string, ReadOnlyMemory<byte>>> Parts
        {
            get;
            init;
        } = ImmutableDictionary<string, ImmutableSortedDictionary<string, ReadOnlyMemory<byte>>>.Empty;

        public static string TextOf(ReadOnlySpan<byte> key) => Encoding.Latin1.GetString(key);

        public static void RefuseTooLarge(ShardSave save)
        {
            if (save.Chunks.Any(static chunk => chunk.Bytes.Length > StateChunk.Size + StateChunk.MaxEntry))
            {
                throw new ArgumentException($"A value is above the limit of {StateChunk.MaxEntry}.", nameof(save));
            }
        }

        public ImmutableSortedDictionary<string, ReadOnlyMemory<byte>> Part(string name) =>
            Parts.GetValueOrDefault(name, NoEntries);

        public bool Has(ShardSave save) => Saver == Token && Number == save.Number;

        public bool Precedes(ShardSave save) =>
            save.IsWhole ? Saver != Token || save.Number > Number : save.Number == Number + 1;

        public StoredShard With(ShardSave save)
        {
            var (parts, logs) = save.IsWhole ? (Empty.Parts, Empty.Logs) : (Parts, Logs);
            foreach (var chunk in save.Chunks)
            {
                var before = parts.GetValueOrDefault(chunk.Part, NoEntries);
                parts = parts.SetItem(chunk.Part, Apply(before, chunk.Bytes.Span));
            }

            foreach (var write in save.Logs)
            {
                logs = logs.SetItem(write.Log, logs.GetValueOrDefault(write.Log, StoredLog.Empty).With(write));
            }

            foreach (var trim in save.Trims.Where(trim => logs.ContainsKey(trim.Log)))
            {
                logs = logs.SetItem(trim.Log, logs[trim.Log].Without(trim.Below));
            }

            return this with
            {
                Saver = Token,
                Number = save.Number,
                Head = save.Head.ToArray(),
                Parts = parts,
                Logs = logs,
            };
        }

        private static ImmutableSortedDictionary<string, ReadOnlyMemory<byte>> Apply(
            ImmutableSortedDictionary<string, ReadOnlyMemory<byte>> entries, ReadOnlySpan<byte> left)
        {
            var changed = entries.ToBuilder();
            while (!left.IsEmpty)
            {
                var key = TextOf(Take(ref left, (int)TakeLength(ref left)));
                var length = TakeLength(ref left);
                if (length == StateChunk.Removed)
                {
                    changed.Remove(key);
                }
                else
                {
                    changed[key] = Take(ref left, (int)length).ToArray();
                }
            }

            return changed.ToImmutable();

            static uint TakeLength(ref ReadOnlySpan<byte> from) =>
                BinaryPrimitives.ReadUInt32LittleEndian(Take(ref from, sizeof(uint)));

            static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> from, int length)
            {
                var taken = from[..length];
                from = from[length..];
                return taken;
            }
        }
    }

    /// <summary>The bytes of a log from a position on.</summary>
    private sealed record StoredLog(long Start, byte[] Bytes)
    {
        public static readonly StoredLog Empty = new(0, []);

        public StoredLog With(LogWrite write)
        {
            // A log of which nothing is left, or whose end the write does not reach, begins anew with it.
            if (Bytes.Length == 0 || write.Position < Start || write.Position > Start + Bytes.Length)
            {
                return new StoredLog(write.Position, write.Bytes.ToArray());
            }

            return this with { Bytes = [.. Bytes.AsSpan(0, (int)(write.Position - Start)), .. write.Bytes.Span] };
        }

        public StoredLog Without(long below) => below <= Start
            ? this
            : new StoredLog(below, below >= Start + Bytes.Length ? [] : Bytes[(int)(below - Start)..]);
    }
}

/// <summary>What a store is asked for.</summary>
internal readonly record struct StoreCall(string Shard, StoreOperation Operation);

/// <summary>A call of the port.</summary>
internal enum StoreOperation
{
    /// <summary>A claim.</summary>
    Claim,

    /// <summary>A save.</summary>
    Save,

    /// <summary>Values by their keys.</summary>
    Get,

    /// <summary>A page of a part.</summary>
    Scan,

    /// <summary>Bytes of a log.</summary>
    ReadLog,

    /// <summary>The text of a group.</summary>
    Replace,

    /// <summary>The end of a shard.</summary>
    Delete,
}
