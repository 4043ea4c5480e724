using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace StreamActors.Redis;

/// <summary>
/// One connection to Redis, logged in and ready; <see cref="RedisLink"/> decides when there is one. Many callers share
/// it: commands are written one after the other and answered in the same order. The first thing that goes wrong, an
/// answer that is overdue included, breaks it for good, and fails all that is unanswered: nobody waits for a peer that
/// is gone, and nobody reads the answer to another's command.
/// <code>
/// SendAsync → (turn to write) → stream → … → ReadAsync → the caller that has waited longest
/// </code>
/// </summary>
internal sealed class RedisConnection : IDisposable
{
    private const int FirstBuffer = 1024;

    // A page of state fits several times; what one large value needed is given back.
    private const int MaxKeptBuffer = 2 * 1024 * 1024;

    private readonly Socket socket;
    private readonly Stream stream;
    private readonly TimeProvider time;
    private readonly SemaphoreSlim writeTurn = new(1, 1);

    // Guarded by gate.
    private readonly Lock gate = new();
    private readonly Queue<TaskCompletionSource<Reply>> unanswered = new();
    private RedisFault? fault;

    private RedisConnection(Socket socket, Stream stream, TimeProvider time)
    {
        this.socket = socket;
        this.stream = stream;
        this.time = time;
    }

    /// <summary>Whether it can be used no more.</summary>
    public bool IsBroken
    {
        get
        {
            lock (gate)
            {
                return fault is not null;
            }
        }
    }

    /// <summary>Connects, logs in, selects the database, and makes sure that the server is a primary.</summary>
    /// <exception cref="RedisFaultException">Any of it failed, or took longer than the connect time-out.</exception>
    public static async Task<RedisConnection> OpenAsync(
        RedisOptions options, TimeProvider time, CancellationToken stop)
    {
        using var limit = new CancellationTokenSource(options.ConnectTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stop);
        IDisposable unfinished = Stream.Null;
        try
        {
            // The system refuses the socket itself when the process has too many files open.
            var plain = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            unfinished = plain;
            await plain.ConnectAsync(options.Host, options.Port, either.Token);
            var wire = new NetworkStream(plain, ownsSocket: true);
            var connection = new RedisConnection(
                plain, options.Tls ? await SecureAsync(wire, options, either.Token) : wire, time);
            unfinished = connection;
            _ = connection.ReadAsync();
            await connection.GreetAsync(options, either.Token);
            unfinished = Stream.Null;
            return connection;
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            throw new RedisFaultException(RedisFault.TimedOut(options.ConnectTimeout));
        }
        catch (SocketException error)
        {
            throw new RedisFaultException(RedisFault.Unreachable(error));
        }
        finally
        {
            unfinished.Dispose();
        }
    }

