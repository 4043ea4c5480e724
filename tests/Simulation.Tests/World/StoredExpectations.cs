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
    private readonly Deliveries deliveries = new(world.Promises, route, partition);
    private long began = start;

    public int Run { get; private set; } = 1;

    public bool IsStarted => Position >= 0;

    public long Position { get; private set; } = start;

    public int ReadAhead => IsStarted
        ? world.Broker.Log(partition).CountBetween(HasState ? Saved : began, Position)
        : 0;

    /// <summary>Whether a shard of it was ever saved; where nothing of it is state, none is.</summary>
    private bool HasState => world.Store!.HasState(partition);

    private long Saved => HasState ? world.Store!.Saved(partition) : 0;

    public void Seek(long offset, bool logWasCut)
    {
        (Position, began) = (offset, IsStarted ? began : offset);
        if (logWasCut)
        {
            return;
        }

        Run++;
        deliveries.Clear();
    }

    public void Read(SimulatedRecord record) => Position = record.Offset + 1;

    public void GiveUp(long offset) =>
        throw new NotSupportedException("With a store, nobody knows how many timers are set.");

    public void Deliver(string sink, string kind, SimulatedRecord cause)
    {
        if (deliveries.IsOfRefused(kind, cause))
        {
            return;
        }

        var isAllowed = kind switch
        {
            Deliveries.DeadLetter => cause.Wish is Wish.Reject or Wish.Throw,
            Deliveries.GivenUp => route.GivesUpOldest && cause.Wish != Wish.Reject,
            _ => cause.Wish is Wish.Emit or Wish.Ignore,
        };
        world.Promises.Require(
            Promise.NoDuplicate,
            isAllowed,
            $"{partition}@{cause.Offset} ({cause.Wish}) must not be delivered as {kind}");
        world.Promises.Require(
            Promise.Ownership,
            cause.Offset < Math.Max(Position, Saved),
            $"{partition}@{cause.Offset} was delivered, and not read");
        deliveries.Add(sink, kind, cause);
    }

    public void Acknowledge(string sink, string kind, SimulatedRecord cause) =>
        deliveries.Acknowledge(sink, kind, cause);

    public void Refuse(string sink, long offset) => deliveries.Refuse(sink, offset);

    public void CheckCommit(long offset)
    {
        if (route.Kind is RouteKind.Emit or RouteKind.Entity)
        {
            // Others may be owed it for a record that the snapshot carries.
            world.Promises.Require(
                Promise.Commits,
                !deliveries.Owed.Any(owed => owed < offset),
                $"{partition}: {offset} was committed, and a dead letter is owed");
        }

        var most = HasState ? Saved : Position;
        world.Promises.Require(
            Promise.Commits,
            offset <= most,
            $"{partition}: {offset} was committed, and the last snapshot goes up to {most}");
    }
}
