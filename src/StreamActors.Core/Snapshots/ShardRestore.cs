using StreamActors.Records;
using StreamActors.Shards;

namespace StreamActors.Snapshots;

/// <summary>A claim of a shard.</summary>
/// <param name="Opened">Where its state is.</param>
/// <param name="Shard">Its name there.</param>
/// <param name="Generation">The group's generation when it was assigned.</param>
/// <param name="Force">Whether the group has proven that an earlier generation was of a group that is gone.</param>
internal sealed record ShardClaim(OpenStore Opened, string Shard, long Generation, bool Force)
{
    /// <summary>Whether the store must have state for where the shard starts: the group's commit says so.</summary>
    public bool Expects { get; init; }

    /// <summary>Whether one of its topics was made again: what the store has is of the old one.</summary>
    public bool IsRemade { get; init; }

    /// <summary>Whether the shard begins empty, whatever the store has.</summary>
    public bool Discards { get; init; }

    /// <summary>What the shard does where the store does not have what it should.</summary>
    public LostState OnLostState { get; init; }

    /// <summary>Sees first whether the group's state is this program's; null = nobody knows what it is like.</summary>
    public FingerprintCheck? Check { get; init; }
}

/// <summary>What was read of a shard's snapshot.</summary>
/// <param name="Head">Its head; null where nothing was saved yet.</param>
/// <param name="Parts">What was read of each part.</param>
internal sealed record RestoredShard(ShardHead? Head, IReadOnlyList<(SavedPart Part, StoredPart Stored)> Parts);

/// <summary>What a store has of a part: its keys with their values, and the bytes of its log.</summary>
internal readonly record struct StoredPart(
    IReadOnlyList<KeyValuePair<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>> Entries, ReadOnlyMemory<byte> Log);

/// <summary>Claims shards, and reads what is stored of them.</summary>
internal static class ShardRestore
{
    // A store answers with a block of this size at most.
    private const int LogBlock = StateChunk.Size;

    /// <summary>Claims a shard.</summary>
    /// <param name="claim">How.</param>
    /// <param name="hasAll">
    /// Whether the shard has its state in memory: what is stored may be damaged then, and is waited for until somebody
    /// has deleted it, since all is saved again.
    /// </param>
    /// <param name="stop">Ends the wait.</param>
    /// <exception cref="ShardFencedException">It was refused: the group has gone on without this process.</exception>
    /// <exception cref="FingerprintException">The state of the group is not this program's.</exception>
    /// <exception cref="SnapshotException">What is stored cannot be owned.</exception>
    /// <exception cref="StateStoreException">The store did not answer.</exception>
    public static async Task<IShardState> ClaimAsync(ShardClaim claim, bool hasAll, CancellationToken stop)
    {
        var (opened, shard, generation, force) = claim;
        await (claim.Check?.EnsureAsync(stop) ?? Task.CompletedTask);
        Claim answer;
        try
        {
            answer = await opened.Store.ClaimAsync(shard, generation, force, stop);
        }
        catch (SnapshotException error) when (hasAll)
        {
            throw new StateStoreException($"{error.Message} Once its keys are deleted, all is saved again.", error);
        }

        return answer.State ?? throw new ShardFencedException(
            $"The shard {shard} was claimed in the group's generation {answer.Generation}, and this process is in its "
            + $"generation {generation}: the group has gone on without it, or was made again.")
        {
            WasRefused = true,
        };
    }

    /// <summary>Reads the current snapshot of a shard, but for the keys of some parts.</summary>
    /// <param name="state">What is read.</param>
    /// <param name="shard">The shard's name, for messages.</param>
    /// <param name="lazy">The parts that read their keys themselves.</param>
    /// <param name="stop">Ends the wait.</param>
    /// <exception cref="SnapshotException">The snapshot cannot be used.</exception>
    /// <exception cref="StateStoreException">The store did not answer.</exception>
    public static async Task<RestoredShard> ReadAsync(
        IShardState state, string shard, IReadOnlyCollection<string> lazy, CancellationToken stop)
    {
        if (state.Number == 0)
        {
            return new RestoredShard(null, []);
        }

        var head = ShardHead.Read(shard, state.Head.Span);
        var parts = new List<(SavedPart, StoredPart)>();
        foreach (var part in head.Parts)
        {
            var entries = part.IsKeyed && !lazy.Contains(part.Name) ? await ReadKeysAsync(state, part.Name, stop) : [];
            var log = part.Log is { } range ? await ReadLogAsync(state, part.Name, range, stop) : default;
            parts.Add((part, new StoredPart(entries, log)));
        }

        return new RestoredShard(head, parts);
    }

