using StreamActors.Records;

namespace StreamActors.Simulation.Tests.World;

/// <summary>
/// An entity that emits what wishes it, and sets timers by both clocks. Its state says which timers it has set, so that
/// whatever becomes of the state, it is seen which of them are lost, come twice or come too early.
/// </summary>
internal sealed class SimulatedEntity : IEntity<SimulatedRecord, SimulatedEntity.State, SimulatedRecord>
{
    // A wish that is no timer's of the state: it throws, and so nothing of it may be seen.
    private const string Bad = "bad";

    private readonly SimulatedProcess process;
    private readonly SimulatedWorld world;
    private readonly EntityModel model;

    public SimulatedEntity(SimulatedProcess process, SimulatedWorld world, IScope scope)
    {
        (this.process, this.world) = (process, world);
        model = new EntityModel(world.Promises, world.Setting.Limits.EntitiesPerShard, world.Store is not null);
        ((SimulatedScope)scope).Handlers.Add(this);
    }

    /// <summary>Which shard it is of, once it had a record.</summary>
    public (string Name, int Number) Shard { get; private set; }

    /// <summary>What it has seen of its entities.</summary>
    public EntityModel Model => model;

    public void On(SimulatedRecord record, ref State state, Turn<SimulatedRecord> turn)
    {
        var partition = new PartitionId(record.Topic, record.Partition);
        process.CheckHandler(this, partition);
        Shard = (world.RouteOf(partition).EntityName, partition.Number);
        Check(record.Key, state, turn, record);
        HashSet<string> before = [.. state.Timers.Keys];
        if (world.Store is not null)
        {
            var isKnown = state.Lasts.TryGetValue(record.Topic, out var last);
            world.CheckLast(partition, record.Key, record.Offset, isKnown ? last : null);
        }

        state.Lasts[record.Topic] = record.Offset;
        state.Seen++;
        state.Last = record;
        SetTimers(record, state, turn);
        if (record.Wish != Wish.Ignore)
        {
            turn.Emit(record);
        }

        if (record.EmitsMore)
        {
            turn.Emit(record with { Mark = SimulatedRecord.More });
        }

        // A call that fails has changed nothing.
        if (record.Wish != Wish.Throw && HasRoom(partition, record, state, before))
        {
            End(record.Key, state, turn, Forgets(record), isUse: true);
        }
    }

    public void OnTimer(string name, ref State state, Turn<SimulatedRecord> turn)
    {
        if (name == Bad)
        {
            model.SetBad(turn.Key, isSet: false);
            state.Seen += 1_000;
            turn.Emit(state.Last! with { Mark = Bad, Wish = Wish.Throw });
            return;
        }

        var key = turn.Key;
        var isSet = state.Timers.TryGetValue(name, out var timer);
        world.Promises.Require(Promise.Timers, isSet, $"the timer {name} of {key} fires, and is not set");
        var (now, due) = (TimeBy(timer!, turn), turn.EventTime.ToUnixTimeMilliseconds());
        world.Promises.Require(
            Promise.Timers, now >= timer!.Due, $"the timer {name} of {key} is due at {timer.Due}, and fires at {now}");
        world.Promises.Require(
            Promise.Timers, due == timer.Due, $"the timer {name} of {key} is due at {timer.Due}, and says {due}");
        state.Timers.Remove(name);
        Check(key, state, turn, timer, name);
        var output = state.Last! with { Mark = $"{name} {due}", Wish = Wish.Emit };
        turn.Emit(output);
        state.Fired = [.. state.Fired.TakeLast(5), output];
        if (timer.ByEventTime && state.Fired.Count % 3 != 0)
        {
            Set("again", timer.Due + 20, byEventTime: true, state, turn);
        }

        End(key, state, turn, forgets: state.Seen % 3 == 0, isUse: false);
    }

    /// <summary>Whether the shard may set the timers that a call has asked for; else the call must fail.</summary>
    private bool HasRoom(PartitionId partition, SimulatedRecord record, State state, HashSet<string> before)
    {
        var setting = world.Setting;
        var fresh = state.Timers.Keys.Count(name => !before.Contains(name));
        var setsBad = record.Wish == Wish.Emit && record.Offset % 7 == 5;
        if (Forgets(record) || !setting.HasFewTimers
            || model.HasRoom(record.Key, fresh, setsBad, setting.Limits.TimersPerShard))
        {
            model.SetBad(record.Key, setsBad || model.HasBad(record.Key));
            return true;
        }

        world.WithoutRoom.Add(new PartitionOffset(partition, record.Offset));
        process.Consumer.Owned[partition].GiveUp(record.Offset);
        return false;
    }

