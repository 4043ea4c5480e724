using StreamActors.Events;

namespace StreamActors.Redis;

/// <summary>
/// Reports trouble with a peer once, when it begins, and once when it is over, however many shards meet it meanwhile.
/// </summary>
internal sealed class PeerEpisode(string pipeline, string peer, IEngineEvents events, TimeProvider time)
{
    /// <summary>
    /// How long the last failure must lie back for a success to end the episode: when one channel is forbidden, the
    /// shards that use others go on succeeding in between.
    /// </summary>
    internal static readonly TimeSpan Quiet = TimeSpan.FromSeconds(1);

    // Guarded by gate, except that inTrouble is read without it on the good path.
    private readonly Lock gate = new();
    private volatile bool inTrouble;
    private long since;
    private long lastFailure;

    /// <summary>A delivery failed.</summary>
    public void Failed(string why)
    {
        lock (gate)
        {
            lastFailure = time.GetTimestamp();
            if (inTrouble)
            {
                return;
            }

            inTrouble = true;
            since = lastFailure;
        }

        events.Report(new EngineEvent.PeerTrouble(pipeline, peer, why));
    }

    /// <summary>A delivery succeeded.</summary>
    public void Worked()
    {
        if (!inTrouble)
        {
            return;
        }

        TimeSpan after;
        lock (gate)
        {
            if (!inTrouble || time.GetElapsedTime(lastFailure) < Quiet)
            {
                return;
            }

            inTrouble = false;
            after = time.GetElapsedTime(since);
        }

        events.Report(new EngineEvent.PeerRecovered(pipeline, peer, after));
    }
}
