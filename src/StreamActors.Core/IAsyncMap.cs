namespace StreamActors;

/// <summary>
/// A step of a route that awaits: it makes a value of a value by asking somebody else. Each call has an object of its
/// own, made in a scope of its own and disposed with it. Calls for records of one key come one after the other, in the
/// records' order; calls for other keys run at the same time, and so do those for records without a key (where the
/// route has no sub-key).
/// <para>
/// What a call throws, its making and its disposing included, is its outcome: worth another attempt where
/// <see cref="MapAsyncOptions.Retry"/> accepts it, else the record becomes a dead letter and its id is not remembered.
/// A record may be called for again after a crash, a hand-over or a time-out: what is asked for must bear that, by
/// <see cref="Call.IdempotencyKey"/> where it changes anything.
/// </para>
/// <para>
/// A call whose time is over is given up, and the next attempt or the key's next record does not wait for it; so heed
/// the token, else two calls of a key may run at once. Until it really ends it takes its place in
/// <see cref="MapAsyncOptions.MaxInFlight"/>.
/// </para>
/// </summary>
/// <typeparam name="TIn">
/// The route's values, read anew for each attempt. A ref struct works where the method is not <c>async</c> itself: it
/// takes out what it needs, and calls one that is.
/// </typeparam>
/// <typeparam name="TOut">What it makes of them.</typeparam>
public interface IAsyncMap<TIn, TOut>
    where TIn : allows ref struct
{
    /// <summary>Makes a value.</summary>
    /// <param name="value">The record's value.</param>
    /// <param name="call">What else is known of the record.</param>
    /// <param name="stop">
    /// Fires when the call's time is over, and when the shard is let go: nobody waits for the outcome any more.
    /// </param>
    /// <returns>The value; null = nothing is emitted, and the record counts as one without output.</returns>
    ValueTask<TOut?> MapAsync(TIn value, Call call, CancellationToken stop);
}

/// <summary>What a call of <see cref="IAsyncMap{TIn, TOut}"/> knows of its record.</summary>
/// <param name="Key">
/// The record's key, as text (what is not UTF-8 shows as U+FFFD); empty where it has none.
/// </param>
/// <param name="EventTime">
/// The time that the record carries, or its value where the route says <c>EventTime</c>; the nearest that a date can
/// say.
/// </param>
/// <param name="Attempt">Which attempt this is in this process, from 1.</param>
/// <param name="IdempotencyKey">
/// The record's place, the same in each attempt of any process: <c>topic/partition/offset</c>.
/// </param>
public sealed record Call(string Key, DateTimeOffset EventTime, int Attempt, string IdempotencyKey);
