using StreamActors.Snapshots;

namespace StreamActors.Redis;

/// <summary>A shard's state in the hands of its operator, who has claimed it.</summary>
internal sealed class ClaimedShard
{
    private readonly StateCalls calls;
    private readonly StateKeys keys;
    private readonly IReadOnlyList<Reply> claim;
    private RedisShardState state;

    /// <summary>Takes over what a claim answered.</summary>
    public ClaimedShard(StateCalls calls, StateKeys keys, IReadOnlyList<Reply> claim)
    {
        (this.calls, this.keys, this.claim) = (calls, keys, claim);
        state = new RedisShardState(calls, keys, claim);
    }

    /// <summary>The number of a save that may follow.</summary>
    public long NextNumber => state.Number + 1;

    /// <summary>
    /// Deletes what is saved. What stays is the fence: a process that owned the shard saves nothing any more. It may be
    /// called again, after a failure or by another process.
    /// </summary>
    /// <returns>Whether it is done; else another process has claimed the shard.</returns>
    /// <exception cref="StateStoreException">The outcome is unknown.</exception>
    public async Task<bool> EmptyAsync(CancellationToken stop)
    {
        using (var call = RedisCommand.Call(StateScripts.Empty, [keys.Head, .. Unapplied()]).Add(state.Token))
        {
            if (calls.AnswerOf(await calls.CallAsync(StateScripts.Empty, call, stop)) != StateAnswer.Ok)
            {
                return false;
            }
        }

        // From here on nothing of it counts. Settling gives up what is of another base: all.
        state = RedisShardState.OfNothing(calls, keys, state.Token);
        await state.SettleClaimAsync(stop);
        return true;
    }

    /// <summary>Puts a whole save in the place of what is there: all of it or nothing.</summary>
    /// <returns>Whether it is done; else another process has claimed the shard.</returns>
    /// <exception cref="StateStoreException">The outcome is unknown: ask again with the same save.</exception>
    public async Task<bool> ReplaceAsync(ShardSave save, CancellationToken stop)
    {
        var outcome = await state.SaveAsync(save, stop);
        if (outcome == SaveOutcome.Behind)
        {
            // A piece of the last save is gone for good: it could be read by nobody.
            outcome = await EmptyAsync(stop) ? await state.SaveAsync(save, stop) : SaveOutcome.Fenced;
        }

        return outcome switch
        {
            SaveOutcome.Current => true,
            SaveOutcome.Fenced => false,
            _ => throw calls.Failed($"it drops what was stored of the shard {keys.Shard} a moment ago."),
        };
    }

    private IEnumerable<string> Unapplied() =>
        keys.Stages(claim[2].Text, claim[5].Number, StatePiece.OfPlan(claim[6].Text).Count);
}
