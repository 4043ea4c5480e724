using StreamActors.Events;

namespace StreamActors.Sinks;

/// <summary>
/// Says once that a peer is in trouble, and once that it has recovered: at a success a second or more after the last
/// failure, because where one channel is forbidden, the shards that use others succeed in between.
/// <para>Thread-safe.</para>
/// </summary>
internal sealed class PeerEpisode(string pipeline, string peer, IEngineEvents events)
{
    private const long Quiet = 1_000;

    private readonly Lock sync = new();
    private long since;
    private long lastFailure;
    private volatile bool isOn;

    /// <summary>Whether it is in trouble.</summary>
    public bool IsOn => isOn;

    /// <summary>What it was asked for failed.</summary>
    /// <param name="now">The time in milliseconds.</param>
    /// <param name="why">The reason, for a log.</param>
    public void Failed(long now, string why)
    {
        lock (sync)
        {
            lastFailure = now;
            if (!isOn)
            {
                (isOn, since) = (true, now);
                events.Report(new EngineEvent.PeerTrouble(pipeline, peer, why));
            }
        }
    }

    /// <summary>What it was asked for succeeded.</summary>
    public void Succeeded(long now)
    {
        if (!isOn)
        {
            return;
        }

        lock (sync)
        {
            if (isOn && now - lastFailure >= Quiet)
            {
                isOn = false;
                events.Report(new EngineEvent.PeerRecovered(pipeline, peer, TimeSpan.FromMilliseconds(now - since)));
            }
        }
    }
}