    private static bool Forgets(SimulatedRecord record) => record.Offset % 17 == 0;

    /// <summary>The time by which a timer goes.</summary>
    private static long TimeBy(SetTimer timer, Turn<SimulatedRecord> turn) => timer.ByEventTime
        ? turn.Watermark?.ToUnixTimeMilliseconds() ?? long.MinValue
        : turn.Now.ToUnixTimeMilliseconds();

    private static void Set(string name, long due, bool byEventTime, State state, Turn<SimulatedRecord> turn)
    {
        var date = DateTimeOffset.FromUnixTimeMilliseconds(due);
        if (byEventTime)
        {
            turn.EventTimer(name, date);
        }
        else
        {
            turn.Timer(name, date);
        }

        // One that is due already waits for the next millisecond of its clock.
        var timer = new SetTimer(due, byEventTime);
        var now = TimeBy(timer, turn);
        state.Timers[name] = now == long.MinValue ? timer : timer with { Due = Math.Max(due, now + 1) };
    }

    private static void SetTimers(SimulatedRecord record, State state, Turn<SimulatedRecord> turn)
    {
        var now = turn.Now.ToUnixTimeMilliseconds();
        var time = record.Time > now + 60_000 ? now : record.Time;    // a time that nobody believes is never reached
        switch (record.Wish == Wish.Ignore ? -1 : record.Offset % 7)
        {
            case 0 or 1:
                Set("quiet", now + 40, byEventTime: false, state, turn);
                break;
            case 2:
                Set("quiet", now + 3, byEventTime: false, state, turn);
                break;
            case 3:
                Set("late", time + 30, byEventTime: true, state, turn);
                break;
            case 4:
                Set("quiet", time + 5, byEventTime: true, state, turn);
                break;
            case 5:
                Set("quiet", now + 40, byEventTime: false, state, turn);
                Set("late", time + 60, byEventTime: true, state, turn);
                turn.Timer(Bad, turn.Now.AddMilliseconds(10));
                break;
            default:
                break;
        }
    }

    /// <summary>Before each call: the state is as the last call left it, and what was due has been done.</summary>
    private void Check(string key, State state, Turn<SimulatedRecord> turn, object call, string? fired = null)
    {
        model.Check(key, state, call, fired);
        var watermark = turn.Watermark?.ToUnixTimeMilliseconds() ?? long.MinValue;
        world.Promises.Require(
            Promise.Timers,
            watermark >= state.Watermark,
            $"{call}: the records' time goes back from {state.Watermark} to {watermark}");
        state.Watermark = watermark;
        foreach (var (name, timer) in fired is null ? state.Timers : [])
        {
            world.Promises.Require(
                Promise.Timers,
                timer.Due > TimeBy(timer, turn),
                $"{call} comes at {TimeBy(timer, turn)}, and the timer {name} of {key}, due at {timer.Due}, has not");
        }
    }

    private void End(string key, State state, Turn<SimulatedRecord> turn, bool forgets, bool isUse)
    {
        if (!forgets)
        {
            model.Keep(key, state, isUse);
            return;
        }

        turn.Forget();
        model.Forget(key);
        foreach (var (topic, last) in state.Lasts)
        {
            world.Forgotten.Add((new PartitionId(topic, state.Last!.Partition), key, last));
        }
    }

    /// <summary>A timer as its entity knows it.</summary>
    internal sealed record SetTimer(long Due, bool ByEventTime);

    [StateVersion(1)]
    internal sealed class State
    {
        public int Seen { get; set; }

        public SimulatedRecord? Last { get; set; }

        public Dictionary<string, long> Lasts { get; set; } = [];

        public Dictionary<string, SetTimer> Timers { get; set; } = [];

        /// <summary>The records' time in its last call.</summary>
        public long Watermark { get; set; } = long.MinValue;

        /// <summary>The outputs of the timers that fired last.</summary>
        public IReadOnlyList<SimulatedRecord> Fired { get; set; } = [];
    }
}
