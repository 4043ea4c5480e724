using StreamActors.Shards;
using StreamActors.Sinks;

namespace StreamActors.Core.Tests.Shards;

/// <summary>The records' own time in a shard.</summary>
public sealed class EventClockTests
{
    private const int Inputs = 3;

    [Fact]
    public void It_is_the_lowest_of_what_each_topic_told_and_could_be_true() => Property.Holds(static drawn =>
    {
        const int MaxLead = 10;
        var clock = new EventClock(Inputs, TimeSpan.FromMilliseconds(MaxLead));
        var due = long.MaxValue;
        clock.Add(() => due);
        var told = new long[Inputs];
        Array.Fill(told, long.MinValue);
        var wall = 0L;
        foreach (var number in drawn)
        {
            wall += number % 5;
            var record = new Origin(number % Inputs, 0, wall + (number % 41) - 20);
            due = wall - (number % 7);
            clock.Refresh();
            var isAwaited = clock.IsAwaited(record, wall);
            var before = clock.Now;
            clock.TryMove(record, wall).ShouldBe(record.Timestamp <= wall + MaxLead);
            if (record.Timestamp <= wall + MaxLead)
            {
                told[record.Input] = Math.Max(told[record.Input], record.Timestamp);
            }

            clock.Now.ShouldBe(told.Min());
            (before < due && clock.IsDue).ShouldBe(before < due && isAwaited);
        }
    });

    [Fact]
    public void What_was_saved_is_taken_over_for_each_topic_and_never_goes_back()
    {
        var clock = new EventClock(2, TimeSpan.FromHours(1));
        clock.TryMove(new Origin(0, 0, 500), 0);
        clock.TryMove(new Origin(1, 0, 300), 0);
        var next = new EventClock(2, TimeSpan.FromMilliseconds(1));
        next.Restore(0, clock.Times[0]);
        next.Restore(1, clock.Times[1]);
        next.Now.ShouldBe(300, "the node before believed it");
        next.TryMove(new Origin(1, 0, 1), 0);
        next.Now.ShouldBe(300);
    }

    [Fact]
    public void Without_a_bound_any_time_moves_it()
    {
        var clock = new EventClock(1, TimeSpan.Zero);
        clock.TryMove(new Origin(0, 0, long.MaxValue), 0).ShouldBeTrue();
        clock.Now.ShouldBe(long.MaxValue);
    }
}
