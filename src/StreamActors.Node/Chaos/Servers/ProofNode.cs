using StreamActors.Node.Cli;

namespace StreamActors.Node.Chaos;

/// <summary>Which node a process is.</summary>
/// <param name="Name">Its name, which no other process of the run has.</param>
/// <param name="Slot">Its place in the network.</param>
/// <param name="Build">What it was started from.</param>
internal sealed record NodePlace(string Name, int Slot, NodeBuild Build);

/// <summary>A node process that runs the proof pipeline, as a user's own program would.</summary>
internal sealed class ProofNode : IAsyncDisposable
{
    private static readonly TimeSpan ReadyLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    private readonly LeashedProcess process;

    private ProofNode(NodePlace place, LeashedProcess process, int port)
    {
        (Place, this.process) = (place, process);
        Pages = new NodePages(port);
    }

    /// <summary>Which one it is.</summary>
    public NodePlace Place { get; }

    /// <summary>Its name.</summary>
    public string Name => Place.Name;

    /// <summary>Its place in the network.</summary>
    public int Slot => Place.Slot;

    /// <summary>What it tells of itself.</summary>
    public NodePages Pages { get; }

    /// <summary>Whether it has ended.</summary>
    public bool HasEnded => process.HasEnded;

    /// <summary>What it wrote.</summary>
    public string Log => process.Log;

    /// <summary>Starts a process; it may not be a member yet when this returns.</summary>
    /// <param name="place">Which one it is.</param>
    /// <param name="log">Where what it writes goes.</param>
    /// <param name="settings">Its configuration, by variables.</param>
    public static async Task<ProofNode> StartAsync(
        NodePlace place, string log, IEnumerable<KeyValuePair<string, string?>> settings)
    {
        var port = Ports.Free();
        var environment = new Dictionary<string, string?>(settings)
        {
            ["Urls"] = $"http://127.0.0.1:{port}",
            ["Chaos__Node"] = place.Name,
        };
        var started = await LeashedProcess.StartAsync(log, place.Build.Command, environment);
        return new ProofNode(place, started, port);
    }

    /// <summary>Waits until it has partitions.</summary>
    /// <exception cref="UserErrorException">It has ended, or takes too long.</exception>
    public async Task ReadyAsync(CancellationToken stop)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (!await Pages.IsReadyAsync(stop))
        {
            if (process.HasEnded)
            {
                throw new UserErrorException($"The node {Name} ended with exit code {process.ExitCode}; see {Log}.");
            }

            if (TimeProvider.System.GetElapsedTime(since) > ReadyLimit)
            {
                throw new UserErrorException(
                    $"The node {Name} is not ready after {ReadyLimit.TotalSeconds} s; see {Log}.");
            }

            await Task.Delay(Poll, TimeProvider.System, stop);
        }
    }

    /// <summary>Sends a signal.</summary>
    public Task SignalAsync(string signal) => process.SignalAsync(signal);

    /// <summary>SIGKILL; returns when it is gone.</summary>
    public async Task KillAsync()
    {
        await process.SignalAsync("KILL");
        await process.EndsWithinAsync(StopLimit);
    }

    /// <summary>SIGTERM, and the wait for its end.</summary>
    /// <returns>What was wrong with that; null where it ended in order.</returns>
    public async Task<string?> StopAsync()
    {
        await process.SignalAsync("TERM");
        return !await process.EndsWithinAsync(StopLimit)
            ? $"{Name} has not ended {StopLimit.TotalSeconds} s after SIGTERM; see {Log}"
            : process.ExitCode == 0 ? null : $"{Name} ended with exit code {process.ExitCode} after SIGTERM; see {Log}";
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Pages.Dispose();
        return process.DisposeAsync();
    }
}
