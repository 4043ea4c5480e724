using System.Globalization;
using StreamActors.Snapshots;

namespace StreamActors.Redis;

/// <summary>The state of one shard in the hands of the owner with this token; <see cref="RedisStateStore"/>.</summary>
#pragma warning disable CA1001 // A semaphore of which nobody asks for the wait handle has nothing to dispose of.
internal sealed class RedisShardState : IShardState
#pragma warning restore CA1001
{
    /// <summary>How long a piece that never becomes current stays; a save that takes longer stages it again.</summary>
    public static readonly TimeSpan StageExpiry = TimeSpan.FromHours(1);

    private const int DropKeys = 500;

    // Each further attempt needs that another save became current meanwhile, or that staged pieces expired.
    private const int Attempts = 8;

    private readonly StateCalls calls;
    private readonly StateKeys keys;
    private readonly RedisShardReader reader;

    // Taken from a save's publishing to its end, and to finish what was left; reads do without.
    private readonly SemaphoreSlim turn = new(1, 1);

    // Held by the turn. The names that Redis has or may have; null until they were read.
    private HashSet<string>? names;

    // Written with the turn, read by all.
    private volatile SavePosition current;

    // Saves come one at a time: the number of the last one that this owner may have published.
    private long published;

    /// <summary>Takes over what a claim answered.</summary>
    public RedisShardState(StateCalls calls, StateKeys keys, IReadOnlyList<Reply> claim)
        : this(calls, keys, claim[1].Number, new SavePosition(claim[2].Text, claim[3].Number, claim[4].Text))
    {
        Head = claim[7].Bytes;
    }

    private RedisShardState(StateCalls calls, StateKeys keys, long token, SavePosition current)
    {
        (this.calls, this.keys, this.current) = (calls, keys, current);
        (Token, Number) = (token, current.Number);
        reader = new RedisShardReader(calls, keys, token, () => this.current, SettleForAsync);
    }

    /// <inheritdoc/>
    public long Token { get; }

    /// <inheritdoc/>
    public long Number { get; }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Head { get; }

    /// <summary>A shard of which its owner has just given up all that was saved.</summary>
    public static RedisShardState OfNothing(StateCalls calls, StateKeys keys, long token) =>
        new(calls, keys, token, new SavePosition($"{token}-0", 0, $"{token}-0"));

    /// <inheritdoc/>
    public async Task<SaveOutcome> SaveAsync(ShardSave save, CancellationToken stop)
    {
        var pieces = StatePiece.Of(save);
        var id = $"{Token}-{save.Number}";

        // An attempt before this may have made it current: then its pieces are applied and gone, and staging them again
        // would leave them behind.
        if (published != save.Number)
        {
            await StageAsync(id, pieces, stop);
        }

        await turn.WaitAsync(stop);
        try
        {
            var answer = await PublishAsync(save, pieces, stop);
            if (answer == StateAnswer.Ok)
            {
                current = new SavePosition(id, save.Number, save.IsWhole ? id : current.Base);
                answer = await FinishAsync(pieces, 0, stop);
            }

            if (answer == StateAnswer.Ok)
            {
                answer = await TrimAsync(save.Trims, stop);
            }

            // A piece of the current save that is gone is as lost as the save itself: saving everything heals both.
            return answer switch
            {
                StateAnswer.Ok => SaveOutcome.Current,
                StateAnswer.Fenced => SaveOutcome.Fenced,
                _ => SaveOutcome.Behind,
            };
        }
        finally
        {
            turn.Release();
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<ReadOnlyMemory<byte>?>> GetAsync(
        string part, IReadOnlyList<ReadOnlyMemory<byte>> keys, CancellationToken stop) =>
        reader.GetAsync(part, keys, stop);

    /// <inheritdoc/>
    public Task<StatePage> ScanAsync(string part, string cursor, CancellationToken stop) =>
        reader.ScanAsync(part, cursor, stop);

    /// <inheritdoc/>
    public Task<ReadOnlyMemory<byte>> ReadLogAsync(string log, long from, long to, CancellationToken stop) =>
        reader.ReadLogAsync(log, from, to, stop);

    /// <summary>
    /// Finishes what a save left half done, whoever's it was, and gives up what an older base left, before its state is
    /// anybody's.
    /// </summary>
    /// <exception cref="SnapshotException">A piece of the save is gone.</exception>
    /// <exception cref="StateStoreException">It could not be done, or the state is another owner's.</exception>
    public async Task SettleClaimAsync(CancellationToken stop)
    {
        if (await SettleAsync(stop) is var answer && answer != StateAnswer.Ok)
        {
            throw answer == StateAnswer.Missing
                ? StateCalls.Damaged(keys.Shard, $"a piece of its last save ({current.Save}) is gone", false)
                : calls.Unreadable(answer, keys.Shard, current.Save);
        }
    }

    private Task StageAsync(string save, IReadOnlyList<StatePiece> pieces, CancellationToken stop)
    {
        return StateCalls.InParallelAsync(Enumerable.Range(0, pieces.Count), StagePieceAsync, stop);

        // Never over one that is there: it may be current already, without our knowing it, and must not expire then.
        async Task StagePieceAsync(int piece, CancellationToken token)
        {
            using var set = new RedisCommand("SET").Add(keys.Stage(save, piece)).Add(pieces[piece].Bytes.Span)
                .Add("NX").Add("EX").Add((long)StageExpiry.TotalSeconds);
            await calls.SendAsync(set, token);
        }
    }

    private async Task<StateAnswer> PublishAsync(
        ShardSave save, IReadOnlyList<StatePiece> pieces, CancellationToken stop)
    {
        var id = $"{Token}-{save.Number}";
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            using var call = RedisCommand.Call(
                StateScripts.Publish, [keys.Head, .. pieces.Select((_, i) => keys.Stage(id, i))]);
            call.Add(Token).Add(save.Number).Add(save.IsWhole ? 1 : 0).Add(StatePiece.Plan(pieces)).Add(save.Head.Span);
            published = save.Number;
            var answer = calls.AnswerOf(await calls.CallAsync(StateScripts.Publish, call, stop));
            if (answer == StateAnswer.Missing)
            {
                await StageAsync(id, pieces, stop);
            }
            else if (answer != StateAnswer.Unsettled)
            {
                return answer;
            }
            else if (await SettleInTurnAsync(stop) is var settled && settled != StateAnswer.Ok)
            {
                return settled;
            }
        }

        throw calls.Failed(
            "it drops what was stored a moment ago. Check its memory (INFO memory): it may be evicting keys.");
    }

    private async Task<StateAnswer> SettleAsync(CancellationToken stop)
    {
        await turn.WaitAsync(stop);
        try
        {
            return await SettleInTurnAsync(stop);
        }
        finally
        {
            turn.Release();
        }
    }

    private async Task<StateAnswer> SettleInTurnAsync(CancellationToken stop)
    {
        using var call = RedisCommand.Call(StateScripts.Look, keys.Head).Add(Token);
        var reply = await calls.CallAsync(StateScripts.Look, call, stop);
        var answer = calls.AnswerOf(reply);
        if (answer != StateAnswer.Ok)
        {
            return answer;
        }

        var look = reply.Items!;
        var found = new SavePosition(look[1].Text, look[2].Number, look[3].Text);
        if (found.Number < current.Number)
        {
            return StateAnswer.Behind;
        }

        current = found;
        return await FinishAsync(StatePiece.OfPlan(look[5].Text), (int)look[4].Number, stop);
    }

    // An older base goes first: it is of no use from the publishing on, and its memory is.
    private async Task<StateAnswer> FinishAsync(
        IReadOnlyList<StatePiece> plan, int applied, CancellationToken stop)
    {
        var (save, _, atBase) = current;
        names ??= await ReadNamesAsync(stop);
        var answer = await DropAsync([.. names.Where(name => !StateKeys.IsOf(atBase, name))], stop);
        while (answer == StateAnswer.Ok && applied < plan.Count)
        {
            var name = plan[applied].Target(atBase);
            names.Add(name);
            using var call = RedisCommand.Call(
                StateScripts.Apply, keys.Head, keys.Names, keys.Stage(save, applied), keys.Of(name));
            call.Add(Token).Add(save).Add(applied).Add(name);
            _ = plan[applied].Block is null ? call.Add("-") : call.Add(plan[applied].Offset);
            var reply = await calls.CallAsync(StateScripts.Apply, call, stop);
            answer = calls.AnswerOf(reply);
            applied = answer == StateAnswer.Ok ? (int)reply.Items![1].Number : applied;
        }

        return answer;
    }

    private async Task<HashSet<string>> ReadNamesAsync(CancellationToken stop)
    {
        using var ask = new RedisCommand("SMEMBERS").Add(keys.Names);
        return (await calls.SendAsync(ask, stop)).Items!.Select(static item => item.Text)
            .ToHashSet(StringComparer.Ordinal);
    }

    private Task<StateAnswer> TrimAsync(IReadOnlyList<LogTrim> trims, CancellationToken stop)
    {
        var below = new List<string>();
        foreach (var trim in trims)
        {
            var log = StateKeys.Log(current.Base, trim.Log);
            below.AddRange(names!.Where(name =>
                name.StartsWith(log, StringComparison.Ordinal)
                && long.TryParse(name.AsSpan(log.Length), CultureInfo.InvariantCulture, out var block)
                && block < trim.Below / RedisStateStore.BlockBytes));
        }

        return DropAsync(below, stop);
    }

    private async Task<StateAnswer> DropAsync(IReadOnlyList<string> dropped, CancellationToken stop)
    {
        foreach (var some in dropped.Chunk(DropKeys))
        {
            using var call = RedisCommand.Call(
                StateScripts.Drop, [keys.Head, keys.Names, .. some.Select(keys.Of)]);
            call.Add(Token).Add(current.Base);
            foreach (var name in some)
            {
                call.Add(name);
            }

            if (calls.AnswerOf(await calls.CallAsync(StateScripts.Drop, call, stop)) is var answer
                && answer != StateAnswer.Ok)
            {
                return answer;
            }

            names!.ExceptWith(some);
        }

        return StateAnswer.Ok;
    }

    // Where a save is half applied, or has become current without our knowing it, that is settled first.
    private async Task SettleForAsync(StateAnswer answer, CancellationToken stop)
    {
        answer = answer == StateAnswer.Unsettled ? await SettleAsync(stop) : answer;
        if (answer != StateAnswer.Ok)
        {
            throw calls.Unreadable(answer, keys.Shard, current.Save);
        }
    }
}
