using StreamActors.Pipelines;
using StreamActors.Records;

namespace StreamActors.Simulation.Tests.World;

/// <summary>What a route does with its records, as far as the model needs to know.</summary>
internal enum RouteKind
{
    Emit,
    Latest,
    Sample,
    Entity,
    Calls,
}

/// <summary>A route of a simulated pipeline.</summary>
internal sealed record RouteShape(
    string Topic, RouteKind Kind, bool Dedup, bool DeadLetters, IReadOnlyList<string> Sinks, int SampleRate)
{
    /// <summary>Routes with the same text share shards.</summary>
    public string ShardGroup { get; init; } = Topic;

    /// <summary>Whether a record's time stands in its value, and that of its log is another.</summary>
    public bool HasEventTime { get; init; }

    /// <summary>Whether what has been parked longest for a call is given up where no more may be parked.</summary>
    public bool GivesUpOldest { get; init; }

    /// <summary>Routes with the same text share entities.</summary>
    public string EntityName { get; init; } = Topic;
}

/// <summary>What must become of a record.</summary>
internal enum Fate
{
    /// <summary>Its output must reach every sink of the route.</summary>
    Emitted,

    /// <summary>Like <see cref="Emitted"/>, unless a later record of its key takes its place.</summary>
    Held,

    /// <summary>A dead letter must be written, where the route has a topic for them.</summary>
    DeadLettered,

    /// <summary>Nothing may leave for it.</summary>
    Silent,
}

