using StreamActors.Stalls;

namespace StreamActors.Sinks;

/// <summary>Step 3 of a record's path, emit: the outputs of a shard on their way out, a lane for each sink.</summary>
internal sealed class Outbox(IReadOnlyDictionary<string, SinkLane> lanes) : IDisposable
{
    private readonly SinkLane[] all = [.. lanes.Values];

    /// <summary>Whether every lane takes further outputs.</summary>
    public bool HasRoom
    {
        get
        {
            foreach (var lane in all)
            {
                if (!lane.HasRoom)
                {
                    return false;
                }
            }

            return true;
        }
    }

    /// <summary>Whether every output was acknowledged.</summary>
    public bool IsEmpty => Array.TrueForAll(all, static lane => lane.IsEmpty);

    /// <summary>Whether no sink has a batch. Any thread.</summary>
    public bool IsQuiet => Array.TrueForAll(all, static lane => lane.IsQuiet);

    /// <summary>When a lane wants a turn by itself, in milliseconds.</summary>
    public long NextDue => all.Length == 0 ? long.MaxValue : all.Min(static lane => lane.NextDue);

    /// <summary>Why further outputs have no room; null where they have.</summary>
    public Obstacle? Full => Array.Find(all, static lane => !lane.HasRoom)?.Describe();

    /// <summary>From here on, what is delivered is the shard's under this claim of its state.</summary>
    public void Claimed(OutputFence under) => Array.ForEach(all, lane => lane.Claimed(under));

    /// <summary>The shard claims its state again, because the store forgot the claim.</summary>
    public void ClaimsAgain() => Array.ForEach(all, static lane => lane.ClaimsAgain());

    /// <summary>What every lane was given up to now.</summary>
    public OutboxMark Mark() => new([.. all.Select(static lane => lane.Given)]);

    /// <summary>Whether every output before the mark was acknowledged.</summary>
    public bool IsPast(OutboxMark mark)
    {
        for (var lane = 0; lane < all.Length; lane++)
        {
            if (all[lane].Acknowledged < mark.Given[lane])
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>What the outputs before a mark wait for; null where all were acknowledged.</summary>
    public Obstacle? Behind(OutboxMark mark) =>
        all.Where((lane, index) => lane.Acknowledged < mark.Given[index]).Select(static lane => lane.Describe())
            .MaxBy(static each => each.IsTrouble);

    /// <summary>What the outputs of a record wait for; null where there are none.</summary>
    public Obstacle? Find(Origin origin) =>
        all.Select(lane => lane.Find(origin)).OfType<Obstacle>().MaxBy(static each => each.IsTrouble);

    /// <summary>The lane to a connector's sink.</summary>
    public SinkLane Lane(string connector) => lanes[connector];

    /// <summary>How many records of an input that were given up are not acknowledged as dead letters.</summary>
    public int CountGivenUp(int input) =>
        all.Where(static lane => lane.IsOfDeadLetters).Sum(lane => lane.CountGivenUp(input));

    /// <summary>Takes results and begins deliveries, lane by lane.</summary>
    public void Pump(long now, Action<SinkLane, OutputBatch, long> acknowledged)
    {
        foreach (var lane in all)
        {
            lane.Pump(now, acknowledged);
        }
    }

    /// <summary>The sinks that have not acknowledged everything, for a log; empty when all have. Any thread.</summary>
    public string WaitsFor =>
        string.Join(" and ", all.Where(static lane => !lane.IsEmpty).Select(static lane => lane.WaitsFor).Distinct());

    /// <inheritdoc/>
    public void Dispose() => Array.ForEach(all, static lane => lane.Dispose());
}

/// <summary>A moment in the life of an outbox.</summary>
/// <param name="Given">How many outputs each of its lanes had been given.</param>
internal readonly record struct OutboxMark(IReadOnlyList<long> Given);
