using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;

namespace StreamActors.Hosting;

/// <summary>
/// Asks every peer of the node, again and again, whether it answers: so that a health page is at most four seconds
/// behind the truth (two seconds between two rounds, at most two for an answer), and never waits for a peer itself.
/// </summary>
public sealed class PeerProbe(Node node, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, bool> reachable = new(StringComparer.Ordinal);

    /// <summary>
    /// The peers, by name, in a fixed order, and whether each answers: of several with a name, all must. Null = not
    /// known yet: none stays so for more than two seconds.
    /// </summary>
    public IReadOnlyList<(string Peer, bool? IsConnected)> Peers =>
        [.. Names().Distinct().Select(name => (name, reachable.TryGetValue(name, out var yes) ? yes : (bool?)null))];

    /// <summary>Whether a peer answered when it was last asked.</summary>
    public bool IsConnected(string peer) => reachable.GetValueOrDefault(peer);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pause, time);
        do
        {
            await Task.WhenAll(Questions(stoppingToken)
                .GroupBy(static question => question.Peer, static question => question.Answer)
                .Select(peer => AskAsync(peer.Key, [.. peer])));
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private IEnumerable<string> Names() => node.Pipelines.SelectMany(
        static pipeline => pipeline.Sinks.Keys.Prepend(pipeline.Source.Name));

    private IEnumerable<(string Peer, Task<bool> Answer)> Questions(CancellationToken stop)
    {
        foreach (var pipeline in node.Pipelines)
        {
            yield return (pipeline.Source.Name, pipeline.Source.IsReachableAsync(stop).AsTask());
            foreach (var (name, sink) in pipeline.Sinks)
            {
                yield return (name, sink.IsReachableAsync(stop).AsTask());
            }
        }
    }

    /// <summary>
    /// Takes note of a peer as soon as it has answered: a slow one does not hold up what is known of another.
    /// </summary>
    private async Task AskAsync(string peer, IReadOnlyList<Task<bool>> answers)
    {
        try
        {
            var all = await Task.WhenAll(answers).WaitAsync(Patience, time);
            reachable[peer] = Array.TrueForAll(all, static yes => yes);
        }
        catch (TimeoutException)
        {
            reachable[peer] = false;
        }
    }
}
