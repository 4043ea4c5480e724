using StreamActors.Configuration;

namespace StreamActors.Limits;

/// <summary>When a pipeline does what it does by the clock.</summary>
public sealed record PipelineTiming
{
    internal static readonly TimeSpan ShortestPassivateAfter = TimeSpan.FromMilliseconds(1);
    internal static readonly TimeSpan LongestPassivateAfter = TimeSpan.FromDays(1_000);

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

    /// <summary>
    /// How long an entity may be idle, without a timer, before it is passivated, unless its own kind says otherwise
    /// (<c>EntityOptions.PassivateAfter</c>). Without a store it is forgotten; with one it leaves the memory once it is
    /// saved, and its next record, which waits meanwhile, brings it back.
    /// </summary>
    public TimeSpan PassivateAfter { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// How far ahead of the wall clock a record's time may be and still move the records' time of its shard, by which
    /// event timers go; zero = any way. One further ahead is handled like any other, and counted. An hour, because
    /// that is what a broker of Kafka 4 accepts (<c>log.message.timestamp.after.max.ms</c>); an older one accepts all.
    /// </summary>
    public TimeSpan MaxEventTimeLead { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// How long a topic may bring a shard no record, by the wall clock, before its event time goes on without: as the
    /// wall clock does, that long behind. Event timers then come due, and a record that comes later and is older than
    /// that is late. Zero = it waits for records, for good.
    /// </summary>
    public TimeSpan EventTimeIdleAfter { get; init; }

    /// <summary>
    /// How long a partition's position may stand still with records behind it before that is a stall: in the log, on
    /// <c>/stalls</c>, and in metrics. A commit has three of its intervals more.
    /// </summary>
    public TimeSpan StallAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a shard or a member that failed waits before it starts again.</summary>
    public Backoff Restart { get; init; } = new(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(30));

    /// <summary>Restarts of a shard within <see cref="RestartWindow"/> after which the pipeline stops.</summary>
    public int RestartLimit { get; init; } = 10;

    /// <summary>The time over which restarts are counted.</summary>
    public TimeSpan RestartWindow { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Reads the times over those that the code gives; mistakes are the reader's.</summary>
    internal static PipelineTiming Read(SettingsReader reader, PipelineTiming given)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ArgumentNullException.ThrowIfNull(given);
        // A handler inside a rebalance must return long before max.poll.interval.ms (5 min): hence a minute at most.
        var (shortest, minute, hour) = (TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(1), TimeSpan.FromHours(1));
        var day = TimeSpan.FromDays(1);
        var restart = reader.Section(nameof(Restart));
        var first = restart.Time(nameof(Backoff.Min), given.Restart.Min, shortest, hour);
        return new PipelineTiming
        {
            CommitInterval = reader.Time(nameof(CommitInterval), given.CommitInterval, shortest, day),
            CommitRecords = reader.Number(nameof(CommitRecords), given.CommitRecords, 1),
            CommitSpacing = reader.Time(nameof(CommitSpacing), given.CommitSpacing, shortest, hour),
            DrainLimit = reader.Time(nameof(DrainLimit), given.DrainLimit, shortest, minute),
            StopLimit = reader.Time(nameof(StopLimit), given.StopLimit, shortest, hour),
            StartLimit = reader.Time(nameof(StartLimit), given.StartLimit, shortest, minute),
            PassivateAfter = reader.Time(
                nameof(PassivateAfter), given.PassivateAfter, ShortestPassivateAfter, LongestPassivateAfter),
            MaxEventTimeLead = reader.Time(
                nameof(MaxEventTimeLead), given.MaxEventTimeLead, TimeSpan.Zero, TimeSpan.FromDays(1_000)),
            EventTimeIdleAfter = reader.Time(
                nameof(EventTimeIdleAfter), given.EventTimeIdleAfter, TimeSpan.Zero, TimeSpan.FromDays(1_000)),
            StallAfter = reader.Time(nameof(StallAfter), given.StallAfter, TimeSpan.FromSeconds(1), day),
            Restart = new Backoff(first, restart.Time(nameof(Backoff.Max), given.Restart.Max, first, hour)),
            RestartLimit = reader.Number(nameof(RestartLimit), given.RestartLimit, 0),
            RestartWindow = reader.Time(nameof(RestartWindow), given.RestartWindow, shortest, day),
        };
    }
}
