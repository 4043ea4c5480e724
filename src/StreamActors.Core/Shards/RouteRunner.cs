using System.Buffers.Binary;
using StreamActors.Dedup;
using StreamActors.Events;
using StreamActors.Metrics;
using StreamActors.Parked;
using StreamActors.Pipelines;
using StreamActors.Records;
using StreamActors.Sinks;
using StreamActors.Snapshots;
using StreamActors.Stalls;

namespace StreamActors.Shards;

/// <summary>
/// A route in one shard, whatever its types: the shard's turn drives it. Nothing is called by two threads, but for
/// what says otherwise.
/// </summary>
internal interface IRouteRunner : IDisposable
{
    /// <summary>When it wants <see cref="OnTime"/>, in milliseconds; <see cref="long.MaxValue"/> = never.</summary>
    long NextDue { get; }

    /// <summary>When it wants <see cref="Flush"/> in a drain; <see cref="long.MaxValue"/> = never.</summary>
    long FlushDue { get; }

    /// <summary>
    /// Whether it holds something of which nothing can be done by a time, in milliseconds: after
    /// <see cref="Flush"/>, when the outbox is empty.
    /// </summary>
    bool IsTooLate(long until);

    /// <summary>What it waits for that is no sink, for a log; empty when for nothing. Any thread.</summary>
    string WaitsFor { get; }

    /// <summary>Whether it can take a record now.</summary>
    bool HasRoom { get; }

    /// <summary>What it keeps for later, for people who look; between two turns only.</summary>
    IEnumerable<Kept> Kept { get; }

    /// <summary>What a record waits for that a stage has; null where none has it.</summary>
    Obstacle? Find(Origin origin);

    /// <summary>Why it can take no record, where <see cref="HasRoom"/> says so; else null.</summary>
    Obstacle? Full { get; }

    /// <summary>Counts of the turn so far.</summary>
    ref RouteCounters.Turnover Counts { get; }

    /// <summary>
    /// Moves the records' time to that of a record that is about to be handled, if somebody waits for it: what is due
    /// then goes before the record.
    /// </summary>
    void TellTime(scoped in Record record, Origin origin);

    /// <summary>Handles a record: after this, what is left to do for it is in the ledger.</summary>
    void Handle(scoped in Record record, Origin origin);

    /// <summary>
    /// Handles a record that was parked behind its reading, and whose entity is here now: it is in the counts and in
    /// dedup already.
    /// </summary>
    void HandleAgain(ParkedRecord parked);

    /// <summary>Does what is due by the clock.</summary>
    void OnTime();

    /// <summary>A record waits, and there is no room for it: gives up what it may.</summary>
    void MakeRoom();

    /// <summary>Emits what is held; true when nothing is held any more.</summary>
    bool Flush();

    /// <summary>Gives up an output that a sink has refused; called before its origin is completed.</summary>
    void Refuse(SinkLane lane, OutputBatch batch, int index, string why);

    /// <summary>Adds the turn's counts to the route's.</summary>
    void Publish();
}

