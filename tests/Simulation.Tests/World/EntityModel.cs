namespace StreamActors.Simulation.Tests.World;

/// <summary>
/// The naive model of the entities of one shard: what a call has left is what the next one finds. Where a store keeps
/// them, an entity that was not seen yet may be any; else it is new. At the cap the longest unused goes.
/// </summary>
internal sealed class EntityModel(Promises promises, int cap, bool isStored)
{
    private readonly List<string> byUse = [];    // the longest unused first
    private readonly Dictionary<string, Known> known = [];
    private readonly HashSet<string> forgotten = [];
    private readonly HashSet<string> bad = [];    // those that have a timer whose call throws, which no state knows

    /// <summary>The entities that have timers, for which there was time enough.</summary>
    public IEnumerable<string> Waiting => known.Where(static each => each.Value.Timers.Count > 0)
        .Select(static each => $"{each.Key}: {string.Join(", ", each.Value.Timers)}");

    /// <summary>The entities that have forgotten themselves, and had no record since.</summary>
    public IReadOnlySet<string> Forgotten => forgotten;

    /// <summary>Whether an entity has a timer that its state does not know.</summary>
    public bool HasBad(string key) => bad.Contains(key);

    /// <summary>An entity has such a timer now, or has none.</summary>
    public void SetBad(string key, bool isSet) => _ = isSet ? bad.Add(key) : bad.Remove(key);

    /// <summary>Whether an entity may set new timers: those of the one that goes for it make room.</summary>
    public bool HasRoom(string key, int fresh, bool setsBad, int limit)
    {
        var asked = fresh + (setsBad && !bad.Contains(key) ? 1 : 0);
        var freed = byUse.Count == cap && !byUse.Contains(key) ? Timers(byUse[0]) : 0;
        return asked == 0 || known.Keys.Sum(Timers) - freed + asked <= limit;
    }

    /// <summary>A call begins.</summary>
    /// <param name="key">The entity's key.</param>
    /// <param name="state">What the call finds.</param>
    /// <param name="call">What it is for.</param>
    /// <param name="fired">The timer whose call it is, which is not set any more; null = a record's call.</param>
    public void Check(string key, SimulatedEntity.State state, object call, string? fired)
    {
        if (known.TryGetValue(key, out var last))
        {
            promises.Require(
                Promise.State,
                state.Seen == last.Seen,
                $"{call}: the entity {key} has had {last.Seen} records, and its state has {state.Seen}");
            promises.Require(
                Promise.Timers,
                state.Timers.OrderBy(static timer => timer.Key)
                    .SequenceEqual(last.Timers.Where(timer => timer.Key != fired)),
                $"{call}: the entity {key} has lost a timer that it had set, or has one that it had not");
        }
        else if (!isStored || forgotten.Contains(key))
        {
            promises.Require(
                Promise.State, state.Seen == 0, $"{call}: the entity {key} begins anew, and has {state.Seen} records");
        }
    }

    /// <summary>A call has ended, and left this.</summary>
    public void Keep(string key, SimulatedEntity.State state, bool isUse)
    {
        if (isUse)
        {
            if (!byUse.Remove(key) && byUse.Count == cap)
            {
                known.Remove(byUse[0]);
                bad.Remove(byUse[0]);
                byUse.RemoveAt(0);
            }

            byUse.Add(key);
        }

        known[key] = new Known(state.Seen, [.. state.Timers.OrderBy(static timer => timer.Key)]);
        forgotten.Remove(key);
    }

    /// <summary>A call has ended, and let the entity go.</summary>
    public void Forget(string key)
    {
        byUse.Remove(key);
        known.Remove(key);
        bad.Remove(key);
        forgotten.Add(key);
    }

    private int Timers(string key) => known[key].Timers.Count + (bad.Contains(key) ? 1 : 0);

    private sealed record Known(int Seen, IReadOnlyList<KeyValuePair<string, SimulatedEntity.SetTimer>> Timers);
}
