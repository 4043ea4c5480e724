using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace StreamActors.Hosting;

/// <summary>
/// Asks every peer of the node, again and again, whether it answers: so that a health page is at most four seconds
/// behind the truth (two seconds between two rounds, at most two for an answer), and never waits for a peer itself.
/// A question that throws counts as a peer that is away, and is asked again: the pages must not stand still.
/// </summary>
internal sealed partial class PeerProbe(Node node, TimeProvider time, ILogger<PeerProbe> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly ILogger log = logger;
    private readonly ConcurrentDictionary<string, bool> reachable = new(StringComparer.Ordinal);

    // What was said of each peer, once and not every two seconds.
    private readonly ConcurrentDictionary<string, Outage> outages = new(StringComparer.Ordinal);

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
            await Task.WhenAll(Questions()
                .GroupBy(static question => question.Peer, static question => question.Ask)
                .Select(peer => AskAsync(peer.Key, peer, stoppingToken)));
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private IEnumerable<string> Names() => Questions().Select(static question => question.Peer);

    private IEnumerable<(string Peer, Func<CancellationToken, ValueTask<bool>> Ask)> Questions()
    {
        foreach (var pipeline in node.Pipelines)
        {
            yield return (pipeline.Source.Name, pipeline.Source.IsReachableAsync);
            foreach (var (name, sink) in pipeline.Sinks)
            {
                yield return (name, sink.IsReachableAsync);
            }

            if (pipeline.Store is { } store)
            {
                yield return (store.Name, store.IsReachableAsync);
            }
        }
    }

    /// <summary>
    /// Takes note of a peer as soon as it has answered: a slow one does not hold up what is known of another.
    /// </summary>
    private async Task AskAsync(
        string peer, IEnumerable<Func<CancellationToken, ValueTask<bool>>> questions, CancellationToken stop)
    {
        try
        {
            var answers = Task.WhenAll(questions.Select(ask => ask(stop).AsTask()));
            Note(peer, Array.TrueForAll(await answers.WaitAsync(Patience, time, stop), static yes => yes));
            OutageOf(peer).HasThrown = false;
        }
        catch (TimeoutException)
        {
            Note(peer, answers: false);
        }
        catch (Exception defect) when (!stop.IsCancellationRequested)
        {
            reachable[peer] = false;
            if (OutageOf(peer) is { HasThrown: false } outage)
            {
                outage.HasThrown = true;
                QuestionFailed(defect, peer);
            }
        }
    }

    /// <summary>
    /// A sink without a record to deliver is away in silence: says so at the second question in vain, and when it is
    /// back, unless a delivery has failed since the last answer, because then the engine says both.
    /// </summary>
    private void Note(string peer, bool answers)
    {
        reachable[peer] = answers;
        if (node.Pipelines.Any(pipeline => pipeline.Source.Name == peer))
        {
            // Of the source the engine speaks by itself: it always has to do with it.
            return;
        }

        var outage = OutageOf(peer);
        var failures = Failures(peer);
        if (answers)
        {
            if (outage.IsTold && failures == outage.Failures)
            {
                Back(peer);
            }

            (outage.InVain, outage.IsTold, outage.Failures) = (0, false, failures);
        }
        else if (++outage.InVain == 2 && failures == outage.Failures)
        {
            outage.IsTold = true;
            Away(peer);
        }
    }

    private Outage OutageOf(string peer) => outages.GetOrAdd(peer, static _ => new Outage());

    private long Failures(string peer) => node.Pipelines
        .SelectMany(static pipeline => pipeline.Pipeline.Metrics.Sinks)
        .Where(sink => sink.Name == peer)
        .Sum(static sink => sink.Counters.Failures);

    /// <summary>What is known of a peer since it answered last: touched by its question only.</summary>
    private sealed class Outage
    {
        public bool HasThrown { get; set; }

        public int InVain { get; set; }

        public bool IsTold { get; set; }

        public long Failures { get; set; }
    }
}
