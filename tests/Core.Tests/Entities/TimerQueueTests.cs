using StreamActors.Entities;

namespace StreamActors.Core.Tests.Entities;

public sealed class TimerQueueTests
{
    [Fact]
    public void It_agrees_with_a_plain_list_and_holds_no_more_than_twice_what_is_set() => Property.Holds(static drawn =>
    {
        var queue = new TimerQueue();
        var model = new Dictionary<string, EntityTimer>();
        var now = 0L;
        foreach (var number in drawn)
        {
            var name = $"{number / 8 % 40}";
            var due = now + 1 + (number / 320 % 5_000);
            switch (number % 8)
            {
                case < 5 when model.TryGetValue(name, out var set):
                    TimerQueue.TryMove(set, due).ShouldBe(due >= set.QueuedFor);
                    if (set.Due != due)
                    {
                        queue.Cancel(set);
                        queue.Add(model[name] = Timer(name, due));
                    }

                    break;
                case < 5:
                    queue.Add(model[name] = Timer(name, due));
                    break;
                case < 7 when model.Remove(name, out var cancelled):
                    queue.Cancel(cancelled);
                    break;
                case 7:
                    now += number / 8 % 100;
                    while (queue.TryTake(now, out var taken))
                    {
                        model[taken.Name].ShouldBeSameAs(taken);
                        taken.Due.ShouldBeLessThanOrEqualTo(now);
                        model.Remove(taken.Name);
                    }

                    model.Values.ShouldAllBe(timer => timer.Due > now);
                    break;
                default:
                    break;
            }

            queue.Count.ShouldBe(model.Count);
            queue.Entries.ShouldBeInRange(model.Count, model.Count + Math.Max(model.Count, 64));
            queue.NextDue.ShouldBeLessThanOrEqualTo(
                model.Values.Select(static timer => timer.Due).DefaultIfEmpty(long.MaxValue).Min());
        }
    });

    [Fact]
    public void Timers_that_were_cancelled_leave_no_entries_for_ever()
    {
        var queue = new TimerQueue();
        for (var number = 0; number < 10_000; number++)
        {
            var timer = Timer("end", due: 1_800_000 + number);
            queue.Add(timer);
            queue.Cancel(timer);
        }

        queue.Count.ShouldBe(0);
        queue.Entries.ShouldBeLessThanOrEqualTo(64);
        queue.NextDue.ShouldBe(long.MaxValue);
    }

    [Fact]
    public void Timers_that_were_moved_to_earlier_times_leave_no_entries_for_ever()
    {
        var queue = new TimerQueue();
        var timer = Timer("end", due: 1_800_000);
        queue.Add(timer);
        for (var due = 1_700_000; due > 1_690_000; due--)
        {
            TimerQueue.TryMove(timer, due).ShouldBeFalse();
            queue.Cancel(timer);
            queue.Add(timer = Timer("end", due));
        }

        queue.Entries.ShouldBeLessThanOrEqualTo(66);
        queue.TryTake(1_690_000, out _).ShouldBeFalse();
        queue.TryTake(1_690_001, out var taken).ShouldBeTrue();
        taken.ShouldBeSameAs(timer);
    }

    private static EntityTimer Timer(string name, long due) => new(name, [], null, due, byEventTime: false);
}
