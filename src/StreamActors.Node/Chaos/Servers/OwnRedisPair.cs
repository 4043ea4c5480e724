using StreamActors.Node.Cli;

namespace StreamActors.Node.Chaos;

/// <summary>
/// A Redis with its replica. Both keep a log that is on the disk every second, as Redis does where persistence is
/// asked for: a kill loses up to a second of it.
/// </summary>
internal sealed class OwnRedisPair(string folder, int ports) : IAsyncDisposable
{
    /// <summary>How many ports it takes.</summary>
    public const int Ports = 2;

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    private readonly LeashedProcess?[] servers = new LeashedProcess?[Ports];
    private int primary;

    /// <summary>Where the primary is.</summary>
    public int Port => ports + primary;

    private int Replica => 1 - primary;

    /// <summary>Starts both.</summary>
    public async Task StartAsync(CancellationToken stop)
    {
        await StartAsync(primary, stop);
        await StartAsync(Replica, stop);
    }

    /// <summary>SIGKILL to the primary.</summary>
    public Task KillAsync() => servers[primary]!.SignalAsync("KILL");

    /// <summary>Sends a signal to the primary.</summary>
    public Task SignalAsync(string signal) => servers[primary]!.SignalAsync(signal);

    /// <summary>Starts the primary again, on what it had, or with nothing.</summary>
    public async Task StartAgainAsync(bool empty, CancellationToken stop)
    {
        if (empty)
        {
            Directory.Delete(FolderOf(primary), recursive: true);
        }

        await StartAsync(primary, stop);
    }

    /// <summary>
    /// What Sentinel does: the primary dies with writes that the replica has not seen, for it stood still that long;
    /// the replica becomes the primary, and the dead one comes back as its replica.
    /// </summary>
    public async Task FailOverAsync(TimeSpan behind, CancellationToken stop)
    {
        await servers[Replica]!.SignalAsync("STOP");
        await Task.Delay(behind, TimeProvider.System, stop);
        await servers[primary]!.SignalAsync("KILL");
        await servers[Replica]!.SignalAsync("CONT");
        primary = Replica;
        await UntilAsync(primary, "REPLICAOF NO ONE", "+OK", stop);
        await StartAsync(Replica, stop);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var server in servers.OfType<LeashedProcess>())
        {
            await server.DisposeAsync();
        }
    }

    private string FolderOf(int server) => Path.Combine(folder, $"redis-{server}");

    private async Task StartAsync(int server, CancellationToken stop)
    {
        if (servers[server] is { } old)
        {
            await old.DisposeAsync();
        }

        Directory.CreateDirectory(FolderOf(server));
        string[] replication = server == primary ? [] : ["--replicaof", "127.0.0.1", $"{Port}"];
        servers[server] = await LeashedProcess.StartAsync(
            Path.Combine(folder, $"redis-{server}.log"),
            [
                "redis-server", "--bind", "127.0.0.1", "--port", $"{ports + server}", "--dir", FolderOf(server),
                "--save", "", "--appendonly", "yes", .. replication,
            ]);
        await UntilAsync(server, "PING", "+PONG", stop);
    }

    private async Task UntilAsync(int server, string command, string answer, CancellationToken stop)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (await RedisWire.AskAsync("127.0.0.1", ports + server, command) is not { } said
            || !said.StartsWith(answer, StringComparison.Ordinal))
        {
            if (servers[server]!.HasEnded || TimeProvider.System.GetElapsedTime(since) > StartLimit)
            {
                throw new UserErrorException(
                    $"A redis-server does not answer {command}; its log is {servers[server]!.Log}.");
            }

            await Task.Delay(Poll, TimeProvider.System, stop);
        }
    }
}
