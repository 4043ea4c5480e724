using StreamActors.Shards;

namespace StreamActors.Snapshots;

/// <summary>
/// Asks a store from a shard's turn, one question at a time, and never once the shard's epoch has ended: where it did
/// not answer, again after a while. An answer asks for a turn. Owned by the shard: only its turn calls it, but for what
/// says otherwise.
/// </summary>
/// <param name="context">The shard's.</param>
/// <param name="random">Chance, for the waits.</param>
internal sealed class StoreQuestion(ShardContext context, Random random)
{
    private static readonly Backoff Retry = new(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(1));

    private Task? underWay;
    private long tryAt = long.MinValue;
    private int failures;

    /// <summary>Why there was no answer; null where there was. Any thread.</summary>
    public string? Trouble { get; private set; }

    /// <summary>Whether it may be asked now.</summary>
    public bool CanAsk => underWay is null && context.Now >= tryAt;

    /// <summary>When it may be asked again, in milliseconds; <see cref="long.MaxValue"/> where it may be now.</summary>
    public long NextDue => underWay is null && context.Now < tryAt ? tryAt : long.MaxValue;

    /// <summary>Asks, unless it is asked already, may not be yet, or the epoch has ended.</summary>
    /// <returns>Whether it was asked.</returns>
    public bool TryAsk<T>(Func<CancellationToken, Task<T>> ask)
    {
        if (!CanAsk || context.Epoch.TryRun(ask) is not { } begun)
        {
            return false;
        }

        underWay = begun;
        if (begun.IsCompleted)
        {
            context.RequestTurn();
        }
        else
        {
            begun.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(context.RequestTurn);
        }

        return true;
    }

    /// <summary>Takes the answer, where there is one; what else was thrown passes through.</summary>
    public StoreAnswer Take<T>(out T answer)
    {
        answer = default!;
        if (underWay is not { IsCompleted: true })
        {
            return StoreAnswer.NotYet;
        }

        var ended = (Task<T>)underWay;
        underWay = null;
        if (ended.Exception?.InnerException is StateStoreException error)
        {
            var (store, trouble, counters) = context.Store!;
            Trouble = $"{store.Name}: {error.Message}";
            trouble.Failed(context.Now, error.Message);
            counters.AddFailure();
            tryAt = context.Now + (long)Retry.Wait(++failures, random).TotalMilliseconds;
            return StoreAnswer.None;
        }

        answer = ended.GetAwaiter().GetResult();
        (Trouble, failures, tryAt) = (null, 0, long.MinValue);
        context.Store!.Trouble.Succeeded(context.Now);
        return StoreAnswer.Given;
    }
}

/// <summary>What has become of a question.</summary>
internal enum StoreAnswer
{
    /// <summary>It is not asked, or under way.</summary>
    NotYet,

    /// <summary>There was none: it may be asked again after a while.</summary>
    None,

    /// <summary>It is answered.</summary>
    Given,
}