/// <summary>Read → dedup → stage, for the records of one route in one shard.</summary>
internal sealed class RouteRunner<T> : IRouteRunner, IStateful
    where T : allows ref struct
{
    private readonly RouteDefinition route;
    private readonly RouteSteps<T> steps;
    private readonly RouteCounters counters;
    private readonly IStage<T> stage;
    private readonly DeadLetters deadLetters;
    private readonly RouteReports reports;
    private readonly ShardContext context;
    private readonly DedupSet? seen;
    private byte[] entityKey = new byte[64];
    private long forgottenIds;
    private RouteCounters.Turnover counts;

    /// <summary>Makes the runner of a route in a shard.</summary>
    public RouteRunner(RouteDefinition route, RouteSteps<T> steps, RouteCounters counters, ShardContext context)
    {
        this.route = route;
        this.steps = steps;
        this.counters = counters;
        this.context = context;
        var lane = route.DeadLetterTopic is null ? null : context.Outbox.Lane(RouteDefinition.DeadLetterLane);
        reports = context.Reports[route.Name];
        deadLetters = new DeadLetters(reports, route.DeadLetterTopic, lane, context);
        stage = steps.MakeStage(context, deadLetters, Release);
        seen = steps.Dedup is { Window.TotalMilliseconds: >= 1 } dedup
            ? new DedupSet((long)dedup.Window.TotalMilliseconds, context.HashSeed, context.DedupMemory)
            : null;
        if (seen is not null)
        {
            context.Parts.Add(this);
        }
    }

    /// <inheritdoc/>
    public string Name => $"dedup {route.Name}";

    /// <inheritdoc/>
    public long NextDue => Math.Min(reports.NextDue, Math.Min(stage.NextDue, seen?.NextDue ?? long.MaxValue));

    /// <inheritdoc/>
    public long FlushDue => stage.FlushDue;

    /// <inheritdoc/>
    public string WaitsFor => stage.WaitsFor;

    /// <inheritdoc/>
    public bool IsTooLate(long until) => stage.IsTooLate(until);

    /// <inheritdoc/>
    public bool HasRoom => stage.HasRoom;

    /// <inheritdoc/>
    public IEnumerable<Kept> Kept => stage.Kept;

    /// <inheritdoc/>
    public Obstacle? Find(Origin origin) => stage.Find(origin);

    /// <inheritdoc/>
    public Obstacle? Full => stage.Full;

    /// <inheritdoc/>
    public ref RouteCounters.Turnover Counts => ref counts;

    /// <inheritdoc/>
    public void TellTime(scoped in Record record, Origin origin)
    {
        // Such a record is read twice, here and when it is handled, since a value may live on the stack. Those are few
        // where the record itself has the time; where the value has it, all, for as long as anybody waits.
        var clock = context.EventClock;
        if (clock.HasDue
            && (route.HasEventTime || clock.IsAwaited(origin, context.UtcNow))
            && TryReadTime(record.Value, ref origin))
        {
            clock.TryMove(origin, context.UtcNow);
        }
    }

    /// <inheritdoc/>
    public void Handle(scoped in Record record, Origin origin)
    {
        counts.Received++;
        counts.Bytes += record.Key.Length + record.Value.Length;
        UInt128? id = null;
        try
        {
            var eventTime = record.Timestamp;
            var reading = steps.Reader.Read(record.Value, ref eventTime, out var value, out var rejection);
            if (reading == Reading.Refused)
            {
                deadLetters.Reject(in record, origin, rejection, ref counts);
                return;
            }

            origin = origin with { EventTime = eventTime };
            MoveTime(in record, origin);
            if (reading == Reading.LeftOut)
            {
                counts.Filtered++;
                return;
            }

            id = seen is null ? null : steps.Dedup!.Of(value, record.Key);
            if (id is { } known && !seen!.TryAdd(known, context.Now))
            {
                counts.Duplicates++;
                return;
            }

            var from = new Keyed { Record = record, EntityKey = KeyOf(in value, in record), Origin = origin };
            stage.Handle(in value, in from, ref counts);
        }
        catch (Exception error) when (error is not EngineDefectException)
        {
            if (id is { } givenUp)
            {
                seen!.Remove(givenUp);
            }

            deadLetters.Fail(in record, origin, error, ref counts);
        }
    }

    /// <inheritdoc/>
    public void HandleAgain(ParkedRecord parked)
    {
        var record = parked.Record;
        try
        {
            PassOn(steps.Reader.ReadAgain(record.Value), parked);
        }
        catch (Exception error) when (error is not EngineDefectException)
        {
            deadLetters.Fail(in record, parked.Origin, error, ref counts);
        }

        counts.ParkedRecords--;
        context.Complete(parked.Origin);
    }

    /// <inheritdoc/>
    public void OnTime()
    {
        seen?.Expire(context.Now);
        stage.OnTime(ref counts);
        reports.OnTime(context.Now);
    }

    /// <inheritdoc/>
    public void MakeRoom() => stage.MakeRoom(ref counts);

    /// <inheritdoc/>
    public bool Flush() => stage.Flush(ref counts);

    /// <inheritdoc/>
    public void Refuse(SinkLane lane, OutputBatch batch, int index, string why)
    {
        ref readonly var output = ref batch.Outputs[index];
        context.ReportRefused(lane, batch, in output, why);

        // A dead letter that is refused has nowhere left to go.
        if (!lane.IsOfDeadLetters)
        {
            deadLetters.Refuse(lane.Sink, batch, in output, why, ref counts);
        }
    }

    /// <inheritdoc/>
    public void Publish()
    {
        if (seen is not null)
        {
            counts.ForgottenIds = seen.EvictedEarly - forgottenIds;
            forgottenIds = seen.EvictedEarly;
        }

        stage.Count(ref counts);
        counters.Add(ref counts);
    }

    /// <inheritdoc/>
    public Holding Holding => new(0, 0, seen!.Count);

    /// <inheritdoc/>
    public bool IsExpendable => true;

    /// <inheritdoc/>
    public LogRange? Log => seen!.Saved;

    /// <inheritdoc/>
    public void Cut(SnapshotCut cut) => seen!.Cut(cut, context.Now);

    /// <inheritdoc/>
    public void Load(RestoredPart saved) => seen!.Load(saved, context.Now);

    /// <inheritdoc/>
    public void Dispose()
    {
        stage.Close(ref counts);
        reports.TellAll();
        counters.Add(ref counts);
        seen?.Dispose();
    }

    private void PassOn(scoped in T value, ParkedRecord parked)
    {
        try
        {
            stage.Handle(in value, parked.Keyed, ref counts);
        }
        catch
        {
            Release(value, parked.Record.Key);
            throw;
        }
    }

    private bool TryReadTime(ReadOnlySpan<byte> value, ref Origin origin)
    {
        try
        {
            var eventTime = origin.Timestamp;
            var reading = steps.Reader.Read(value, ref eventTime, out _, out _);
            origin = origin with { EventTime = eventTime };
            return reading != Reading.Refused;
        }
        catch (Exception error) when (error is not EngineDefectException)
        {
            return false;
        }
    }

    /// <summary>Lets the time go on; says so once in a process where that of a record is not believed.</summary>
    private void MoveTime(scoped in Record record, Origin origin)
    {
        if (!context.EventClock.TryMove(origin, context.UtcNow) && counts.Ahead++ == 0 && counters.Ahead == 0)
        {
            var at = new PartitionOffset(record.Source, record.Offset);
            context.Events.Report(new EngineEvent.RecordAhead(
                context.Pipeline, route.Name, at, Record.DateOf(origin.EventTime), context.Timing.MaxEventTimeLead));
        }
    }

    /// <summary>Takes out the id of a held value that is given up: a corrected record with it is accepted.</summary>
    private void Release(T value, ReadOnlySpan<byte> key)
    {
        if (seen is not null && steps.Dedup!.Of(value, key) is { } id)
        {
            seen.Remove(id);
        }
    }

    /// <summary>The entity's key: the record's alone, or that and the sub-keys, each behind its length.</summary>
    private ReadOnlySpan<byte> KeyOf(scoped in T value, in Record record)
    {
        if (steps.SubKeys.Count == 0)
        {
            return record.Key;
        }

        var length = Append(record.Key, 0);
        foreach (var subKey in steps.SubKeys)
        {
            length = Append(subKey(value), length);
        }

        return entityKey.AsSpan(0, length);
    }

    private int Append(ReadOnlySpan<byte> part, int at)
    {
        var end = at + sizeof(int) + part.Length;
        if (entityKey.Length < end)
        {
            Array.Resize(ref entityKey, end * 2);
        }

        BinaryPrimitives.WriteInt32LittleEndian(entityKey.AsSpan(at), part.Length);
        part.CopyTo(entityKey.AsSpan(at + sizeof(int)));
        return end;
    }
}
