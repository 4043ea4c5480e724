namespace StreamActors.Calls;

/// <summary>
/// The places for calls under way, shared by all shards of a step in this process. Who finds none stands in line; a
/// place that gets free goes to the first in line, one at a time, so that no shard starves behind a busy one.
/// <para>Any thread; one lock for each turn that begins calls, and one for each call that ends.</para>
/// </summary>
internal sealed class CallSlots(int count)
{
    /// <summary>
    /// The bytes of the engine's that a call under way takes, with its time-out; those of user code are its own.
    /// </summary>
    public const int BytesPerCall = 1024;

    private readonly Lock sync = new();
    private readonly Queue<Line> waiting = new();

    // More than none only while nobody waits.
    private int free = count;

    /// <summary>Takes places: those that were kept for the line, then free ones; for the rest it waits.</summary>
    /// <param name="line">Who asks.</param>
    /// <param name="wanted">How many it has use for now, whatever it wanted before.</param>
    /// <returns>How many it has now; each goes back by <see cref="Release"/>.</returns>
    public int Take(Line line, int wanted)
    {
        lock (sync)
        {
            var atOnce = Math.Min(free, Math.Max(wanted - line.Kept, 0));
            var taken = line.Kept + atOnce;
            free -= atOnce;
            line.Kept = 0;
            line.Wanted = Math.Max(wanted - taken, 0);
            if (line is { Wanted: > 0, IsQueued: false })
            {
                line.IsQueued = true;
                waiting.Enqueue(line);
            }

            return taken;
        }
    }

    /// <summary>A call has ended: its place is kept for the first in line, which is asked to take it.</summary>
    public void Release() => KeepForNext()?.Wake();

    /// <summary>A line ends, or has use for no more than that: what was kept for it goes to the first.</summary>
    public void Leave(Line line, int wanted = 0)
    {
        for (var kept = Take(line, wanted); kept > 0; kept--)
        {
            Release();
        }
    }

    private Line? KeepForNext()
    {
        lock (sync)
        {
            while (waiting.TryDequeue(out var first))
            {
                first.IsQueued = false;
                if (first.Wanted == 0)
                {
                    continue;
                }

                first.Wanted--;
                first.Kept++;
                if (first.Wanted > 0)
                {
                    first.IsQueued = true;
                    waiting.Enqueue(first);
                }

                return first;
            }

            free++;
            return null;
        }
    }

    /// <summary>A shard's place in the line.</summary>
    /// <param name="wake">Asks for the shard's turn, in which it takes what is kept for it. Any thread.</param>
    internal sealed class Line(Action wake)
    {
        /// <summary>Places that are kept for it.</summary>
        public int Kept { get; set; }

        /// <summary>How many more it waits for.</summary>
        public int Wanted { get; set; }

        /// <summary>Whether it stands in line.</summary>
        public bool IsQueued { get; set; }

        /// <summary>Asks for the shard's turn.</summary>
        public void Wake() => wake();
    }
}
