namespace StreamActors.Sinks;

/// <summary>
/// A place where outputs go. The engine opens one for each pipeline that uses it and closes it after the last shard has
/// let go.
/// <para>
/// Calls: shards call <see cref="DeliverAsync"/> at the same time from different threads; each has at most one call
/// unfinished, and starts the next only after it, which is what keeps the order of a key. The sink must send a batch's
/// outputs in their order.
/// </para>
/// <para>
/// Failures: a <see cref="SinkException"/> means that some or none of the outputs were taken; the engine calls again
/// with the same batch, after a pause, for as long as it takes, and reads no more records meanwhile. An output that can
/// never be delivered is refused by <see cref="OutputBatch.Refuse"/>, and the call succeeds. Any other exception is a
/// defect of the sink and restarts the shard. A delivery may also wait for a peer that is away, if the sink tells of it
/// by itself: the engine only sees that it takes long.
/// </para>
/// <para>
/// Shutdown: when <c>stop</c> fires the outcome no longer matters to anyone; return or throw soon. The batch belongs to
/// the engine again as soon as the task has completed, and must not be touched afterwards. Disposing ends what is under
/// way, keeps what was acknowledged, and is harmless when it comes twice.
/// </para>
/// <para><c>SinkContract</c> of StreamActors.Testing checks all of this.</para>
/// </summary>
public interface ISink : IAsyncDisposable
{
    /// <summary>The name that logs, metrics and stalls use, such as <c>redis</c>.</summary>
    string Name { get; }

    /// <summary>Delivers all outputs of a batch; completes when each was acknowledged or refused.</summary>
    Task DeliverAsync(OutputBatch batch, CancellationToken stop);

    /// <summary>
    /// Whether the peer answers now, and would take something as far as a question can tell that writes nothing: one
    /// that refuses the log-in is away. For health pages and <c>check</c>. Never throws for a peer that is away.
    /// </summary>
    ValueTask<bool> IsReachableAsync(CancellationToken stop);
}

/// <summary>
/// A delivery that failed and may be tried again. Its message names the peer, the error and the remedy.
/// </summary>
public sealed class SinkException : Exception
{
    /// <summary>Makes an exception without a message.</summary>
    public SinkException()
    {
    }

    /// <summary>Makes an exception with a message.</summary>
    public SinkException(string message)
        : base(message)
    {
    }

    /// <summary>Makes an exception with a message and its cause.</summary>
    public SinkException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
