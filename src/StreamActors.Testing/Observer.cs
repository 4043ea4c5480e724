using StreamActors.Entities;
using StreamActors.Metrics;
using StreamActors.Parked;
using StreamActors.Pipelines;
using StreamActors.Records;
using StreamActors.Shards;
using StreamActors.Sinks;
using StreamActors.Snapshots;
using StreamActors.Stalls;

namespace StreamActors.Testing;

/// <summary>Watches the shards of a process, and writes into the trace what becomes of their records.</summary>
internal sealed class Observer(TraceLog trace, Topics topics, bool keepsState, TimeSpan startedAt)
    : IShardObserver
{
    private readonly List<ObservedRunner> runners = [];
    private readonly HashSet<ShardContext> gone = [];

    /// <summary>What the shards keep for later: with the topic, and the time by the test's clock.</summary>
    public IEnumerable<(string Topic, Kept Kept, TimeSpan? Due)> Kept =>
        from runner in runners
        from kept in runner.Kept
        let due = kept.Due == long.MaxValue ? (TimeSpan?)null : startedAt + TimeSpan.FromMilliseconds(kept.Due)
        select (runner.Topic, kept, due);

    /// <summary>The parts of the shards that have state.</summary>
    public IEnumerable<IStateful> Parts => runners.SelectMany(static runner => runner.Context.Parts).Distinct();

    /// <summary>The time of a shard's clock by the test's.</summary>
    public TimeSpan StartedAt => startedAt;

    /// <summary>What the handler of the call under way did; the runner's line takes it.</summary>
    public List<string> Notes { get; } = [];

    /// <summary>The key of the record that set the timer whose call is under way, or was the last.</summary>
    public byte[]? TimerKey { get; set; }

    /// <summary>Reports what the calls of timers so far have put out: before the next one begins.</summary>
    public Action BetweenTimers { get; set; } = static () => { };

    /// <summary>The key of the record at a place.</summary>
    public byte[]? KeyOf(PartitionOffset place) => topics.Of(place.Partition)[(int)place.Offset].KeyBytes;

    /// <inheritdoc/>
    public IRouteRunner Around(IRouteRunner runner, RouteDefinition route, ShardContext context)
    {
        var observed = new ObservedRunner(runner, route, context, this, trace);
        runners.Add(observed);
        return observed;
    }

    /// <inheritdoc/>
    public IEntity<TIn, TState, TOut> Around<TIn, TState, TOut>(
        IEntity<TIn, TState, TOut> handler, ShardContext context)
        where TIn : allows ref struct
        where TState : new() => new ObservedEntity<TIn, TState, TOut>(handler, new CallNotes(context, this));

    /// <inheritdoc/>
    public ITimerHandler<TState, TOut> Around<TState, TOut>(
        ITimerHandler<TState, TOut> handler, ShardContext context)
        where TState : new() => new ObservedTimers<TState, TOut>(handler, new CallNotes(context, this), trace);

    /// <inheritdoc/>
    public void Passivated(ReadOnlySpan<byte> entityKey, string why, ShardContext context) => trace.Add(
        new PartitionOffset(context.Inputs[0], Origin.NoOffset),
        EntityKey.Show(entityKey),
        $"passivated {why}; {(keepsState ? "the store has its state" : "its state is forgotten")}");

    /// <summary>A runner goes; the first of a shard tells what the shard forgets.</summary>
    public void Remove(ObservedRunner runner)
    {
        if (gone.Add(runner.Context))
        {
            TellForgotten(runner.Context);
        }

        runners.Remove(runner);
    }

    /// <summary>The process is killed: its shards forget what they have.</summary>
    public void Killed()
    {
        foreach (var context in runners.Select(static runner => runner.Context).Distinct())
        {
            TellForgotten(context);
        }
    }

    private void TellForgotten(ShardContext context)
    {
        if (!keepsState && context.Holding != default)
        {
            trace.Add($"{string.Join('+', context.Inputs)} forgot {context.Holding}");
        }
    }
}

