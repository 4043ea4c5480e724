using StreamActors.Entities;

namespace StreamActors.Core.Tests.Entities;

public sealed class TimerQueueTests
{
    [Fact]
    public void It_agrees_with_a_plain_list_and_holds_no_more_than_twice_what_is_set() => Property.Holds(static drawn =>
    {
        var queue = new TimerQueue(limit: 1_000);
        var model = new Dictionary<string, EntityTimer>();
        var now = 0L;
        foreach (var number in drawn)
        {
            var name = $"{number / 8 % 200}";
            var due = now + 1 + (number / 1_600 % 500);
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
                case 5 when model.Remove(name, out var cancelled):
                    queue.Cancel(cancelled);
                    break;
                case 6:
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

    private static EntityTimer Timer(string name, long due) => new(name, [], null, due);
}
