using System.Diagnostics;

namespace StreamActors.Tests.Fixtures;

/// <summary>What a Redis server of a test's own is like.</summary>
public sealed record RealRedisOptions
{
    /// <summary>The default user's password.</summary>
    public string? Password { get; init; }

    /// <summary>Only TLS is spoken; the authority to trust is <see cref="RealRedis.CaFile"/>.</summary>
    public bool Tls { get; init; }

    /// <summary>Further users, as ACL rules: "alice on &gt;secret ~* &amp;* +@all".</summary>
    public IReadOnlyList<string> Users { get; init; } = [];

    /// <summary>Keeps the data over a kill and a start.</summary>
    public bool Durable { get; init; }
}

/// <summary>A real Redis server on loopback, on a free port that it keeps over a kill and a start.</summary>
public sealed class RealRedis : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(20);
    private static readonly Lazy<Task<RealRedis>> TheShared = new(() => StartAsync());

    private readonly Leash leash = new();
    private readonly RealRedisOptions options;
    private Process? server;

    private RealRedis(RealRedisOptions options) => this.options = options;

    /// <summary>Why there is none; null when there is.</summary>
    public static string? WhyNot { get; } = Machine.Has("redis-server") && Machine.Has("redis-cli")
        ? null
        : "no redis-server on the PATH: apt-get install redis-server";

    public int Port { get; private set; }

    /// <summary>HOST:PORT.</summary>
    public string Endpoint => $"127.0.0.1:{Port}";

    /// <summary>The authority that signed the server's certificate, when TLS was asked for.</summary>
    public string CaFile => Path.Combine(leash.Folder, "ca.pem");

    /// <summary>The server that all tests of the assembly share: use channels and keys of your own.</summary>
    public static Task<RealRedis> SharedAsync() => TheShared.Value;

    /// <summary>A server of the test's own.</summary>
    public static async Task<RealRedis> StartAsync(RealRedisOptions? options = null)
    {
        var redis = new RealRedis(options ?? new());
        try
        {
            if (redis.options.Tls)
                await redis.WriteCertificatesAsync();
            redis.Port = Machine.FreePort();
            await redis.StartAgainAsync();
            return redis;
        }
        catch
        {
            await redis.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts it after <see cref="KillAsync"/>, on the same port; returns once it answers.</summary>
    public async Task StartAgainAsync()
    {
        server = Process.Start(leash.Command("redis-server", Arguments()))!;
        await Machine.UntilAsync("Redis answers", StartLimit, async () => server.HasExited
            ? throw new InvalidOperationException(await File.ReadAllTextAsync(Path.Combine(leash.Folder, "redis.log")))
            : await Machine.AcceptsAsync(Port) && (await CliAsync("PING")).StartsWith("PONG"));
    }

    /// <summary>SIGKILL.</summary>
    public Task KillAsync()
    {
        server!.Kill();
        return server.WaitForExitAsync();
    }

    /// <summary>Freezes the process: connections stay open, and from its return on nothing answers.</summary>
    public async Task FreezeAsync()
    {
        await leash.RunAsync("kill", "-STOP", $"{server!.Id}");
        await Machine.StandsStillAsync(server.Id);
    }

    /// <summary>Ends the freeze.</summary>
    public Task ThawAsync() => leash.RunAsync("kill", "-CONT", $"{server!.Id}");

    /// <summary>Takes commands, and answers them only after a while: a slow Redis.</summary>
    public Task PauseClientsAsync(TimeSpan time) => CliAsync("CLIENT", "PAUSE", $"{(long)time.TotalMilliseconds}");

    /// <summary>redis-cli, logged in.</summary>
    public Task<string> CliAsync(params IEnumerable<string> arguments) => leash.RunAsync("redis-cli",
    [
        "-p", $"{Port}",
        .. options.Password is { } password ? ["-a", password, "--no-auth-warning"] : Array.Empty<string>(),
        .. options.Tls ? ["--tls", "--cacert", CaFile] : Array.Empty<string>(),
        .. arguments,
    ]);

    public ValueTask DisposeAsync()
    {
        server?.Dispose();
        return leash.DisposeAsync();
    }

    private IEnumerable<string> Arguments() =>
    [
        // A title would be written over the environment, where the leash looks for its mark.
        "--set-proc-title", "no",
        "--bind", "127.0.0.1", "--dir", leash.Folder, "--logfile", "redis.log", "--save", "",
        "--appendonly", options.Durable ? "yes" : "no",
        .. options.Tls
            ? ["--port", "0", "--tls-port", $"{Port}", "--tls-cert-file", "server.pem", "--tls-key-file", "server.key",
                "--tls-ca-cert-file", "ca.pem", "--tls-auth-clients", "no"]
            : new[] { "--port", $"{Port}" },
        .. options.Password is { } password ? ["--requirepass", password] : Array.Empty<string>(),
        .. options.Users.SelectMany(user => (string[])["--user", .. user.Split(' ')]),
    ];

    private Task WriteCertificatesAsync() => leash.RunAsync("bash", "-ec", """
        openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=test authority" -keyout ca.key -out ca.pem
        openssl req -newkey rsa:2048 -nodes -subj "/CN=localhost" -keyout server.key -out server.csr
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -out server.pem \
            -extfile <(echo "subjectAltName=DNS:localhost,IP:127.0.0.1")
        """);
}
