namespace StreamActors.Redis;

/// <summary>
/// The life of the one connection that all shards share: made when somebody wants it, made again when it broke.
/// While an attempt runs, all callers wait for that one; for a moment after it failed, all fail with it at once. None
/// is made in the background: the engine's next attempt is the retry, and its back-off the pace.
/// <code>
/// none ──GetAsync──▶ attempt ──▶ open ──breaks──▶ none
///                       └──▶ failed (RetryPause) ──▶ none
/// </code>
/// </summary>
internal sealed class RedisLink(RedisOptions options, TimeProvider time) : IAsyncDisposable
{
    /// <summary>
    /// How long a failed attempt stands for those that follow. It keeps a hundred shards from making a hundred
    /// attempts, and is far below the second within which all is to work again.
    /// </summary>
    internal static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(100);

    // A health page is asked every few seconds and must not hang: ISink and IStateStore allow no more.
    private static readonly TimeSpan ReachTimeout = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource closing = new();

    // Guarded by gate.
    private readonly Lock gate = new();
    private RedisConnection? current;
    private Task<RedisConnection>? attempt;
    private long attemptEnded;

    /// <summary>The connection, if need be a new one.</summary>
    /// <exception cref="RedisFaultException">There is none, and none could be made.</exception>
    public Task<RedisConnection> GetAsync()
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(closing.IsCancellationRequested, this);
            if (current is { IsBroken: false })
            {
                return Task.FromResult(current);
            }

            if (attempt is null || (attempt.IsCompleted && time.GetElapsedTime(attemptEnded) >= RetryPause))
            {
                attempt = Task.Run(OpenAsync);
            }

            return attempt;
        }
    }

    /// <summary>
    /// Whether a fresh connection can be made and used, within two seconds. Its own connection, because the shared one
    /// may be busy with much data, or not know yet that the server is gone.
    /// </summary>
    public async ValueTask<bool> IsReachableAsync(CancellationToken stop)
    {
        try
        {
            var limit = options.ConnectTimeout < ReachTimeout ? options.ConnectTimeout : ReachTimeout;
            using var connection = await RedisConnection.OpenAsync(options with { ConnectTimeout = limit }, time, stop);
            return true;
        }
        catch (RedisFaultException)
        {
            return false;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Closes the connection and ends an attempt to make one.</summary>
    public async ValueTask DisposeAsync()
    {
        Task? running;
        lock (gate)
        {
            if (closing.IsCancellationRequested)
            {
                return;
            }

            closing.Cancel();
            running = attempt;
        }

        if (running is not null)
        {
            await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        current?.Dispose();
        closing.Dispose();
    }

    private async Task<RedisConnection> OpenAsync()
    {
        try
        {
            var opened = await RedisConnection.OpenAsync(options, time, closing.Token);
            lock (gate)
            {
                current = opened;
                attempt = null;
            }

            return opened;
        }
        finally
        {
            lock (gate)
            {
                attemptEnded = time.GetTimestamp();
            }
        }
    }
}
