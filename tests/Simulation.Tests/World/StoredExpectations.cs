using StreamActors.Pipelines;
using StreamActors.Records;

namespace StreamActors.Simulation.Tests.World;

/// <summary>
/// The model of an owned partition whose shard's state is in a store. What becomes of a record depends on what the
/// shard remembers of earlier owners, so it is the entities' own state that tells whether a record was applied twice
/// or skipped (<see cref="SimulatedEntity"/>); here stands what may leave, in which order, and what may be committed.
/// </summary>
internal sealed class StoredExpectations(SimulatedWorld world, RouteShape route, PartitionId partition, long start)
    : IExpectations
{
    private const string DeadLetter = "dlq";

    private readonly HashSet<(string Sink, string Kind, long Offset)> acknowledged = [];
    private readonly HashSet<(string Sink, string Kind, long Offset)> delivered = [];
    private readonly Dictionary<(string Sink, string Kind, string Key), long> newest = [];
    private readonly Dictionary<long, int> owed = [];

    public int Run { get; private set; } = 1;

    public bool IsStarted => Position >= 0;

    public long Position { get; private set; } = start;

    public int ReadAhead => 0;

    /// <summary>Whether a shard of it was ever saved; where nothing of it is state, none is.</summary>
    private bool HasState => world.Store!.HasState(partition);

    private long Saved => HasState ? world.Store!.Saved(partition) : 0;

    public void Seek(long offset, bool logWasCut)
    {
        Position = offset;
        if (logWasCut)
        {
            return;
        }

        Run++;
        acknowledged.Clear();
        delivered.Clear();
        owed.Clear();
        newest.Clear();
    }

    public void Read(SimulatedRecord record) => Position = record.Offset + 1;

    public void Deliver(string sink, string kind, SimulatedRecord cause)
    {
        if (IsOfRefused(kind, cause.Offset))
        {
            return;
        }

        var isAllowed = kind == DeadLetter
            ? cause.Wish is Wish.Reject or Wish.Throw
            : cause.Wish is Wish.Emit or Wish.Ignore;
        isAllowed.ShouldBeTrue($"{partition}@{cause.Offset} ({cause.Wish}) must not be delivered as {kind}");
        cause.Offset.ShouldBeLessThan(Math.Max(Position, Saved), $"{partition}: what was not read was delivered");
        acknowledged.ShouldNotContain(
            (sink, kind, cause.Offset), $"{partition}@{cause.Offset} was delivered again after its acknowledgement");
        if (!delivered.Add((sink, kind, cause.Offset)))
        {
            return;
        }

        if (route.Kind == RouteKind.Calls && cause.Key.Length == 0)
        {
            // Calls for records without a key wait for none.
            return;
        }

        // Dead letters of records that a window held come later than those of records that it never took.
        var order = (sink, kind, kind == DeadLetter ? cause.Key + cause.Wish : cause.Key);
        newest.GetValueOrDefault(order, -1).ShouldBeLessThan(
            cause.Offset, $"{partition}: an older record of the key {cause.Key} was delivered after a newer one");
        newest[order] = cause.Offset;
    }

    public void Acknowledge(string sink, string kind, long offset)
    {
        if (IsOfRefused(kind, offset))
        {
            owed[offset]--;
            return;
        }

        acknowledged.Add((sink, kind, offset));
    }

    public void Refuse(string sink, long offset)
    {
        if (route.DeadLetters && sink != RouteDefinition.DeadLetterLane)
        {
            owed[offset] = owed.GetValueOrDefault(offset) + 1;
        }
    }

    public void CheckCommit(long offset)
    {
        if (route.Kind is RouteKind.Emit or RouteKind.Entity)
        {
            // Others may be owed it for a record that the snapshot carries.
            owed.ShouldNotContain(
                each => each.Key < offset && each.Value > 0,
                $"{partition}: {offset} was committed, and a dead letter is owed");
        }

        offset.ShouldBeLessThanOrEqualTo(
            HasState ? Saved : Position, $"{partition}: {offset} was committed, and no snapshot goes as far");
    }

    private bool IsOfRefused(string kind, long offset) => kind == DeadLetter && owed.GetValueOrDefault(offset) > 0;
}
