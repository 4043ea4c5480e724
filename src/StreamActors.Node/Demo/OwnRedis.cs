using System.ComponentModel;
using System.Diagnostics;
using StreamActors.Node.Cli;
using StreamActors.Redis;

namespace StreamActors.Node.Demo;

/// <summary>
/// A Redis server for one demo: on a free port of loopback, with nothing on disk, and gone when this process is gone,
/// also by <c>kill -9</c>.
/// <para>
/// A small shell starts the server and waits for the end of its standard input, whose other end only this process
/// holds: the kernel closes it however this process ends, and the shell kills the server. Both are in a session of
/// their own, so that a Ctrl-C at the terminal does not reach the server before the pipeline has drained into it.
/// </para>
/// </summary>
internal sealed class OwnRedis : IAsyncDisposable
{
    private const string Watch = """
        folder=$(mktemp -d)
        redis-server --bind 127.0.0.1 --port "$1" --save '' --appendonly no --dir "$folder" >"$folder/log" 2>&1 &
        while read -r _; do :; done
        kill -KILL $! 2>/dev/null
        wait $! 2>/dev/null
        rm -rf "$folder"
        """;

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    private readonly Process watcher;

    private OwnRedis(Process watcher, int port)
    {
        this.watcher = watcher;
        Port = port;
    }

    /// <summary>Its port on loopback.</summary>
    public int Port { get; }

    /// <summary>Starts a server, and returns when it answers.</summary>
    /// <exception cref="UserErrorException">There is no redis-server, or it does not start.</exception>
    public static async Task<OwnRedis> StartAsync(CancellationToken stop)
    {
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        if (!path.Any(static folder => File.Exists(Path.Combine(folder, "redis-server"))))
        {
            throw new UserErrorException(
                "The demo needs redis-server, which is not on the PATH. Install it (apt-get install redis-server), or "
                + "name a server that runs already: --redis HOST:PORT.");
        }

        var redis = Start(Ports.Free());
        await redis.UntilAnswersAsync(stop);    // where it does not, the process ends, and the server with it
        return redis;
    }

    /// <summary>Kills the server, and returns when it is gone.</summary>
    public async ValueTask DisposeAsync()
    {
        watcher.StandardInput.Close();
        await watcher.WaitForExitAsync();
        watcher.Dispose();
    }

    private static OwnRedis Start(int port)
    {
        try
        {
            var start = new ProcessStartInfo("setsid", ["--wait", "sh", "-c", Watch, "own-redis", $"{port}"])
            {
                RedirectStandardInput = true,
                UseShellExecute = false,
            };
            return new OwnRedis(Process.Start(start)!, port);
        }
        catch (Win32Exception error)
        {
            throw new UserErrorException(
                "The demo starts its Redis with setsid (util-linux), which is not on the PATH. Name a server that runs "
                + "already: --redis HOST:PORT.",
                error);
        }
    }

    private async Task UntilAnswersAsync(CancellationToken stop)
    {
        var options = new RedisOptions { Host = "127.0.0.1", Port = Port };
        var since = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var findings = await RedisCheck.RunAsync(options, [], TimeProvider.System, stop);
            if (findings.All(static finding => finding.Ok))
            {
                return;
            }

            if (TimeProvider.System.GetElapsedTime(since) > StartLimit)
            {
                throw new UserErrorException(
                    $"The demo's redis-server does not answer on port {Port}: {findings[^1].Sentence}. Name a server "
                    + "that runs already: --redis HOST:PORT.");
            }

            await Task.Delay(Poll, TimeProvider.System, stop);
        }
    }
}
