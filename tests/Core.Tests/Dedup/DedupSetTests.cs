using StreamActors.Dedup;
using StreamActors.Snapshots;

namespace StreamActors.Core.Tests.Dedup;

public sealed class DedupSetTests
{
    private const long Window = 6_400;
    private const long Generation = Window / 64;

    [Fact]
    public void It_remembers_for_the_window_and_at_most_one_generation_longer() => Property.Holds(static drawn =>
    {
        using var set = new DedupSet(Window, seed: 7, new PagePool(long.MaxValue));
        var seen = new Dictionary<UInt128, long>();
        var now = 0L;
        foreach (var number in drawn)
        {
            now += (number % 50) switch { 0 => number % (3 * Window), < 10 => number % Generation, _ => 0 };
            UInt128 id = (uint)(number / 64 % 40);
            if (number % 11 == 0)
            {
                set.Remove(id);
                seen.Remove(id);
                continue;
            }

            Check(set, seen, id, now);
        }
    });

    [Fact]
    public void It_stays_exact_while_the_numbers_of_generations_come_round_many_times()
    {
        using var set = new DedupSet(Window, seed: 7, new PagePool(long.MaxValue));
        var random = new Random(11);
        var seen = new Dictionary<UInt128, long>();
        var now = 0L;
        for (var i = 0; i < 2_000_000; i++)
        {
            // 20 ids a millisecond in bursts; every hundred thousand a silence of up to three windows.
            now += i % 100_000 == 0 ? random.NextInt64(3 * Window) : i % 20 == 0 ? 1 : 0;
            var id = Spread(i % 3 == 0 ? i - random.Next(1 + Math.Min(i, 300_000)) : i);
            Check(set, seen, id, now);
            if (i % 1_000 == 0)
            {
                set.Remove(id);
                seen.Remove(id);
            }
        }

        set.EvictedEarly.ShouldBe(0);
    }

    [Fact]
    public void At_the_cap_it_goes_on_for_ever_with_the_newest_ids_and_counts_what_went_early()
    {
        foreach (var perMillisecond in new[] { 1, 20, 150, 10_000 })
        {
            var budget = new PagePool(1024 * 1024);
            DedupSet[] sets = [new(Window, 7, budget), new(Window, 7, budget), new(Window, 7, budget)];
            const int Each = 300_000;
            for (var i = 0L; i < Each * sets.Length; i++)
            {
                var (set, now) = (sets[i % sets.Length], i / perMillisecond);
                if (!set.TryAdd(Spread(i), now) || set.TryAdd(Spread(i), now))
                {
                    Assert.Fail($"id {i} at {perMillisecond} a millisecond");
                }
            }

            budget.Used.ShouldBeLessThanOrEqualTo(1024 * 1024);
            var held = sets.Sum(static set => set.Count);
            var expected = Math.Min(Window * perMillisecond, 1024 * 1024 / 32);
            held.ShouldBeGreaterThanOrEqualTo(expected, $"{perMillisecond} a millisecond");
            var isCapped = Window * perMillisecond > 1024 * 1024 / 16;
            sets.Sum(static set => set.EvictedEarly).ShouldBeInRange(
                isCapped ? 1 : 0, isCapped ? Each * sets.Length - held : 0, $"{perMillisecond} a millisecond");
            Array.ForEach(sets, static set => set.Dispose());
            budget.Used.ShouldBe(0);
        }
    }

    [Fact]
    public void A_set_that_comes_late_to_a_cap_gets_its_share()
    {
        var budget = new PagePool(4 * 1024 * 1024);
        using var first = new DedupSet(Window, seed: 7, budget);
        using var second = new DedupSet(Window, seed: 7, budget);
        var id = 0L;
        for (; id < 400_000; id++)
        {
            first.TryAdd(Spread(id), now: 0);
            second.TryAdd(Spread(id), now: 0);
        }

        using var late = new DedupSet(Window, seed: 7, budget);
        for (; id < 800_000; id++)
        {
            first.TryAdd(Spread(id), now: 0);
            second.TryAdd(Spread(id), now: 0);
            late.TryAdd(Spread(id), now: 0);
        }

        late.Bytes.ShouldBeGreaterThan(4 * 1024 * 1024 / 3 * 8 / 10);
        budget.Used.ShouldBeLessThanOrEqualTo(4 * 1024 * 1024);
    }

    [Fact]
    public void A_set_in_which_nothing_comes_any_more_gives_its_memory_back_by_the_clock()
    {
        var budget = new PagePool(4 * 1024 * 1024);
        using var set = new DedupSet(Window, seed: 7, budget);
        var before = budget.Used;
        set.NextDue.ShouldBe(long.MaxValue);
        for (var id = 0; id < 100_000; id++)
        {
            set.TryAdd(Spread(id), now: id / 1_000);
        }

        for (var turns = 0; set.NextDue < long.MaxValue; turns++)
        {
            turns.ShouldBeLessThan(10);
            set.Expire(set.NextDue);
        }

        set.Count.ShouldBe(0);
        budget.Used.ShouldBeLessThanOrEqualTo(before + Page.Bytes, "the page that fills stays");
    }

