using StreamActors.Core.Tests.Doubles;
using StreamActors.Entities;
using StreamActors.Shards;
using StreamActors.Sinks;
using StreamActors.Snapshots;

namespace StreamActors.Core.Tests.Entities;

public sealed class EntityTimersTests
{
    [Fact]
    public void A_timer_that_was_due_before_it_was_restored_comes_at_once_and_tells_the_time_that_it_had()
    {
        var saved = new SnapshotWriter();
        var before = new EntityTimers(ContextAt(0));
        Dictionary<string, EntityTimer>? set = null;
        before.Set(ref set, [new("by clock", 40, false), new("by event", 30, true)], "k"u8, "k"u8, hasRecordKey: true);
        before.Save(set, saved);

        var context = ContextAt(100);
        context.EventClock.Restore(0, 100);
        var after = new EntityTimers(context);
        var input = new SnapshotReader(saved.Written.Span, ("s", "timers"));
        Dictionary<string, EntityTimer>? restored = null;
        after.Load(ref restored, "k"u8, ref input);

        var fired = new List<(string Name, long At)>();
        while (after.TryTake(out var timer))
        {
            fired.Add((timer.Name, after.TimeOf(timer)));
        }

        fired.ShouldBe([("by clock", 40L), ("by event", 30L)]);
    }

    private static ShardContext ContextAt(long now)
    {
        var route = new OneRoute(static p => p.From("t", new Numbers())
            .To(new Target<int>("sink", static _ => "out", new Numbers())));
        (route.Context.Now, route.Context.UtcNow) = (now, now);
        return route.Context;
    }
}
