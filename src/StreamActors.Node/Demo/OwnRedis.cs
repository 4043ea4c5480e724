using StreamActors.Node.Cli;
using StreamActors.Redis;

namespace StreamActors.Node.Demo;

/// <summary>
/// A Redis server for one demo: on a free port of loopback, with nothing on disk, and gone when this process is gone,
/// also by <c>kill -9</c>. A Ctrl-C at the terminal does not reach it before the pipeline has drained into it.
/// </summary>
internal sealed class OwnRedis : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    private readonly LeashedProcess server;

    private OwnRedis(LeashedProcess server, int port)
    {
        this.server = server;
        Port = port;
    }

    /// <summary>Its port on loopback.</summary>
    public int Port { get; }

    /// <summary>Starts a server, and returns when it answers.</summary>
    /// <exception cref="UserErrorException">There is no redis-server, or it does not start.</exception>
    public static async Task<OwnRedis> StartAsync(CancellationToken stop)
    {
        OwnProgram.Require(
            "redis-server",
            "apt-get install redis-server, or name a server that runs already: --redis HOST:PORT");
        var port = Ports.Free();
        string[] command =
            ["redis-server", "--bind", "127.0.0.1", "--port", $"{port}", "--save", "", "--appendonly", "no"];
        var redis = new OwnRedis(await LeashedProcess.StartAsync("/dev/null", command), port);
        await redis.UntilAnswersAsync(stop);    // where it does not, the process ends, and the server with it
        return redis;
    }

    /// <summary>Kills the server, and returns when it is gone.</summary>
    public ValueTask DisposeAsync() => server.DisposeAsync();

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