    /// <summary>Gives the parts of a shard that has just been made what was read.</summary>
    /// <param name="restored">What was read.</param>
    /// <param name="shard">The shard's name, for messages.</param>
    /// <param name="context">
    /// The shard's. A part that is new finds nothing and starts empty; one that is gone is left alone, unless records
    /// wait in it.
    /// </param>
    /// <exception cref="SnapshotException">It cannot be used.</exception>
    /// <returns>Whether what the store has is the shard as it is now: it had it, with the same inputs.</returns>
    public static bool Load(RestoredShard restored, string shard, ShardContext context)
    {
        if (restored.Head is not { } head)
        {
            return false;
        }

        int[] inputs = [.. head.Positions.Select(position => IndexOf(context.Inputs, position.Partition))];
        for (var at = 0; at < inputs.Length; at++)
        {
            if (inputs[at] >= 0)
            {
                context.Ledgers[inputs[at]].StartAt(head.Positions[at].Offset);
                context.EventClock.Restore(inputs[at], head.EventTimes[at]);
            }
        }

        foreach (var (part, stored) in restored.Parts)
        {
            var found = context.Parts.Find(each => each.Name == part.Name);
            if (found is null && Waiting(part, stored, shard) is > 0 and var count)
            {
                throw new SnapshotException(
                    $"The snapshot of the shard {shard} has {count} records that wait in \"{part.Name}\", which this "
                    + "program does not have: a route was renamed, or lost its step. Let it keep its name by Named(…), "
                    + "or run the release that has it until they are done.");
            }

            found?.Load(new RestoredPart
            {
                Shard = shard,
                Name = part.Name,
                Away = Math.Max(context.UtcNow - head.SavedAt, 0),
                Inputs = inputs,
                Head = part.Head,
                Entries = stored.Entries,
                LogFrom = part.Log?.From ?? 0,
                Log = stored.Log,
            });
        }

        return inputs.SequenceEqual(Enumerable.Range(0, context.Inputs.Count));
    }

    /// <summary>How many records wait in a part, by the forms of those that hold some.</summary>
    private static long Waiting(SavedPart part, StoredPart stored, string shard) => part.Name.Split(' ')[0] switch
    {
        "calls" => stored.Entries.Count,
        "window" => new SnapshotReader(part.Head.Span, (shard, part.Name)).ReadNumber(),
        _ => 0,
    };

    private static int IndexOf(IReadOnlyList<PartitionId> inputs, PartitionId partition)
    {
        for (var input = 0; input < inputs.Count; input++)
        {
            if (inputs[input] == partition)
            {
                return input;
            }
        }

        return -1;
    }

    private static async Task<IReadOnlyList<KeyValuePair<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>>> ReadKeysAsync(
        IShardState state, string part, CancellationToken stop)
    {
        // A key may come in two pages.
        var all = new Dictionary<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>(BytesComparer.Instance);
        var cursor = "";
        do
        {
            var page = await state.ScanAsync(part, cursor, stop);
            foreach (var (key, value) in page.Entries)
            {
                all[key] = value;
            }

            cursor = page.Cursor;
        }
        while (cursor.Length > 0);
        return [.. all];
    }

    private static async Task<ReadOnlyMemory<byte>> ReadLogAsync(
        IShardState state, string log, LogRange range, CancellationToken stop)
    {
        var bytes = new byte[range.To - range.From];
        for (var from = range.From; from < range.To; from += LogBlock)
        {
            var to = Math.Min(from + LogBlock, range.To);
            var block = await state.ReadLogAsync(log, from, to, stop);
            if (block.Length != to - from)
            {
                throw new SnapshotException(
                    $"The snapshot is damaged: its log {log} has {block.Length} bytes from {from} to {to}.");
            }

            block.CopyTo(bytes.AsMemory((int)(from - range.From)));
        }

        return bytes;
    }

    private sealed class BytesComparer : IEqualityComparer<ReadOnlyMemory<byte>>
    {
        public static readonly BytesComparer Instance = new();

        public bool Equals(ReadOnlyMemory<byte> one, ReadOnlyMemory<byte> other) => one.Span.SequenceEqual(other.Span);

        public int GetHashCode(ReadOnlyMemory<byte> bytes)
        {
            var hash = new HashCode();
            hash.AddBytes(bytes.Span);
            return hash.ToHashCode();
        }
    }
}