    /// <summary>
    /// Sends a command and waits for its answer. The bytes are the caller's again as soon as the task has completed.
    /// When <paramref name="stop"/> fires, the caller goes and the connection stays.
    /// </summary>
    /// <exception cref="RedisFaultException">The connection broke, or the answer did not come in time.</exception>
    public async Task<Reply> SendAsync(ReadOnlyMemory<byte> command, TimeSpan timeout, CancellationToken stop)
    {
        using var limit = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stop);
        try
        {
            var answer = await WriteAsync(command, timeout, limit.Token, either.Token);
            return await answer.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            var overdue = RedisFault.TimedOut(timeout);
            Break(overdue);
            throw new RedisFaultException(overdue);
        }
    }

    /// <summary>Breaks the connection; whatever is unanswered fails with this fault. The first fault counts.</summary>
    public void Break(RedisFault why)
    {
        lock (gate)
        {
            if (fault is not null)
            {
                return;
            }

            fault = why;

            // A reset, not an orderly end: what the kernel still holds must not reach a server that wakes up later,
            // since it will be sent again.
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }

        Close();
    }

    /// <summary>Ends the connection in an orderly way.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            fault ??= RedisFault.Broken("the connection was closed");
        }

        Close();
    }

    // Nothing is added any more, since there is a fault.
    private void Close()
    {
        stream.Dispose();
        while (true)
        {
            TaskCompletionSource<Reply>? next;
            lock (gate)
            {
                if (!unanswered.TryDequeue(out next))
                {
                    return;
                }
            }

            next.TrySetException(new RedisFaultException(fault!));

            // Its caller may have gone: then nobody else looks at the exception, and the runtime would report it.
            _ = next.Task.Exception;
        }
    }

    private async Task<Task<Reply>> WriteAsync(
        ReadOnlyMemory<byte> command, TimeSpan timeout, CancellationToken limit, CancellationToken limitOrStop)
    {
        await writeTurn.WaitAsync(limitOrStop);
        var isWhole = false;
        try
        {
            var answer = Expect();

            // A caller that leaves in the middle of a command would leave half of it on the wire: only the time-out,
            // which breaks the connection, may end a write.
            await stream.WriteAsync(command, limit);
            isWhole = true;
            return answer;
        }
        catch (OperationCanceledException)
        {
            Break(RedisFault.TimedOut(timeout));
            throw new RedisFaultException(FirstFault());
        }
        catch (IOException error)
        {
            Break(RedisFault.OfStream(error));
            throw new RedisFaultException(FirstFault());
        }
        catch (ObjectDisposedException)
        {
            // Somebody broke the connection meanwhile, and left the reason.
            throw new RedisFaultException(FirstFault());
        }
        finally
        {
            // The server would take the next command for the rest of this one: nobody may write behind half a command,
            // whatever cut it.
            if (!isWhole)
            {
                Break(RedisFault.Broken("a command was cut in the middle"));
            }

            writeTurn.Release();
        }
    }

    private Task<Reply> Expect()
    {
        var answer = new TaskCompletionSource<Reply>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            if (fault is not null)
            {
                throw new RedisFaultException(fault);
            }

            unanswered.Enqueue(answer);
        }

        return answer.Task;
    }

    private async Task ReadAsync()
    {
        var buffer = new byte[FirstBuffer];
        var used = 0;
        try
        {
            while (true)
            {
                if (used > Resp.MaxAnswer)
                {
                    throw new InvalidDataException($"an answer that is not RESP: above {Resp.MaxAnswer} bytes");
                }

                if (used == buffer.Length)
                {
                    Array.Resize(ref buffer, buffer.Length * 2);
                }

                var read = await stream.ReadAsync(buffer.AsMemory(used));
                if (read == 0)
                {
                    Break(RedisFault.Broken("it closed the connection"));
                    return;
                }

                used += read;
                var taken = TakeAnswers(buffer.AsSpan(0, used));
                buffer.AsSpan(taken, used - taken).CopyTo(buffer);
                used -= taken;
                if (used == 0 && buffer.Length > MaxKeptBuffer)
                {
                    buffer = new byte[FirstBuffer];
                }
            }
        }
        catch (IOException error)
        {
            Break(RedisFault.OfStream(error));
        }
        catch (InvalidDataException error)
        {
            Break(RedisFault.OfStream(error));
        }
        catch (ObjectDisposedException)
        {
            // We closed it ourselves: the reason is known, and nobody waits any more.
        }
    }

    private int TakeAnswers(ReadOnlySpan<byte> received)
    {
        var taken = 0;
        while (taken < received.Length && Resp.TryRead(received[taken..], out var reply, out var length))
        {
            taken += length;
            TaskCompletionSource<Reply>? answered;
            lock (gate)
            {
                unanswered.TryDequeue(out answered);
            }

            if (answered is null)
            {
                // Redis speaks unasked only to turn somebody away: protected mode, too many clients.
                Break(RedisFault.OfReply(reply.Text));
                return taken;
            }

            answered.TrySetResult(reply);
        }

        return taken;
    }

    private RedisFault FirstFault()
    {
        lock (gate)
        {
            return fault!;
        }
    }

    private async Task GreetAsync(RedisOptions options, CancellationToken stop)
    {
        // All questions in one go: a server that takes a second for each answer is slow, not away. Answers are read in
        // their order: the first refusal is the reason, even where the server hangs up after it.
        var hasLogin = !string.IsNullOrEmpty(options.Password);
        var login = !hasLogin ? null
            : options.User is null ? Ask("AUTH", options.Password!)
            : Ask("AUTH", options.User, options.Password!);
        var (ping, role) = (Ask("PING"), Ask("ROLE"));
        var select = options.Database == 0 ? null : Ask("SELECT", options.Database.ToString());
        if (login is not null && await login is { IsError: true } refused)
        {
            throw new RedisFaultException(RedisFault.OfLogin(refused.Text));
        }

        // A user whose rights are cut down to publishing may use neither PING nor ROLE; the refusal proves the login.
        var pong = await ping;
        Require(!pong.IsError || IsNotPermitted(pong), () => RedisFault.OfReply(pong.Text));
        Require((await role).Items is not [{ Text: "slave" }, ..], RedisFault.Replica);
        if (select is not null && await select is { IsError: true } unknown)
        {
            throw new RedisFaultException(RedisFault.OfSelect(unknown.Text, options.Database));
        }

        Task<Reply> Ask(params ReadOnlySpan<string> words) =>
            SendAsync(Resp.Command(words), options.ConnectTimeout, stop);

        static bool IsNotPermitted(Reply reply) =>
            RedisFault.OfReply(reply.Text).Kind == RedisFaultKind.NotPermitted;

        static void Require(bool holds, Func<RedisFault> otherwise)
        {
            if (!holds)
            {
                throw new RedisFaultException(otherwise());
            }
        }
    }

    private static async Task<Stream> SecureAsync(Stream plain, RedisOptions options, CancellationToken stop)
    {
        try
        {
            var policy = options.TlsCaFile is null ? null : await TrustOnlyAsync(options.TlsCaFile, stop);
            var secure = new SslStream(plain);
            await secure.AuthenticateAsClientAsync(
                new() { TargetHost = options.Host, CertificateChainPolicy = policy }, stop);
            return secure;
        }
        catch (AuthenticationException error)
        {
            throw new RedisFaultException(RedisFault.TlsFailed(error));
        }
        catch (IOException error)
        {
            throw new RedisFaultException(RedisFault.TlsFailed(error));
        }
        catch (UnauthorizedAccessException error)
        {
            throw new RedisFaultException(RedisFault.TlsFailed(error));
        }
        catch (CryptographicException error)
        {
            throw new RedisFaultException(RedisFault.TlsFailed(error));
        }
    }

    private static async Task<X509ChainPolicy> TrustOnlyAsync(string caFile, CancellationToken stop)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,

            // A private authority rarely publishes revocations, and an unreachable list must not stop the stream.
            RevocationMode = X509RevocationMode.NoCheck,
        };
        policy.CustomTrustStore.ImportFromPem(await File.ReadAllTextAsync(caFile, stop));
        return policy;
    }
}
