using StreamActors.Metrics;
using StreamActors.Records;
using StreamActors.Sinks;
using StreamActors.Stalls;

namespace StreamActors.Shards;

/// <summary>
/// What a route does with a value that was read and is no duplicate: emit it, hold it in a window, give it to an
/// entity; or call for it, in front of one of these. Only the shard's turn calls it, but for what says otherwise.
/// </summary>
internal interface IStage<T>
    where T : allows ref struct
{
    /// <summary>When it wants <see cref="OnTime"/>, in milliseconds; <see cref="long.MaxValue"/> = never.</summary>
    long NextDue { get; }

    /// <summary>When it wants <see cref="Flush"/> by itself while the shard drains, in milliseconds.</summary>
    long FlushDue => long.MaxValue;

    /// <summary>
    /// Whether it holds something of which nothing can be done by a time, in milliseconds: after
    /// <see cref="Flush"/>, when the outbox is empty.
    /// </summary>
    bool IsTooLate(long until) => false;

    /// <summary>What it waits for that is no sink, for a log; empty when for nothing. Any thread.</summary>
    string WaitsFor => "";

    /// <summary>Whether it can take a value now; if not, it wants a turn when the outbox has room again.</summary>
    bool HasRoom { get; }

    /// <summary>Counts the entities whose state was read since they were asked for.</summary>
    long Came => 0;

    /// <summary>
    /// Whether it can take a value of an entity now. Else the entity's state is read, and <see cref="Came"/> changes
    /// when it has come, behind <see cref="OnTime"/>.
    /// </summary>
    bool IsHere(ReadOnlySpan<byte> entityKey) => true;

    /// <summary>What it keeps for later, for people who look; between two turns only.</summary>
    IEnumerable<Kept> Kept => [];

    /// <summary>What a record waits for that it has; null where it has not. Looks at all that it has.</summary>
    Obstacle? Find(Origin origin) => null;

    /// <summary>Why it can take no value, where <see cref="HasRoom"/> says so; else null.</summary>
    Obstacle? Full => null;

    /// <summary>
    /// Takes a value. What user code throws passes through; then the call has left no trace.
    /// </summary>
    void Handle(scoped in T value, in Keyed from, ref RouteCounters.Turnover counts);

    /// <summary>Does what is due by the clock, as far as the outbox has room.</summary>
    void OnTime(ref RouteCounters.Turnover counts);

    /// <summary>Another value waits, and there is no room: gives up what it may, so that there is.</summary>
    void MakeRoom(ref RouteCounters.Turnover counts)
    {
    }

    /// <summary>Emits what it holds, as far as the outbox has room.</summary>
    /// <returns>Whether nothing is held any more.</returns>
    bool Flush(ref RouteCounters.Turnover counts);

    /// <summary>Counts what it holds, at the end of a turn.</summary>
    void Count(ref RouteCounters.Turnover counts)
    {
    }

    /// <summary>Lets go of what it has outside of the shard, which is closed. The last call.</summary>
    void Close(ref RouteCounters.Turnover counts)
    {
    }
}

/// <summary>A record with its entity's key.</summary>
internal readonly ref struct Keyed
{
    /// <summary>The record.</summary>
    public required Record Record { get; init; }

    /// <summary>The entity's key: the record's, with the sub-key where the route has one.</summary>
    public required ReadOnlySpan<byte> EntityKey { get; init; }

    /// <summary>Where the record came from.</summary>
    public required Origin Origin { get; init; }
}
