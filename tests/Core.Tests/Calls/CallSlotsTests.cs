using StreamActors.Calls;

namespace StreamActors.Core.Tests.Calls;

public sealed class CallSlotsTests
{
    private readonly List<string> woken = [];

    [Fact]
    public void No_more_are_taken_than_there_are()
    {
        var slots = new CallSlots(3);
        slots.Take(Line("a"), 2).ShouldBe(2);
        slots.Take(Line("b"), 2).ShouldBe(1);
        slots.Take(Line("c"), 2).ShouldBe(0);
    }

    [Fact]
    public void Freed_slots_go_to_those_who_wait_one_at_a_time_in_turn()
    {
        var slots = new CallSlots(4);
        var (a, b) = (Line("a"), Line("b"));
        slots.Take(a, 7).ShouldBe(4);
        slots.Take(b, 2).ShouldBe(0);
        for (var i = 0; i < 4; i++)
        {
            slots.Release();
        }

        woken.ShouldBe(["a", "b", "a", "b"]);
        slots.Take(b, 2).ShouldBe(2, "they were kept for it");
        slots.Take(a, 3).ShouldBe(2, "and the third is not free yet");
    }

    [Fact]
    public void One_that_comes_late_gets_nothing_that_is_kept_for_another()
    {
        var slots = new CallSlots(1);
        var (a, b) = (Line("a"), Line("b"));
        slots.Take(Line("first"), 1).ShouldBe(1);
        slots.Take(a, 1).ShouldBe(0);
        slots.Release();
        slots.Take(b, 1).ShouldBe(0);
        slots.Take(a, 1).ShouldBe(1);
    }

    [Fact]
    public void One_that_leaves_gives_back_what_was_kept_for_it_and_waits_no_more()
    {
        var slots = new CallSlots(2);
        var (a, b) = (Line("a"), Line("b"));
        slots.Take(Line("first"), 2).ShouldBe(2);
        slots.Take(a, 5).ShouldBe(0);
        slots.Take(b, 1).ShouldBe(0);
        slots.Release();
        slots.Leave(a);
        woken.ShouldBe(["a", "b"]);
        slots.Take(b, 1).ShouldBe(1);
        slots.Release();
        slots.Take(Line("last"), 1).ShouldBe(1, "nobody waits for it");
    }

    [Fact]
    public void Whoever_comes_and_goes_no_slot_is_lost_and_none_is_given_twice() => Property.Holds(drawn =>
    {
        const int Slots = 4;
        var slots = new CallSlots(Slots);
        CallSlots.Line[] lines = [Line("0"), Line("1"), Line("2")];
        int[] wanted = [0, 0, 0];
        var taken = 0;
        foreach (var number in drawn)
        {
            var which = number % lines.Length;
            switch (number / 3 % 4)
            {
                case 0:
                    wanted[which]++;
                    Take(which);
                    break;
                case 1:
                    Take(which);
                    break;
                case 2 when taken > 0:
                    taken--;
                    slots.Release();
                    break;
                case 3:
                    slots.Leave(lines[which]);
                    (lines[which], wanted[which]) = (Line($"{which}"), 0);
                    break;
                default:
                    break;
            }

            taken.ShouldBeInRange(0, Slots);
        }

        // Everybody takes what is kept, and gives back: in the end, all are free.
        for (var rest = wanted.Sum(); rest >= 0; rest--)
        {
            for (var which = 0; which < lines.Length; which++)
            {
                Take(which);
            }

            for (; taken > 0; taken--)
            {
                slots.Release();
            }
        }

        wanted.ShouldAllBe(static left => left == 0);
        slots.Take(Line("all"), Slots + 1).ShouldBe(Slots);

        void Take(int which)
        {
            var got = slots.Take(lines[which], wanted[which]);
            wanted[which] -= got;
            taken += got;
        }
    });

    private CallSlots.Line Line(string name) => new(() => woken.Add(name));
}