/// <summary>A route's runner, watched: what a call counted and added tells what became of its record.</summary>
internal sealed class ObservedRunner(
    IRouteRunner inner, RouteDefinition route, ShardContext context, Observer observer, TraceLog trace) : IRouteRunner
{
    private readonly SinkLane[] lanes = [.. route.Connectors.Distinct().Select(context.Outbox.Lane)];
    private readonly int[] marks = new int[route.Connectors.Distinct().Count()];

    /// <summary>Its shard's.</summary>
    public ShardContext Context => context;

    /// <summary>The topic that the route reads.</summary>
    public string Topic => route.Topic;

    /// <inheritdoc/>
    public long NextDue => inner.NextDue;

    /// <inheritdoc/>
    public long FlushDue => inner.FlushDue;

    /// <inheritdoc/>
    public bool IsTooLate(long until) => inner.IsTooLate(until);

    /// <inheritdoc/>
    public string WaitsFor => inner.WaitsFor;

    /// <inheritdoc/>
    public bool HasRoom => inner.HasRoom;

    /// <inheritdoc/>
    public IEnumerable<Kept> Kept => inner.Kept;

    /// <inheritdoc/>
    public Obstacle? Find(Origin origin) => inner.Find(origin);

    /// <inheritdoc/>
    public Obstacle? Full => inner.Full;

    /// <inheritdoc/>
    public ref RouteCounters.Turnover Counts => ref inner.Counts;

    /// <inheritdoc/>
    public void TellTime(scoped in Record record, Origin origin) => inner.TellTime(in record, origin);

    /// <inheritdoc/>
    public void Handle(scoped in Record record, Origin origin)
    {
        var before = inner.Counts;
        Mark();
        observer.Notes.Clear();
        inner.Handle(in record, origin);
        Tell(in record, origin, in before);
    }

    /// <inheritdoc/>
    public void HandleAgain(ParkedRecord parked)
    {
        Report(null);
        var before = inner.Counts;
        observer.Notes.Clear();
        context.Retain(parked.Origin);    // so that it is not done before it is told of
        inner.HandleAgain(parked);
        Tell(parked.Record, parked.Origin, in before);
        context.Complete(parked.Origin);
    }

    /// <inheritdoc/>
    public void Refuse(SinkLane lane, OutputBatch batch, int index, string why) =>
        inner.Refuse(lane, batch, index, why);

    /// <inheritdoc/>
    public void OnTime()
    {
        Mark();
        observer.BetweenTimers = () => Report(null);
        inner.OnTime();
        Report(null);
    }

    /// <inheritdoc/>
    public void MakeRoom()
    {
        Mark();
        inner.MakeRoom();
        Report(null);
    }

    /// <inheritdoc/>
    public bool Flush()
    {
        Mark();
        var isEmpty = inner.Flush();
        Report(null);
        return isEmpty;
    }

    /// <inheritdoc/>
    public void Publish() => inner.Publish();

    /// <inheritdoc/>
    public void Dispose()
    {
        observer.Remove(this);
        inner.Dispose();
    }

    /// <summary>Tells what became of a record.</summary>
    private void Tell(scoped in Record record, Origin origin, scoped in RouteCounters.Turnover before)
    {
        var isAhead = inner.Counts.Ahead > before.Ahead;
        List<string> did = [.. Counted(in before)];
        if (did.Count == 0)
        {
            did.AddRange(Outputs().Where(output => output.Origin.IsOf(origin)).Select(static output => output.To));
            if (did.Count == 0)
            {
                did.Add(context.Ledgers[origin.Input].Left(origin.Offset) > 1 ? "held for later" : "no output");
            }

            did.AddRange(observer.Notes);
        }

        if (isAhead)
        {
            did.Add($"its time, {Record.DateOf(context.EventClock.LastAhead):u}, is more than MaxEventTimeLead = "
                + $"{context.Timing.MaxEventTimeLead} ahead of the test's clock, {Record.DateOf(context.UtcNow):u}: "
                + "event time did not move");
        }

        var key = record.HasKey ? record.Key.ToArray() : null;
        trace.Add(new PartitionOffset(record.Source, record.Offset), key, string.Join("; ", did));
        Report(origin);
    }

    private void Mark()
    {
        for (var lane = 0; lane < lanes.Length; lane++)
        {
            marks[lane] = lanes[lane].Filling.Count;
        }
    }

    /// <summary>Ends that come without an output, or with a dead letter; their reasons stand in lines before.</summary>
    private IEnumerable<string> Counted(scoped in RouteCounters.Turnover before)
    {
        var now = inner.Counts;
        var did = new List<string>();
        if (now.Duplicates > before.Duplicates)
        {
            did.Add("a duplicate: its id was seen before");
        }

        if (now.Merged > before.Merged)
        {
            did.Add("merged: its window emits one record for several");
        }

        if (now.Rejected + now.Failed > before.Rejected + before.Failed)
        {
            did.Add(now.DeadLettered > before.DeadLettered
                ? $"dead letter → {route.DeadLetterTopic}"
                : "dropped: its route has no topic for dead letters");
        }

        return did;
    }

    /// <summary>Outputs of other records than the one that was handled: of a window, a timer, a call.</summary>
    private void Report(Origin? handled)
    {
        foreach (var (origin, to) in Outputs().Where(output => handled is not { } one || !output.Origin.IsOf(one)))
        {
            var place = new PartitionOffset(context.Inputs[origin.Input], origin.Offset);
            trace.Add(place, origin.Offset == Origin.NoOffset ? observer.TimerKey : observer.KeyOf(place), to);
        }

        Mark();
    }

    private List<(Origin Origin, string To)> Outputs()
    {
        var added = new List<(Origin Origin, string To)>();
        for (var lane = 0; lane < lanes.Length; lane++)
        {
            foreach (ref readonly var output in lanes[lane].Filling.Outputs[marks[lane]..])
            {
                added.Add((output.Origin, $"→ {output.Destination} ({lanes[lane].Sink})"));
            }
        }

        return added;
    }
}