    [Fact]
    public void An_id_that_was_removed_stays_removed_while_the_set_grows()
    {
        using var set = new DedupSet(Window, seed: 7, new PagePool(long.MaxValue));
        for (var id = 0; id < 50_000; id++)
        {
            set.TryAdd(Spread(id), now: 0).ShouldBeTrue();
            if (id % 10 == 0)
            {
                set.Remove(Spread(id));
            }
        }

        for (var id = 0; id < 50_000; id++)
        {
            set.TryAdd(Spread(id), now: 1).ShouldBe(id % 10 == 0, $"id {id}");
        }
    }

    [Fact]
    public void Ids_that_differ_in_one_bit_are_different()
    {
        using var set = new DedupSet(Window, seed: 7, new PagePool(long.MaxValue));
        for (var bit = 0; bit < 128; bit++)
        {
            for (var other = 0; other <= bit; other++)
            {
                set.TryAdd((UInt128.One << bit) | (UInt128.One << other), now: 0).ShouldBeTrue();
            }
        }
    }

    [Fact]
    public void After_a_silence_longer_than_the_window_nothing_counts_as_seen()
    {
        using var set = new DedupSet(Window, seed: 7, new PagePool(long.MaxValue));
        set.TryAdd(1, now: 0).ShouldBeTrue();
        set.TryAdd(1, now: Window + Generation).ShouldBeTrue();
    }

    [Fact]
    public void An_id_costs_at_most_32_bytes_at_a_steady_rate()
    {
        foreach (var perMillisecond in new[] { 3, 10, 31 })
        {
            using var set = new DedupSet(Window, seed: 7, new PagePool(long.MaxValue));
            var next = 0L;
            for (var now = 0L; now < 4 * Window; now++)
            {
                for (var i = 0; i < perMillisecond; i++)
                {
                    set.TryAdd(Spread(next++), now).ShouldBeTrue();
                }
            }

            ((double)set.Bytes / set.Count).ShouldBeLessThanOrEqualTo(32, $"{perMillisecond} a millisecond");
        }
    }

    [Fact]
    public void At_the_shared_cap_the_oldest_go_first_and_are_counted()
    {
        var budget = new PagePool(400_000);
        using var one = new DedupSet(Window, seed: 7, budget);
        using var other = new DedupSet(Window, seed: 7, budget);
        for (var id = 0; id < 50_000; id++)
        {
            one.TryAdd(Spread(id), now: id / 1000).ShouldBeTrue();
            other.TryAdd(Spread(id), now: id / 1000).ShouldBeTrue();
            budget.Used.ShouldBeLessThanOrEqualTo(400_000);
        }

        (one.EvictedEarly + one.Count).ShouldBe(50_000);
        (other.EvictedEarly + other.Count).ShouldBe(50_000);
        one.EvictedEarly.ShouldBeGreaterThan(0);
        one.TryAdd(Spread(49_999), now: 50).ShouldBeFalse("the youngest stay");
        one.TryAdd(Spread(0), now: 50).ShouldBeTrue("the oldest went");
    }

    [Fact]
    public void A_set_gives_back_what_it_took_and_no_more()
    {
        var budget = new PagePool(1);
        for (var i = 0; i < 3; i++)
        {
            new DedupSet(Window, seed: 7, budget).Dispose();
        }

        budget.Used.ShouldBe(0);
    }

    private static void Check(DedupSet set, Dictionary<UInt128, long> seen, UInt128 id, long now)
    {
        var age = seen.TryGetValue(id, out var at) ? now - at : long.MaxValue;
        var added = set.TryAdd(id, now);
        if (age < Window)
        {
            added.ShouldBeFalse();
        }
        else if (age >= Window + Generation)
        {
            added.ShouldBeTrue();
        }

        if (added)
        {
            seen[id] = now;
        }
    }

    private static UInt128 Spread(long number) =>
        new((ulong)number * 0xBF58476D1CE4E5B9, (ulong)number * 0x94D049BB133111EB);

    [Fact]
    public void What_cuts_said_makes_the_same_set_elsewhere_in_whatever_steps_it_was_said()
    {
        var random = new Random(5);
        var (log, head) = (new byte[64 * 1024], ReadOnlyMemory<byte>.Empty);
        using var set = new DedupSet(Window, seed: 7, new PagePool(long.MaxValue));
        var now = 0L;
        for (var id = 0; id < 3_000; id++)
        {
            set.TryAdd((UInt128)id, now += random.Next(3)).ShouldBeTrue();
            if (random.Next(50) == 0)
            {
                set.Remove((UInt128)random.Next(id + 1));
            }

            if (random.Next(100) == 0 || id == 2_999)
            {
                var cut = new SnapshotCut { IsWhole = false, UtcNow = now };
                set.Cut(cut, now);
                head = cut.Head.Written;
                foreach (var write in cut.ToSave(1, new ShardHead(0, [], [])).Logs)
                {
                    write.Bytes.CopyTo(log.AsMemory((int)write.Position));
                }
            }
        }

        var (from, to) = set.Saved;
        using var restored = new DedupSet(Window, seed: 8, new PagePool(long.MaxValue));
        restored.Load(
            new RestoredPart
            {
                Shard = "shard",
                Name = "dedup",
                Away = 0,
                Inputs = [0],
                Head = head,
                Entries = [],
                LogFrom = from,
                Log = log.AsMemory((int)from, (int)(to - from)),
            },
            now);
        restored.Count.ShouldBe(set.Count);
        for (var id = 0; id < 3_000; id++)
        {
            restored.TryAdd((UInt128)id, now).ShouldBe(set.TryAdd((UInt128)id, now), $"id {id}");
        }
    }
}
