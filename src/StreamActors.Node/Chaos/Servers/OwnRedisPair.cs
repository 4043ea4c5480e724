using System.Globalization;
using StreamActors.Node.Cli;

namespace StreamActors.Node.Chaos;

/// <summary>
/// A Redis with its replica. Both keep a log that is on the disk every second, as Redis does where persistence is
/// asked for: a kill loses up to a second of it.
/// </summary>
internal sealed class OwnRedisPair(string folder, int ports) : IAsyncDisposable
{
    /// <summary>How many ports it takes, with Sentinels.</summary>
    public const int Ports = Servers + Sentinels.Count;

    private const int Servers = 2;

    private readonly LeashedProcess?[] servers = new LeashedProcess?[Servers];
    private int primary;

    /// <summary>Where the primary is.</summary>
    public int Port => ports + primary;

    private int Replica => 1 - primary;

    /// <summary>Starts both.</summary>
    public async Task StartAsync(CancellationToken stop)
    {
        await StartAsync(primary, isReplica: false, stop);
        await StartAsync(Replica, isReplica: true, stop);
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

        await StartAsync(primary, isReplica: false, stop);
    }

    /// <summary>Starts Sentinels, which watch the pair.</summary>
    public Task<Sentinels> WatchAsync(CancellationToken stop) =>
        Sentinels.StartAsync(folder, ports + Servers, Port, stop);

    /// <summary>
    /// The primary dies with writes that the replica has not seen, and Sentinel promotes the replica. The dead one does
    /// not come back yet.
    /// </summary>
    /// <param name="sentinels">Who watches the pair.</param>
    /// <param name="behind">For how long the replica saw nothing.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="UserErrorException">Sentinel promoted nobody, or no write was lost.</exception>
    public async Task FailOverAsync(Sentinels sentinels, TimeSpan behind, CancellationToken stop)
    {
        // Standing still is not enough: it would read what the kernel took for it as soon as it goes on.
        await servers[Replica]!.SignalAsync("STOP");
        await RedisWire.UntilAsync(servers[primary]!, Port, "CLIENT KILL TYPE REPLICA", ":1", stop);
        await Task.Delay(behind, TimeProvider.System, stop);
        var written = await OffsetAsync("master_repl_offset");
        await servers[primary]!.SignalAsync("KILL");
        await servers[Replica]!.SignalAsync("CONT");

        primary = await sentinels.SwitchAsync(Port, stop) - ports;
        var kept = await OffsetAsync("second_repl_offset") - 1;
        if (kept >= written)
        {
            throw new UserErrorException(
                $"The replica had all {written} bytes that the primary wrote: the fail-over lost nothing, and so "
                + "proves nothing.");
        }
    }

    /// <summary>Starts the one that died, as it died: a primary. Sentinel makes it a replica of the other.</summary>
    public async Task ReturnAsync(CancellationToken stop)
    {
        await StartAsync(Replica, isReplica: false, stop);
        var role = $"*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:{Port}\r\n$9\r\nconnected";
        await RedisWire.UntilAsync(servers[Replica]!, ports + Replica, "ROLE", role, stop);
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

    private async Task StartAsync(int server, bool isReplica, CancellationToken stop)
    {
        if (servers[server] is { } old)
        {
            await old.DisposeAsync();
        }

        Directory.CreateDirectory(FolderOf(server));
        string[] replication = isReplica ? ["--replicaof", "127.0.0.1", $"{Port}"] : [];
        servers[server] = await LeashedProcess.StartAsync(
            Path.Combine(folder, $"redis-{server}.log"),
            [
                "redis-server", "--bind", "127.0.0.1", "--port", $"{ports + server}", "--dir", FolderOf(server),
                "--save", "", "--appendonly", "yes", .. replication,
            ]);
        await RedisWire.UntilAsync(servers[server]!, ports + server, "PING", "+PONG", stop);
    }

    /// <summary>A position in the stream of writes, as the primary tells it.</summary>
    private async Task<long> OffsetAsync(string which) =>
        await RedisWire.InfoAsync("127.0.0.1", Port, "replication", which) is { } offset
            ? long.Parse(offset, CultureInfo.InvariantCulture)
            : throw new UserErrorException($"The redis-server at port {Port} does not tell its {which}.");
}
