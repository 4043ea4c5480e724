using StreamActors.Snapshots;

namespace StreamActors.Redis;

/// <summary>What is current of a shard.</summary>
/// <param name="Save">The save: its owner's token and its number.</param>
/// <param name="Number">The save's number.</param>
/// <param name="Base">The whole save that parts and logs begin with.</param>
internal sealed record SavePosition(string Save, long Number, string Base);

/// <summary>
/// Reads what a shard's current save has: of one save each answer, and none while a save is half applied.
/// </summary>
/// <param name="calls">Asks Redis.</param>
/// <param name="keys">The shard's.</param>
/// <param name="token">Of the owner, or of whom a reader found to be it.</param>
/// <param name="current">The save that is read.</param>
/// <param name="otherwise">
/// Called where Redis no longer has that save as the current one: it throws, or sees to it that asking again helps.
/// </param>
internal sealed class RedisShardReader(
    StateCalls calls,
    StateKeys keys,
    long token,
    Func<SavePosition> current,
    Func<StateAnswer, CancellationToken, Task> otherwise)
{
    // Answers have this many bytes, and one value more, or four times as many (StateScripts.Scan).
    private const int PageBytes = 256 * 1024;

    // Keys of one question: a lookup takes Redis about 1 µs.
    private const int PageKeys = 1000;

    // Each further attempt needs that another save became current meanwhile.
    private const int Attempts = 8;

    /// <inheritdoc cref="IShardState.GetAsync"/>
    public async Task<IReadOnlyList<ReadOnlyMemory<byte>?>> GetAsync(
        string part, IReadOnlyList<ReadOnlyMemory<byte>> keys, CancellationToken stop)
    {
        var values = new List<ReadOnlyMemory<byte>?>(keys.Count);
        while (values.Count < keys.Count)
        {
            var from = values.Count;
            var answer = await ReadAsync(
                StateScripts.Get,
                at => StateKeys.Part(at.Base, part),
                (call, _) =>
                {
                    call.Add(PageBytes);
                    for (var i = from; i < keys.Count && i < from + PageKeys; i++)
                    {
                        call.Add(keys[i].Span);
                    }
                },
                stop);
            values.AddRange(answer.Skip(1).Select(static value =>
                value.Bytes is { } bytes ? bytes : default(ReadOnlyMemory<byte>?)));
        }

        return values;
    }

    /// <inheritdoc cref="IShardState.ScanAsync"/>
    public async Task<StatePage> ScanAsync(string part, string cursor, CancellationToken stop)
    {
        // A cursor is good for one table: a whole save that came meanwhile has another, which is read from its start.
        var scanned = "";
        var answer = await ReadAsync(
            StateScripts.Scan,
            at => StateKeys.Part(scanned = at.Base, part),
            (call, at) => call.Add(PageBytes).Add(cursor.StartsWith($"{at.Base} ", StringComparison.Ordinal)
                ? cursor[(at.Base.Length + 1)..]
                : "0"),
            stop);
        var entries = new List<KeyValuePair<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>>();
        var large = new List<ReadOnlyMemory<byte>>();
        for (var i = 3; i < answer.Count; i += 2)
        {
            var key = answer[i].Bytes!;
            if (answer[i + 1].Bytes is { } value)
            {
                entries.Add(new(key, value));
            }
            else
            {
                large.Add(key);
            }
        }

        foreach (var (key, value) in large.Zip(await GetAsync(part, large, stop)))
        {
            if (value is { } found)
            {
                entries.Add(new(key, found));
            }
        }

        var next = answer[1].Text == "0" ? "" : $"{scanned} {answer[1].Text}";
        return new StatePage(entries, next, answer[2].Number);
    }

    /// <inheritdoc cref="IShardState.ReadLogAsync"/>
    public async Task<ReadOnlyMemory<byte>> ReadLogAsync(string log, long from, long to, CancellationToken stop)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        var bytes = new byte[to - from];
        var (first, last) = (from / RedisStateStore.BlockBytes, (to - 1) / RedisStateStore.BlockBytes);
        var blocks = bytes.Length == 0 ? [] : Enumerable.Range(0, (int)(last - first) + 1).Select(i => first + i);
        await StateCalls.InParallelAsync(blocks, ReadBlockAsync, stop);
        return bytes;

        async Task ReadBlockAsync(long block, CancellationToken cancel)
        {
            var start = block * RedisStateStore.BlockBytes;
            var (begin, end) = (Math.Max(from, start), Math.Min(to, start + RedisStateStore.BlockBytes));
            var answer = await ReadAsync(
                StateScripts.ReadLog,
                at => StateKeys.Block(at.Base, log, block),
                (call, _) => call.Add(begin - start).Add(end - start - 1),
                cancel);
            if (answer[1].Bytes is not { } read || read.Length != end - begin)
            {
                throw StateCalls.Damaged(keys.Shard, $"its log {log} lacks bytes between {begin} and {end}");
            }

            read.CopyTo(bytes.AsSpan((int)(begin - from)));
        }
    }

    private async Task<IReadOnlyList<Reply>> ReadAsync(
        RedisScript script,
        Func<SavePosition, string> key,
        Action<RedisCommand, SavePosition> ask,
        CancellationToken stop)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var at = current();
            using var call = RedisCommand.Call(script, keys.Head, keys.Of(key(at))).Add(token).Add(at.Save);
            ask(call, at);
            var reply = await calls.CallAsync(script, call, stop);
            if (calls.AnswerOf(reply) is var answer && answer == StateAnswer.Ok)
            {
                return reply.Items!;
            }

            await otherwise(answer, stop);
        }

        throw calls.Failed($"saves of the shard {keys.Shard} follow each other faster than it can be read.");
    }
}
