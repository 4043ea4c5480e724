using StreamActors.Pipelines;
using StreamActors.Records;

namespace StreamActors.Simulation.Tests.World;

/// <summary>
/// What the sinks have taken of one owned partition: nothing again after its acknowledgement, the records of a key in
/// their order, and a dead letter for each output that a sink has refused.
/// </summary>
internal sealed class Deliveries(Promises promises, RouteShape route, PartitionId partition)
{
    public const string DeadLetter = "dlq";

    /// <summary>
    /// The dead letter of a record that wished none: more were parked, or for longer, or more timers set, than may be.
    /// </summary>
    public const string GivenUp = "given up";

    private readonly HashSet<(string Sink, string Kind, long Offset)> acknowledged = [];
    private readonly HashSet<(string Sink, string Kind, long Offset)> delivered = [];
    private readonly Dictionary<(string Sink, string Kind, string Key), long> newest = [];
    private readonly Dictionary<long, int> owed = [];
    private readonly HashSet<long> givenUp = [];
    private readonly HashSet<long> wentOn = [];

    /// <summary>The records of which a dead letter is owed: a sink refused an output of theirs.</summary>
    public IEnumerable<long> Owed => owed.Where(static each => each.Value > 0).Select(static each => each.Key);

    public bool IsAcknowledged(string sink, string kind, long offset) => acknowledged.Contains((sink, kind, offset));

    public bool IsOwed(long offset) => owed.GetValueOrDefault(offset) > 0;

    public void Clear()
    {
        acknowledged.Clear();
        delivered.Clear();
        newest.Clear();
        owed.Clear();
        givenUp.Clear();
        wentOn.Clear();
    }

    /// <summary>Whether it is the dead letter of a refused output, which must be owed.</summary>
    public bool IsOfRefused(string kind, SimulatedRecord cause)
    {
        if (!IsLetterOfOutput(kind, cause))
        {
            return false;
        }

        promises.Require(
            Promise.NoDuplicate,
            IsOwed(cause.Offset),
            $"{partition}@{cause.Offset}: a dead letter, and no sink has refused an output of it");
        return true;
    }

    /// <summary>An output that may be delivered reaches its sink.</summary>
    public void Add(string sink, string kind, SimulatedRecord cause)
    {
        var (own, other) = kind == GivenUp ? (givenUp, wentOn) : (wentOn, givenUp);
        own.Add(cause.Offset);
        promises.Require(
            Promise.NoDuplicate,
            !other.Contains(cause.Offset),
            $"{partition}@{cause.Offset} was given up, and went on all the same");
        if (!delivered.Add((sink, kind, cause.Offset)))
        {
            promises.Require(
                Promise.NoDuplicate,
                !IsAcknowledged(sink, kind, cause.Offset),
                $"{partition}@{cause.Offset} was delivered again after its acknowledgement");
            return;
        }

        if (route.Kind == RouteKind.Calls && cause.Key.Length == 0)
        {
            // Calls for records without a key wait for none.
            return;
        }

        // Dead letters of records that a window held come later than those of records that it never took.
        var order = (sink, kind, kind == DeadLetter ? cause.Key + cause.Wish : cause.Key);
        promises.Require(
            Promise.Order,
            newest.GetValueOrDefault(order, -1) < cause.Offset,
            $"{partition}@{cause.Offset} was delivered after a newer record of the key {cause.Key}");
        newest[order] = cause.Offset;
    }

    /// <summary>A sink has acknowledged an output.</summary>
    public void Acknowledge(string sink, string kind, SimulatedRecord cause)
    {
        if (IsLetterOfOutput(kind, cause))
        {
            owed[cause.Offset]--;
            return;
        }

        acknowledged.Add((sink, kind, cause.Offset));
    }

    /// <summary>A sink has taken a batch but for an output of a record: the dead letter of that is owed.</summary>
    public void Refuse(string sink, long offset)
    {
        if (route.DeadLetters && sink != RouteDefinition.DeadLetterLane)
        {
            owed[offset] = owed.GetValueOrDefault(offset) + 1;
        }
    }

    /// <summary>A record that emits is no dead letter itself.</summary>
    private static bool IsLetterOfOutput(string kind, SimulatedRecord cause) =>
        kind == DeadLetter && cause.Wish is Wish.Emit or Wish.Ignore;
}
