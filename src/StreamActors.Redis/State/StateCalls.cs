using StreamActors.Snapshots;

namespace StreamActors.Redis;

/// <summary>Asks Redis for the store, over the store's own connection; what goes wrong is a sentence.</summary>
internal sealed class StateCalls(RedisOptions options, RedisLink link)
{
    // Pieces on their way at once: 8 of 256 KB are 2 MB, and pass within 5 s (RedisOptions.OperationTimeout) through
    // 0.4 MB/s.
    private const int InFlight = 8;

    /// <summary>Does something for all, a bounded number at a time.</summary>
    public static Task InParallelAsync<T>(
        IEnumerable<T> all, Func<T, CancellationToken, Task> each, CancellationToken stop) =>
        Parallel.ForEachAsync(
            all,
            new ParallelOptions { MaxDegreeOfParallelism = InFlight, CancellationToken = stop },
            (one, token) => new ValueTask(each(one, token)));

    /// <summary>Calls a script.</summary>
    /// <exception cref="StateStoreException">It did not answer, or refused the call.</exception>
    public async Task<Reply> CallAsync(RedisScript script, RedisCommand call, CancellationToken stop)
    {
        try
        {
            var connection = await link.GetAsync().WaitAsync(stop);
            return await script.CallAsync(connection, call.Bytes(), options.OperationTimeout, stop);
        }
        catch (RedisFaultException error)
        {
            throw new StateStoreException($"redis {options.Endpoint}: {error.Fault}", error);
        }
    }

    /// <summary>Claims a shard.</summary>
    /// <param name="keys">The shard's.</param>
    /// <param name="generation">The group's generation.</param>
    /// <param name="force">Whether to claim where a later one is stored.</param>
    /// <param name="stop">Ends the wait; it may be claimed.</param>
    /// <returns>Whether it is claimed, and what the script answered: behind a refusal, the stored generation.</returns>
    /// <exception cref="SnapshotException">What is stored is of another format.</exception>
    /// <exception cref="StateStoreException">It did not answer, or refused the call.</exception>
    public async Task<(bool IsClaimed, IReadOnlyList<Reply> Items)> ClaimAsync(
        StateKeys keys, long generation, bool force, CancellationToken stop)
    {
        using var call = RedisCommand.Call(StateScripts.Claim, keys.Head)
            .Add(RedisStateStore.Format).Add(generation).Add(force ? 1 : 0).Add(RedisStateStore.Owner);
        var reply = await CallAsync(StateScripts.Claim, call, stop);
        return AnswerOf(reply) switch
        {
            StateAnswer.Ok => (true, reply.Items!),
            StateAnswer.Refused => (false, reply.Items!),
            _ => throw OtherFormat(keys, reply.Items![1].Text),
        };
    }

    /// <summary>Sends a plain command.</summary>
    /// <exception cref="StateStoreException">It did not answer, or refused the command.</exception>
    public async Task<Reply> SendAsync(RedisCommand command, CancellationToken stop)
    {
        try
        {
            var connection = await link.GetAsync().WaitAsync(stop);
            return (await connection.SendAsync(command.Bytes(), options.OperationTimeout, stop)).Accept(connection);
        }
        catch (RedisFaultException error)
        {
            throw new StateStoreException($"redis {options.Endpoint}: {error.Fault}", error);
        }
    }

    /// <summary>What Redis answered and the store cannot go on with.</summary>
    public StateStoreException Failed(string sentence) => new($"redis {options.Endpoint}: {sentence}");

    /// <summary>What is stored of a shard lacks something that was saved, and that nobody else has.</summary>
    /// <param name="shard">The shard.</param>
    /// <param name="what">What it lacks, as the end of a sentence.</param>
    /// <param name="canBeDiscarded">Whether the shard can be owned in spite of it.</param>
    public static SnapshotException Damaged(string shard, string what, bool canBeDiscarded = true) => new(
        $"The snapshot of the shard {shard} is damaged: {what}. Find who deletes keys that begin with streamactors:.")
    {
        CanBeDiscarded = canBeDiscarded,
    };

    /// <summary>A claim was answered with a format that is not ours.</summary>
    private static SnapshotException OtherFormat(StateKeys keys, string found) => new(
        $"The state of the shard {keys.Shard} ({keys.Head}) has the format {found}; this program reads "
        + $"{RedisStateStore.Format}. Run the release that wrote it.")
    {
        CanBeDiscarded = false,
    };

    /// <summary>What a script answered first.</summary>
    public StateAnswer AnswerOf(Reply reply) =>
        reply.Items is [var first, ..] && Enum.TryParse<StateAnswer>(first.Text, ignoreCase: true, out var answer)
            ? answer
            : throw Failed("a script answered what it never does. Check that nothing between here and Redis edits it.");

    /// <summary>Why a shard's state cannot be read any more by who holds it.</summary>
    public StateStoreException Unreadable(StateAnswer why, string shard, string save) => Failed(why switch
    {
        StateAnswer.Fenced => $"the shard {shard} has another owner by now.",
        StateAnswer.Missing =>
            $"a staged piece of the shard {shard}'s last save ({save}) is gone, and was not applied yet. Find who "
            + "deletes keys that begin with streamactors:; the next save tells whether all can be saved again.",
        _ => $"it does not have what it had acknowledged of the shard {shard}: it was emptied, or replaced by a copy "
            + "that lags behind. The next save writes everything again.",
    });
}
