namespace StreamActors.Calls;

/// <summary>Fires the tokens of calls: user code that listens to them runs here, and not in a shard's turn.</summary>
internal sealed class CallCancellation<TIn, TOut>(CallAttempt<TIn, TOut>[] attempts) : IThreadPoolWorkItem
    where TIn : allows ref struct
{
    /// <inheritdoc/>
    public void Execute() => Array.ForEach(attempts, static attempt => attempt.Cancel());
}
