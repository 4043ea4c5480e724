using System.Collections.Concurrent;
using StreamActors.Shards;

namespace StreamActors.Calls;

/// <summary>Where the calls of a shard meet its turn: all of the shard that a call touches. Any thread.</summary>
internal sealed class CallDesk<TIn, TOut>(CallPlan<TIn, TOut> plan, ShardContext context)
    where TIn : allows ref struct
{
    private readonly ConcurrentQueue<CallAttempt<TIn, TOut>> decided = new();
    private int inFlight;

    /// <summary>The step that the calls are made for.</summary>
    public CallPlan<TIn, TOut> Plan { get; } = plan;

    /// <summary>The ownership for which they are made: none begins once it has ended.</summary>
    public Epoch Epoch { get; } = context.Epoch;

    /// <summary>Where their scopes come from.</summary>
    public IScopes Scopes { get; } = context.Scopes;

    /// <summary>The clock for their time-outs.</summary>
    public TimeProvider Time { get; } = context.Time;

    /// <summary>Asks for the shard's turn.</summary>
    public Action RequestTurn { get; } = context.RequestTurn;

    /// <summary>The calls that have not ended, given up or not.</summary>
    public int InFlight => Volatile.Read(ref inFlight);

    /// <summary>A call gets a place, and is about to begin.</summary>
    public void Began() => Interlocked.Increment(ref inFlight);

    /// <summary>A call's task has ended, and its scope is disposed: its place is free.</summary>
    public void Ended()
    {
        Interlocked.Decrement(ref inFlight);
        Plan.Slots.Release();
    }

    /// <summary>The outcome of an attempt is known.</summary>
    public void Post(CallAttempt<TIn, TOut> attempt) => decided.Enqueue(attempt);

    /// <summary>Takes an attempt whose outcome is known. Only the turn calls it.</summary>
    public bool TryTake([System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out CallAttempt<TIn, TOut> attempt) =>
        decided.TryDequeue(out attempt);
}
