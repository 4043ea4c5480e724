using StreamActors.Core.Tests.Doubles;
using StreamActors.Dedup;
using StreamActors.Shards;
using StreamActors.Sinks;
using StreamActors.Snapshots;

namespace StreamActors.Core.Tests.Entities;

/// <summary>What a shard saves, and the next one takes over.</summary>
public sealed class SnapshotTests : IEntity<int, SnapshotTests.Sum, int>
{
    private const int SetsTimer = 100;
    private const int SetsEventTimer = 200;

    private readonly List<string> fired = [];

    [Fact]
    public void States_timers_and_ids_are_as_if_the_shard_had_gone_on()
    {
        var route = Route(out var context);
        route.Send("u", 1);
        route.Send("u", SetsTimer);
        route.Send("v", SetsEventTimer);
        route.Advance(TimeSpan.FromMinutes(3));
        var saved = ShardSnapshot.Save(context);

        var next = Route(out var other);
        other.Now = other.UtcNow = 5 * 60_000;
        ShardSnapshot.Load(other, saved.Span);
        next.Send("u", 1);
        next.Texts("sink").ShouldBeEmpty("its id was seen");
        next.Send("u", 2);
        next.Outputs("sink", static (_, output) => output.Destination).ShouldBe(["103"]);
        next.Advance(TimeSpan.FromMinutes(9.9));
        fired.ShouldBeEmpty();
        next.Advance(TimeSpan.FromMinutes(10));
        fired.ShouldBe(["clock u at 10"], "it was set for ten minutes after the start");
    }

    [Fact]
    public void Entities_keep_the_order_of_their_last_use_and_the_time_since()
    {
        var route = Route(out var context);
        route.Send("old", 1);
        route.Advance(TimeSpan.FromMinutes(6));
        route.Send("young", 2);
        var saved = ShardSnapshot.Save(context);
        var next = Route(out var other);
        other.Now = other.UtcNow = 8 * 60_000;
        ShardSnapshot.Load(other, saved.Span);
        next.Advance(TimeSpan.FromMinutes(11));
        next.Counters.PassivatedIdle.ShouldBe(1, "6 + 2 + 3 minutes idle is one too many, 0 + 2 + 3 are not");
    }

    [Fact]
    public void Ids_live_on_for_the_rest_of_their_window_and_those_taken_out_stay_out()
    {
        var pool = new PagePool(1 << 20);
        var set = new DedupSet(60_000, 1, pool);
        for (var second = 0; second < 60; second++)
        {
            Enumerable.Range(0, 100).ToList().ForEach(id => set.TryAdd((UInt128)((second * 100) + id), second * 1_000));
        }

        set.Remove(5_000);
        var output = new SnapshotWriter();
        set.Save(output, 60_000);
        var next = new DedupSet(60_000, 2, pool);
        var input = new SnapshotReader(output.Written.Span);
        next.Load(ref input, 1_000, away: 20_000);
        next.TryAdd(5_000, 1_000).ShouldBeTrue();
        next.TryAdd(5_001, 1_000).ShouldBeFalse("50 s, and 10 + 20 since");
        next.TryAdd(1, 1_000).ShouldBeTrue("0 s, and 60 + 20 since");
        next.TryAdd(5_002, 32_000).ShouldBeTrue("31 s later");
    }

    [Fact]
    public void What_a_later_release_wrote_is_refused_by_name()
    {
        Route(out var context);
        var output = new SnapshotWriter();
        output.Write(2);
        Should.Throw<InvalidOperationException>(() => ShardSnapshot.Load(context, output.Written.Span))
            .Message.ShouldBe("The snapshot of the shard t/0 has the format 2; this program reads 1.");
    }

    void IEntity<int, Sum, int>.On(int record, ref Sum state, Turn<int> turn)
    {
        state.Value += record;
        if (record == SetsTimer)
        {
            turn.Timer("clock", DateTimeOffset.UnixEpoch.AddMinutes(10));
        }

        if (record == SetsEventTimer)
        {
            turn.EventTimer("event", DateTimeOffset.UnixEpoch.AddMinutes(20));
        }

        turn.Emit(state.Value);
    }

    void ITimerHandler<Sum, int>.OnTimer(string name, ref Sum state, Turn<int> turn) =>
        fired.Add($"{name} {turn.Key} at {turn.EventTime.Minute}");

    private OneRoute Route(out ShardContext context)
    {
        var route = new OneRoute(pipeline => pipeline.From("t", new Numbers())
            .DedupById(static value => (UInt128)value, TimeSpan.FromHours(1))
            .Entity<SnapshotTests, Sum, int>(_ => this)
            .To(new Target<int>("sink", static value => $"{value}", new Numbers())));
        context = route.Context;
        return route;
    }

    [StateVersion(1)]
    public struct Sum
    {
        public int Value { get; set; }
    }
}
