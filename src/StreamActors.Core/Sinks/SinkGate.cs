using StreamActors.Events;

namespace StreamActors.Sinks;

/// <summary>
/// The circuit breaker in front of one sink, shared by the lanes of all shards. Closed: everyone may deliver. After a
/// failure it is open for a wait that grows with each further one; then a single lane may try (half-open), and its
/// success closes it for all; the outcome of what had begun before the trouble changes nothing.
/// <para>Thread-safe; asked once per batch.</para>
/// </summary>
internal sealed class SinkGate(string pipeline, string sink, IEngineEvents events, Random random)
{
    private static readonly Backoff Wait = new(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(1));

    private readonly Lock sync = new();
    private volatile string? why;
    private readonly PeerEpisode trouble = new(pipeline, sink, events);
    private long openUntil;
    private bool probing;
    private int consecutive;

    /// <summary>Why the last delivery of anybody failed, while the gate is open; else null.</summary>
    public string? Trouble => why;

    /// <summary>
    /// Asks to deliver a batch; who is let in must report <see cref="Succeeded"/>, <see cref="Failed"/> or
    /// <see cref="Abandoned"/>, with the pass that it got.
    /// </summary>
    /// <param name="now">The time in milliseconds.</param>
    /// <param name="askAgainAt">When it may be worth to ask again, where the answer is no.</param>
    public GatePass TryEnter(long now, out long askAgainAt)
    {
        lock (sync)
        {
            askAgainAt = Math.Max(openUntil, now + 1);
            if (consecutive == 0)
            {
                return GatePass.Normal;
            }

            if (probing || now < openUntil)
            {
                askAgainAt = probing ? now + (long)Wait.Min.TotalMilliseconds : askAgainAt;
                return GatePass.None;
            }

            probing = true;
            return GatePass.Probe;
        }
    }

    /// <summary>A delivery was acknowledged. Only the probe's success closes the gate.</summary>
    public void Succeeded(long now, GatePass pass)
    {
        if (!trouble.IsOn)
        {
            return;
        }

        lock (sync)
        {
            if (pass == GatePass.Probe)
            {
                (consecutive, probing, openUntil, why) = (0, false, 0, null);
            }

            if (consecutive == 0)
            {
                trouble.Succeeded(now);
            }
        }
    }

    /// <summary>A delivery failed and will be tried again.</summary>
    public void Failed(long now, string error, GatePass pass)
    {
        lock (sync)
        {
            if (pass != GatePass.Probe && consecutive > 0)
            {
                return;
            }

            probing = false;
            consecutive++;
            why = error;
            trouble.Failed(now, error);
            openUntil = now + (long)Wait.Wait(consecutive, random).TotalMilliseconds;
        }
    }

    /// <summary>A delivery was given up because its shard is gone: the outcome says nothing about the sink.</summary>
    public void Abandoned(GatePass pass)
    {
        if (pass == GatePass.Probe)
        {
            lock (sync)
            {
                probing = false;
            }
        }
    }
}

/// <summary>How a delivery was let through a <see cref="SinkGate"/>.</summary>
internal enum GatePass
{
    /// <summary>It was not.</summary>
    None,

    /// <summary>
    /// The gate was closed: its outcome opens the gate, or says nothing if another had opened it meanwhile.
    /// </summary>
    Normal,

    /// <summary>It is the one that finds out whether the sink answers again.</summary>
    Probe,
}