/// <summary>
/// The naive model of one owned partition: what a member has read, what must become of it, and what the sinks have
/// taken. It checks every delivery and every commit.
/// </summary>
internal sealed class Expectations(Promises promises, RouteShape route, PartitionId partition, long start)
    : IExpectations
{
    private readonly List<(SimulatedRecord Record, Fate Fate)> read = [];
    private readonly Deliveries deliveries = new(promises, route, partition);
    private readonly Dictionary<string, long> lastHeld = [];
    private readonly Dictionary<string, int> sampled = [];
    private readonly HashSet<int> seen = [];
    private long settled = start;

    /// <summary>Counts the runs of the partition in this member: a seek begins another.</summary>
    public int Run { get; private set; } = 1;

    /// <summary>Whether it is known where the partition starts.</summary>
    public bool IsStarted => Position >= 0;

    /// <summary>How many records were read that are, or come after, one that is not done.</summary>
    public int ReadAhead => read.Count - Index(Settled);

    /// <summary>The next offset to read; negative while the start is not known.</summary>
    public long Position { get; private set; } = start;

    /// <summary>The lowest offset whose record may still need something.</summary>
    public long Settled
    {
        get
        {
            var index = Index(settled);
            while (index < read.Count && IsDone(read[index].Record, read[index].Fate))
            {
                index++;
            }

            return settled = index < read.Count ? read[index].Record.Offset : Position;
        }
    }

    /// <summary>Reading goes on elsewhere: with a cut log further on, else in a new run from there.</summary>
    public void Seek(long offset, bool logWasCut)
    {
        Position = offset;
        if (logWasCut)
        {
            return;
        }

        CheckCommit(offset);
        Run++;
        settled = offset;
        read.Clear();
        deliveries.Clear();
        lastHeld.Clear();
        sampled.Clear();
        seen.Clear();
    }

    public void Read(SimulatedRecord record)
    {
        Position = record.Offset + 1;
        read.Add((record, FateOf(record)));
    }

    public void GiveUp(long offset)
    {
        var index = Index(offset);
        read[index] = (read[index].Record, Fate.DeadLettered);
    }

    /// <summary>An output reaches its sink.</summary>
    public void Deliver(string sink, string kind, SimulatedRecord cause)
    {
        if (deliveries.IsOfRefused(kind, cause))
        {
            return;
        }

        var (_, fate) = read[Index(cause.Offset)];
        var allowed = kind switch
        {
            Deliveries.DeadLetter => cause.Wish is Wish.Reject or Wish.Throw && fate != Fate.Silent,
            Deliveries.GivenUp => cause.Wish != Wish.Reject
                && (route.GivesUpOldest || (route.Kind == RouteKind.Entity && fate == Fate.DeadLettered)),
            _ => cause.Wish is Wish.Emit or Wish.Ignore && fate is Fate.Emitted or Fate.Held,
        };
        promises.Require(
            Promise.NoDuplicate,
            allowed,
            $"{partition}@{cause.Offset} ({cause.Wish}, {fate}) must not be delivered as {kind}");
        deliveries.Add(sink, kind, cause);
    }

    public void Acknowledge(string sink, string kind, SimulatedRecord cause) =>
        deliveries.Acknowledge(sink, kind, cause);

    public void Refuse(string sink, long offset) => deliveries.Refuse(sink, offset);

    /// <summary>A commit begins: every record below must be done.</summary>
    public void CheckCommit(long offset)
    {
        promises.Require(
            Promise.Commits, offset <= Position, $"{partition}: {offset} was committed, and {Position} was not read");
        var open = read.FindIndex(
            Index(settled), each => each.Record.Offset < offset && !IsDone(each.Record, each.Fate));
        promises.Require(
            Promise.Commits, open < 0, $"{partition}: {offset} was committed, and {read[open]} is not done");
    }

    private Fate FateOf(SimulatedRecord record)
    {
        if (record.Wish == Wish.Reject)
        {
            return Fate.DeadLettered;
        }

        if (route.Dedup && record.Id > 0 && !seen.Add(record.Id))
        {
            return Fate.Silent;
        }

        switch (route.Kind)
        {
            case RouteKind.Latest:
                lastHeld[record.Key] = record.Offset;
                return Fate.Held;
            case RouteKind.Sample:
                var count = sampled.GetValueOrDefault(record.Key) + 1;
                sampled[record.Key] = count % route.SampleRate;
                return count < route.SampleRate ? Fate.Silent : Given(record);
            case RouteKind.Entity or RouteKind.Calls when record.Wish == Wish.Ignore:
                return Fate.Silent;
            default:
                if (record.Wish == Wish.Throw)
                {
                    seen.Remove(record.Id);
                }

                return Given(record);
        }
    }

    private static Fate Given(SimulatedRecord record) =>
        record.Wish == Wish.Throw ? Fate.DeadLettered : Fate.Emitted;

    private bool IsDone(SimulatedRecord record, Fate fate) =>
        !deliveries.IsOwed(record.Offset) && HasSettled(record, fate);

    private bool HasSettled(SimulatedRecord record, Fate fate) => fate switch
    {
        Fate.Silent => true,
        Fate.DeadLettered => IsDeadLettered(record),
        Fate.Emitted when IsGivenUp(record) => true,
        Fate.Held when lastHeld.GetValueOrDefault(record.Key) > record.Offset => true,
        Fate.Held when record.Wish == Wish.Throw => IsDeadLettered(record),
        _ => route.Sinks.All(sink => deliveries.IsAcknowledged(sink, "out", record.Offset)
            && (route.Kind != RouteKind.Entity || !record.EmitsMore
                || deliveries.IsAcknowledged(sink, SimulatedRecord.More, record.Offset))),
    };

    private bool IsDeadLettered(SimulatedRecord record) =>
        !route.DeadLetters || IsGivenUp(record) || deliveries.IsAcknowledged(
            RouteDefinition.DeadLetterLane, Deliveries.DeadLetter, record.Offset);

    private bool IsGivenUp(SimulatedRecord record) =>
        deliveries.IsAcknowledged(RouteDefinition.DeadLetterLane, Deliveries.GivenUp, record.Offset);

    private int Index(long offset)
    {
        var (low, high) = (0, read.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = read[middle].Record.Offset < offset ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
