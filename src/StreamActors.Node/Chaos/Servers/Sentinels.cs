using System.Globalization;
using StreamActors.Node.Cli;

namespace StreamActors.Node.Chaos;

/// <summary>
/// Three Sentinels, of which two must agree: they watch a Redis, and promote its replica where it is dead. They run
/// while a fail-over is on trial only: at other times Redis is to come back after a kill as it was, and they would not
/// wait for that.
/// </summary>
internal sealed class Sentinels : IAsyncDisposable
{
    /// <summary>How many there are, and ports that they take.</summary>
    public const int Count = 3;

    private const string Group = "pair";
    private const int Quorum = 2;

    private static readonly TimeSpan SwitchLimit = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    private readonly int ports;
    private readonly List<LeashedProcess> processes = [];

    private Sentinels(int ports) => this.ports = ports;

    /// <summary>Starts them; returns when each knows the others and the replica, and so can lead a fail-over.</summary>
    /// <param name="folder">Where their settings and logs go.</param>
    /// <param name="ports">The first of <see cref="Count"/> free ports.</param>
    /// <param name="primary">The port of what they watch.</param>
    /// <param name="stop">Gives up.</param>
    public static async Task<Sentinels> StartAsync(string folder, int ports, int primary, CancellationToken stop)
    {
        var all = new Sentinels(ports);
        for (var sentinel = 0; sentinel < Count; sentinel++)
        {
            // Each writes into its file what it learns.
            var home = Path.Combine(folder, $"sentinel-{sentinel}");
            Directory.CreateDirectory(home);
            var settings = Path.Combine(home, "sentinel.conf");
            await File.WriteAllTextAsync(settings, Settings(home, ports + sentinel, primary), stop);
            all.processes.Add(
                await LeashedProcess.StartAsync($"{home}.log", ["redis-server", settings, "--sentinel"]));
        }

        foreach (var (sentinel, process) in all.processes.Index())
        {
            var port = ports + sentinel;
            await RedisWire.UntilAsync(process, port, $"SENTINEL CKQUORUM {Group}", $"+OK {Count} usable", stop);
            await RedisWire.UntilAsync(process, port, $"SENTINEL REPLICAS {Group}", "*1", stop);
        }

        return all;
    }

    /// <summary>Waits until they have promoted another server.</summary>
    /// <param name="primary">The port of what was the primary.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>The port of the new one.</returns>
    /// <exception cref="UserErrorException">They have not.</exception>
    public async Task<int> SwitchAsync(int primary, CancellationToken stop)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(since) < SwitchLimit)
        {
            // Whoever was elected says so first; the others learn it from that one.
            for (var sentinel = 0; sentinel < Count; sentinel++)
            {
                if (await PrimaryAsync(ports + sentinel) is { } port && port != primary)
                {
                    return port;
                }
            }

            await Task.Delay(Poll, TimeProvider.System, stop);
        }

        throw new UserErrorException(
            $"Sentinel has promoted no replica in {SwitchLimit.TotalSeconds} s; its log is {processes[0].Log}.");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var process in processes)
        {
            await process.DisposeAsync();
        }
    }

    private static string Settings(string home, int port, int primary) => $"""
        bind 127.0.0.1
        port {port}
        dir {home}
        sentinel monitor {Group} 127.0.0.1 {primary} {Quorum}
        sentinel down-after-milliseconds {Group} 1000
        sentinel failover-timeout {Group} 4000

        """;

    /// <summary>The port that one names; null where it names none. It answers with two: address and port.</summary>
    private static async Task<int?> PrimaryAsync(int sentinel) =>
        (await RedisWire.AskAsync("127.0.0.1", sentinel, $"SENTINEL GET-MASTER-ADDR-BY-NAME {Group}"))?.Split("\r\n")
            is [_, _, _, _, var port, ..] ? int.Parse(port, CultureInfo.InvariantCulture) : null;
}
