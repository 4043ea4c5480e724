using StreamActors.Parked;

namespace StreamActors.Calls;

/// <summary>
/// One attempt to call user code for a record: opens a scope, reads the value, makes the object, calls, awaits,
/// disposes the scope. Whatever user code throws on the way is the outcome. An attempt whose time is over is decided
/// then; it goes on, and ends when user code lets it, but its result matters to nobody any more.
/// </summary>
#pragma warning disable CA1001 // The token source has neither timer nor wait handle: there is nothing to dispose of.
internal sealed class CallAttempt<TIn, TOut>(CallDesk<TIn, TOut> desk, ParkedRecord parked) : IThreadPoolWorkItem
    where TIn : allows ref struct
#pragma warning restore CA1001
{
    private readonly CancellationTokenSource stop = new();
    private readonly int number = parked.Attempts;
    private long begunAt = desk.Time.GetTimestamp();
    private int isDecided;

    /// <summary>The record.</summary>
    public ParkedRecord Parked { get; } = parked;

    /// <summary>What came of it, once it is posted to the desk.</summary>
    public CallOutcome<TOut> Outcome { get; private set; }

    /// <summary>How long it took until it was decided.</summary>
    public TimeSpan Took { get; private set; }

    /// <summary>Begins, on a thread of the scheduler's, unless the shard was let go.</summary>
    public void Execute() => _ = RunAsync();

    /// <summary>
    /// Gives it up before its time, unless it is decided: what comes of it matters to nobody any more.
    /// </summary>
    /// <returns>Whether that is its outcome; else another is on its way.</returns>
    public bool GiveUp(Exception why) => Decide(new() { Error = why });

    /// <summary>Fires the call's token.</summary>
    public void Cancel()
    {
        try
        {
            stop.Cancel();
        }
        catch (AggregateException)
        {
            // User code that listens to the token threw. Its call is given up already: nothing changes by that.
        }
    }

    private async Task RunAsync()
    {
        if (!desk.Epoch.IsOpen || Volatile.Read(ref isDecided) != 0)
        {
            desk.Ended();
            return;
        }

        begunAt = desk.Time.GetTimestamp();
        using var timer = desk.Time.CreateTimer(
            static attempt => ((CallAttempt<TIn, TOut>)attempt!).TimeOut(),
            this,
            desk.Plan.Options.Timeout,
            Timeout.InfiniteTimeSpan);
        var outcome = await AskAsync().ConfigureAwait(false);
        desk.Ended();
        Decide(outcome);
    }

    private async Task<CallOutcome<TOut>> AskAsync()
    {
        try
        {
            var scope = desk.Scopes.Open();
            await using (scope.ConfigureAwait(false))
            {
                return new() { Result = await Invoke(scope).ConfigureAwait(false) };
            }
        }
        catch (RecordRejectedException error)
        {
            // A verdict on the record: no other attempt would change it, whatever the filter says.
            return new() { Error = error };
        }
        catch (OperationCanceledException error) when (error.InnerException is TimeoutException)
        {
            // A client's own time-out, as HttpClient tells it.
            return new() { Error = error, IsRetryable = true, IsTimeout = true };
        }
        catch (Exception error) when (desk.Plan.Options.Retry.Accepts(error))
        {
            // A filter that throws does not accept: the runtime goes on to the next catch.
            return new() { Error = error, IsRetryable = true };
        }
        catch (Exception error)
        {
            return new() { Error = error };
        }
    }

    /// <summary>Not an async method, since the value may be a ref struct.</summary>
    private ValueTask<TOut?> Invoke(IScope scope)
    {
        var value = desk.Plan.Reader.ReadAgain(Parked.Record.Value);
        return desk.Plan.Make(scope).MapAsync(value, Parked.ToCall(number), stop.Token);
    }

    private void TimeOut()
    {
        Decide(new()
        {
            Error = new TimeoutException($"The call took longer than {desk.Plan.Options.Timeout}."),
            IsRetryable = true,
            IsTimeout = true,
        });
        Cancel();
    }

    /// <summary>The first outcome counts.</summary>
    /// <returns>Whether this one is the first.</returns>
    private bool Decide(CallOutcome<TOut> outcome)
    {
        var isFirst = Interlocked.Exchange(ref isDecided, 1) == 0;
        if (isFirst)
        {
            Outcome = outcome;
            Took = desk.Time.GetElapsedTime(begunAt);
            desk.Post(this);
        }

        desk.RequestTurn();
        return isFirst;
    }
}

/// <summary>What came of an attempt.</summary>
internal readonly record struct CallOutcome<TOut>
{
    /// <summary>The value; null when there is none, or it failed.</summary>
    public TOut? Result { get; init; }

    /// <summary>Why it failed; null when it did not.</summary>
    public Exception? Error { get; init; }

    /// <summary>Whether the failure is worth another attempt.</summary>
    public bool IsRetryable { get; init; }

    /// <summary>Whether its time was over.</summary>
    public bool IsTimeout { get; init; }
}
