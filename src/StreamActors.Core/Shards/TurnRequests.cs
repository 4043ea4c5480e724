namespace StreamActors.Shards;

/// <summary>
/// Makes requests for turns, from any thread, into turns that run one at a time: none is lost, and many become one.
/// <code>
///            request            begin            request
///   (idle) ─────────▶ (scheduled) ───▶ (running) ───────▶ (running and requested)
///      ▲                  ▲                │ end                   │ end
///      └──────────────────┼── nothing more ┘                       │
///                         └────────────────────────────────────────┘
/// </code>
/// </summary>
internal sealed class TurnRequests
{
    private int state;

    private enum State
    {
        Idle,
        Scheduled,
        Running,
        RunningAndRequested,
    }

    /// <summary>Whether a turn is under way. Any thread.</summary>
    public bool IsRunning => (State)Volatile.Read(ref state) is State.Running or State.RunningAndRequested;

    /// <summary>Asks for a turn.</summary>
    /// <returns>Whether the caller must schedule it.</returns>
    public bool MustSchedule()
    {
        // What the turn is asked for must be visible before the state is read: without the fence, this thread could
        // read "scheduled" while the turn that begins does not see the cause yet, and nobody would ask again.
        Interlocked.MemoryBarrier();
        while (true)
        {
            var before = (State)Volatile.Read(ref state);
            if (before is State.Scheduled or State.RunningAndRequested)
            {
                return false;
            }

            var next = before == State.Idle ? State.Scheduled : State.RunningAndRequested;
            if (Interlocked.CompareExchange(ref state, (int)next, (int)before) == (int)before)
            {
                return next == State.Scheduled;
            }
        }
    }

    /// <summary>
    /// A turn begins. A full fence, the counterpart of the one in <see cref="MustSchedule"/>: what was asked for before
    /// is seen from here on.
    /// </summary>
    public void Begin() => Interlocked.Exchange(ref state, (int)State.Running);

    /// <summary>The turn ends.</summary>
    /// <param name="hasMore">Whether there is more to do at once.</param>
    /// <returns>Whether the caller must schedule another.</returns>
    public bool EndsInAnother(bool hasMore)
    {
        if (!hasMore
            && Interlocked.CompareExchange(ref state, (int)State.Idle, (int)State.Running) == (int)State.Running)
        {
            return false;
        }

        Volatile.Write(ref state, (int)State.Scheduled);
        return true;
    }
}
