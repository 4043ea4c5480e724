namespace StreamActors.Entities;

/// <summary>
/// The timers of a shard's entities, by the time at which they are due. A timer that is cancelled (its entity is gone,
/// or it was moved to an earlier time) leaves a dead entry behind; when more entries are dead than alive, the queue is
/// made anew without them. So it holds at most twice as many entries as timers are set, and a few.
/// <para>Owned by the shard: only its turn calls it.</para>
/// </summary>
internal sealed class TimerQueue
{
    private const int FewDead = 64;

    private PriorityQueue<EntityTimer, long> queue = new();

    /// <summary>How many timers are set.</summary>
    public int Count { get; private set; }

    /// <summary>The timers that are set, in no order.</summary>
    public IEnumerable<EntityTimer> Set =>
        queue.UnorderedItems.Select(static entry => entry.Element).Where(static timer => timer.IsSet);

    /// <summary>How many entries the queue holds, the dead ones included.</summary>
    public int Entries => queue.Count;

    /// <summary>When the first timer may be due; <see cref="long.MaxValue"/> when none is set.</summary>
    public long NextDue => Count > 0 && queue.TryPeek(out _, out var due) ? due : long.MaxValue;

    /// <summary>Sets a timer.</summary>
    public void Add(EntityTimer timer)
    {
        Count++;
        queue.Enqueue(timer, timer.Due);
    }

    /// <summary>
    /// Moves a timer to a later time. Its entry stays where it is in the queue, and moves when it comes up: a timer
    /// that every record moves costs one entry, not one a record.
    /// </summary>
    /// <returns>False where the time is earlier than the entry's place: then it needs another entry.</returns>
    public static bool TryMove(EntityTimer timer, long due)
    {
        if (due < timer.QueuedFor)
        {
            return false;
        }

        timer.Due = due;
        return true;
    }

    /// <summary>Cancels a timer that is set: its entry is dead.</summary>
    public void Cancel(EntityTimer timer)
    {
        timer.IsSet = false;
        Count--;
        DropDead();
    }

    /// <summary>Takes a timer that is due; it is not set any more.</summary>
    public bool TryTake(long now, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out EntityTimer? timer)
    {
        while (queue.TryPeek(out timer, out var queuedFor) && queuedFor <= now)
        {
            queue.Dequeue();
            if (!timer.IsSet)
            {
                continue;
            }

            if (timer.Due <= queuedFor)
            {
                timer.IsSet = false;
                Count--;
                DropDead();
                return true;
            }

            timer.QueuedFor = timer.Due;
            queue.Enqueue(timer, timer.Due);
        }

        timer = null;
        return false;
    }

    // Each entry that is walked over here is paid for by one that died since the last time.
    private void DropDead()
    {
        if (queue.Count - Count > Math.Max(Count, FewDead))
        {
            queue = new(queue.UnorderedItems.Where(static entry => entry.Element.IsSet));
        }
    }
}

/// <summary>A timer of an entity.</summary>
/// <param name="name">Its name, within the entity.</param>
/// <param name="entityKey">The entity's key.</param>
/// <param name="recordKey">The key of the record that set it; null where it had none.</param>
/// <param name="due">When it is due, in milliseconds of its clock.</param>
/// <param name="byEventTime">Whether its clock is the records' time, and not the shard's.</param>
internal sealed class EntityTimer(string name, byte[] entityKey, byte[]? recordKey, long due, bool byEventTime)
{
    /// <summary>The bytes that one takes, its places in queue and entity included.</summary>
    public const int Overhead = 400;

    /// <summary>Whether its clock is the records' time, and not the shard's.</summary>
    public bool ByEventTime { get; } = byEventTime;

    /// <summary>Its name, within the entity.</summary>
    public string Name { get; } = name;

    /// <summary>The entity's key.</summary>
    public byte[] EntityKey { get; } = entityKey;

    /// <summary>The key of the record that set it; null where it had none.</summary>
    public byte[]? RecordKey { get; } = recordKey;

    /// <summary>When it is due, in milliseconds of its clock.</summary>
    public long Due { get; set; } = due;

    /// <summary>The place of its entry in the queue, which may be earlier.</summary>
    public long QueuedFor { get; set; } = due;

    /// <summary>Whether it is set: neither taken nor cancelled.</summary>
    public bool IsSet { get; set; } = true;
}
