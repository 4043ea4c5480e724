namespace StreamActors.Limits;

/// <summary>When a pipeline does what it does by the clock.</summary>
public sealed record PipelineTiming
{
    /// <summary>The longest time between a record's completion and the commit that covers it.</summary>
    public TimeSpan CommitInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Completed records after which a commit is due before the interval ends.</summary>
    public int CommitRecords { get; init; } = 10_000;

    /// <summary>The shortest time between two commits, whatever their count: what protects the broker.</summary>
    public TimeSpan CommitSpacing { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// How long a revoked shard may take to drain. The client fetches for nobody meanwhile, so keep it below a second.
    /// What is not done by then is dropped uncommitted, and read again by the new owner.
    /// </summary>
    public TimeSpan DrainLimit { get; init; } = TimeSpan.FromMilliseconds(800);

    /// <summary>How long a node that leaves may take to drain.</summary>
    public TimeSpan StopLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long the broker may take to say where an assigned partition starts; then it is asked again.
    /// </summary>
    public TimeSpan StartLimit { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long an entity may be idle before it is passivated.</summary>
    public TimeSpan PassivateAfter { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a shard or a member that failed waits before it starts again.</summary>
    public Backoff Restart { get; init; } = new(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(30));

    /// <summary>Restarts of a shard within <see cref="RestartWindow"/> after which the pipeline stops.</summary>
    public int RestartLimit { get; init; } = 10;

    /// <summary>The time over which restarts are counted.</summary>
    public TimeSpan RestartWindow { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The times and counts that are out of range, a sentence each.</summary>
    internal IEnumerable<string> Mistakes()
    {
        // A handler inside a rebalance must return long before max.poll.interval.ms (5 min): hence a minute at most.
        var (shortest, minute, day) = (TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(1), TimeSpan.FromDays(1));
        (string Name, TimeSpan Value, TimeSpan Min, TimeSpan Max)[] times =
        [
            (nameof(CommitInterval), CommitInterval, shortest, day),
            (nameof(CommitSpacing), CommitSpacing, shortest, TimeSpan.FromHours(1)),
            (nameof(DrainLimit), DrainLimit, shortest, minute),
            (nameof(StopLimit), StopLimit, shortest, TimeSpan.FromHours(1)),
            (nameof(StartLimit), StartLimit, shortest, minute),
            (nameof(PassivateAfter), PassivateAfter, shortest, TimeSpan.FromDays(1_000)),
            ($"{nameof(Restart)}.{nameof(Backoff.Min)}", Restart.Min, shortest, TimeSpan.FromHours(1)),
            ($"{nameof(Restart)}.{nameof(Backoff.Max)}", Restart.Max, Restart.Min, TimeSpan.FromHours(1)),
            (nameof(RestartWindow), RestartWindow, shortest, day),
        ];
        (string Name, int Value, int Min)[] counts =
            [(nameof(CommitRecords), CommitRecords, 1), (nameof(RestartLimit), RestartLimit, 0)];
        return
        [
            .. times.Where(static time => time.Value < time.Min || time.Value > time.Max)
                .Select(static time =>
                    $"The time {time.Name} is {time.Value}: it must be from {time.Min} to {time.Max}."),
            .. counts.Where(static count => count.Value < count.Min)
                .Select(static count => $"{count.Name} is {count.Value}: it must be {count.Min} at least."),
        ];
    }
}
