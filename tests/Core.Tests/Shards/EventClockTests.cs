using StreamActors.Limits;
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
        var clock = new EventClock(Inputs, Lead(MaxLead), now: 0);
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
        var clock = new EventClock(2, Lead(3_600_000), now: 0);
        clock.TryMove(new Origin(0, 0, 500), 0);
        clock.TryMove(new Origin(1, 0, 300), 0);
        var next = new EventClock(2, Lead(1), now: 0);
        next.Restore(0, clock.Times[0]);
        next.Restore(1, clock.Times[1]);
        next.Now.ShouldBe(300, "the node before believed it");
        next.TryMove(new Origin(1, 0, 1), 0);
        next.Now.ShouldBe(300);
    }

    [Fact]
    public void Without_a_bound_any_time_moves_it()
    {
        var clock = new EventClock(1, Lead(0), now: 0);
        clock.TryMove(new Origin(0, 0, long.MaxValue), 0).ShouldBeTrue();
        clock.Now.ShouldBe(long.MaxValue);
    }

    [Fact]
    public void The_time_of_a_quiet_topic_goes_on_and_that_of_the_others_is_theirs() => Property.Holds(static drawn =>
    {
        const int Idle = 30;
        var timing = new PipelineTiming { EventTimeIdleAfter = TimeSpan.FromMilliseconds(Idle) };
        var clock = new EventClock(2, timing, now: 0);
        var (due, waiting) = (long.MaxValue, -1);
        clock.Add(() => due);
        clock.IsWaiting = input => input == waiting;
        var (told, heard, wall) = (new[] { long.MinValue, long.MinValue }, new long[2], 0L);
        foreach (var number in drawn)
        {
            wall += number % 23;
            waiting = (number % 7) - 2;
            due = wall - Idle + (number % 11) - 5;
            clock.Refresh();
            var next = clock.NextIdle(wall, wall);
            clock.PassIdle(wall, wall);
            for (var input = 0; input < 2; input++)
            {
                var isQuiet = wall - heard[input] >= Idle && input != waiting;
                told[input] = isQuiet ? Math.Max(told[input], wall - Idle) : told[input];
            }

            clock.Now.ShouldBe(told.Min());
            (next <= wall).ShouldBe(next != long.MaxValue && clock.IsDue);
            if (number % 3 == 0)
            {
                var record = new Origin(number % 2, 0, wall - (number % 5));
                clock.TryMove(record, wall);
                clock.Heard(record.Input, wall);
                (told[record.Input], heard[record.Input]) = (Math.Max(told[record.Input], record.EventTime), wall);
            }
        }
    });

    private static PipelineTiming Lead(int milliseconds) =>
        new() { MaxEventTimeLead = TimeSpan.FromMilliseconds(milliseconds) };
}