/// <summary>A handler object, watched when it gets records: the timers that a call sets, and that it forgets.</summary>
internal sealed class ObservedEntity<TIn, TState, TOut>(IEntity<TIn, TState, TOut> inner, CallNotes notes)
    : IEntity<TIn, TState, TOut>
    where TIn : allows ref struct
    where TState : new()
{
    /// <inheritdoc/>
    public void On(scoped TIn record, ref TState state, Turn<TOut> turn)
    {
        inner.On(record, ref state, turn);
        notes.Observer.Notes.AddRange(notes.Of(turn));
    }
}

/// <summary>A handler object, watched when timers call it.</summary>
internal sealed class ObservedTimers<TState, TOut>(
    ITimerHandler<TState, TOut> inner, CallNotes notes, TraceLog trace) : ITimerHandler<TState, TOut>
    where TState : new()
{
    /// <inheritdoc/>
    public void OnTimer(string name, ref TState state, Turn<TOut> turn)
    {
        notes.Observer.BetweenTimers();
        var key = System.Text.Encoding.UTF8.GetBytes(turn.Key);
        notes.Observer.TimerKey = key;
        inner.OnTimer(name, ref state, turn);
        List<string> did = [$"timer \"{name}\" fired", .. notes.Of(turn)];
        if (turn.Outputs.Count == 0)
        {
            did.Add("no output");
        }

        trace.Add(notes.Place, key, string.Join("; ", did));
    }
}

/// <summary>Says in words what a call to a handler asked for.</summary>
internal sealed class CallNotes(ShardContext context, Observer observer)
{
    /// <summary>Takes the notes.</summary>
    public Observer Observer => observer;

    /// <summary>The shard, as lines about no record name it.</summary>
    public PartitionOffset Place => new(context.Inputs[0], Origin.NoOffset);

    /// <summary>The timers that the call sets, and whether it forgets.</summary>
    public IReadOnlyList<string> Of<TOut>(Turn<TOut> turn)
    {
        var notes = new List<string>();
        foreach (var timer in turn.Timers)
        {
            var at = observer.StartedAt + TimeSpan.FromMilliseconds(timer.Due - context.UtcNow + context.Now);
            var due = timer.ByEventTime
                ? $"when records carry {DateTimeOffset.FromUnixTimeMilliseconds(timer.Due):u}"
                : TraceLog.Show(at);
            notes.Add($"timer \"{timer.Name}\" set for {due}");
        }

        if (turn.Forgets)
        {
            notes.Add("forgotten");
        }

        return notes;
    }
}
