using StreamActors.Metrics;
using StreamActors.Shards;
using StreamActors.Sinks;
using StreamActors.Snapshots;
using StreamActors.Stalls;

namespace StreamActors.Entities;

/// <summary>Gives the values of a route to their entities.</summary>
/// <param name="handler">The handler object of the shard.</param>
/// <param name="entities">The entities that the route feeds, with other routes where there are any.</param>
/// <param name="isCounter">Whether it counts them: one of the routes does.</param>
internal sealed class EntityStage<TIn, TState, TOut>(
    IEntity<TIn, TState, TOut> handler, ActiveEntities<TState, TOut> entities, bool isCounter) : IStage<TIn>
    where TIn : allows ref struct
    where TState : new()
{
    private Holding shown;
    private long shownAway;

    /// <inheritdoc/>
    public long NextDue => entities.NextDue;

    /// <inheritdoc/>
    public bool HasRoom => entities.HasRoom;

    /// <inheritdoc/>
    public long Came => entities.Came;

    /// <inheritdoc/>
    public string WaitsFor => entities.Parked is > 0 and var count
        ? $"the states of entities, for {count} {(count == 1 ? "record" : "records")}"
        : "";

    /// <inheritdoc/>
    public IEnumerable<Kept> Kept => entities.Kept;

    /// <inheritdoc/>
    public Obstacle? Find(Origin origin) => entities.Find(origin);

    /// <inheritdoc/>
    public Obstacle? Full => entities.Full;

    /// <inheritdoc/>
    public bool IsHere(ReadOnlySpan<byte> entityKey) => entities.IsHere(entityKey);

    /// <inheritdoc/>
    public void Handle(scoped in TIn value, in Keyed from, ref RouteCounters.Turnover counts)
    {
        if (!entities.TryFind(in from, ref counts))
        {
            return;
        }

        ref var state = ref entities.Begin(in from);
        try
        {
            handler.On(value, ref state, entities.Turn);
            entities.End(in from, ref counts);
        }
        catch
        {
            entities.TakeBack();
            throw;
        }
    }

    /// <inheritdoc/>
    public void OnTime(ref RouteCounters.Turnover counts) => entities.OnTime(ref counts);

    /// <inheritdoc/>
    public bool Flush(ref RouteCounters.Turnover counts) => entities.HandleParked(ref counts) || entities.StandsStill;

    /// <inheritdoc/>
    public void Count(ref RouteCounters.Turnover counts)
    {
        if (isCounter)
        {
            Show(entities.Holding, entities.Away, ref counts);
        }
    }

    /// <inheritdoc/>
    public void Close(ref RouteCounters.Turnover counts)
    {
        if (isCounter)
        {
            entities.Close();
        }

        Show(default, away: 0, ref counts);
    }

    private void Show(Holding holding, long away, ref RouteCounters.Turnover counts)
    {
        counts.ActiveEntities += holding.Entities - shown.Entities;
        counts.SetTimers += holding.Timers - shown.Timers;
        counts.AwayEntities += away - shownAway;
        (shown, shownAway) = (holding, away);
    }
}
