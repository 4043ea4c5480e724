namespace StreamActors.Testing.Tests;

public sealed class VirtualTimeTests
{
    private readonly VirtualTime time = new();
    private readonly List<string> fired = [];

    [Fact]
    public void Timers_fire_in_the_order_of_their_times_each_at_its_own()
    {
        time.After(TimeSpan.FromSeconds(2), () => fired.Add($"late {time.Elapsed}"));
        time.After(TimeSpan.FromSeconds(1), () => fired.Add($"early {time.Elapsed}"));
        time.Advance(TimeSpan.FromSeconds(5));
        fired.ShouldBe(["early 00:00:01", "late 00:00:02"]);
        time.GetUtcNow().ShouldBe(new DateTimeOffset(2026, 1, 1, 0, 0, 5, TimeSpan.Zero));
    }

    [Fact]
    public void Of_two_timers_for_the_same_time_the_first_set_fires_first()
    {
        time.After(TimeSpan.FromSeconds(1), () => fired.Add("first"));
        time.After(TimeSpan.FromSeconds(1), () => fired.Add("second"));
        time.Advance(TimeSpan.FromSeconds(1));
        fired.ShouldBe(["first", "second"]);
    }

    [Fact]
    public void A_timer_that_a_timer_sets_fires_within_the_same_advance_when_it_is_due()
    {
        time.After(TimeSpan.FromSeconds(1), () => time.After(TimeSpan.FromSeconds(1), () => fired.Add("inner")));
        time.Advance(TimeSpan.FromSeconds(2));
        fired.ShouldBe(["inner"]);
    }

    [Fact]
    public void A_timer_that_was_changed_or_disposed_of_does_not_fire_for_what_it_was_set_to_before()
    {
        using var moved = time.CreateTimer(
            _ => fired.Add("moved"), null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        var gone = time.CreateTimer(_ => fired.Add("gone"), null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        moved.Change(TimeSpan.FromSeconds(3), Timeout.InfiniteTimeSpan);
        gone.Dispose();
        time.NextDue.ShouldBe(TimeSpan.FromSeconds(3));
        time.Advance(TimeSpan.FromSeconds(2));
        fired.ShouldBeEmpty();
        time.Advance(TimeSpan.FromSeconds(1));
        fired.ShouldBe(["moved"]);
        time.NextDue.ShouldBeNull();
        gone.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan).ShouldBeFalse();
    }

    [Fact]
    public void A_periodic_timer_fires_each_period_until_it_is_disposed_of()
    {
        var timer = time.CreateTimer(
            _ => fired.Add($"{time.Elapsed.TotalSeconds}"), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2));
        time.Advance(TimeSpan.FromSeconds(6));
        timer.Dispose();
        time.Advance(TimeSpan.FromSeconds(6));
        fired.ShouldBe(["1", "3", "5"]);
    }

    [Fact]
    public async Task A_delay_of_user_code_ends_with_the_time_that_it_waits_for()
    {
        var delay = Task.Delay(TimeSpan.FromMinutes(1), time);
        time.Advance(TimeSpan.FromSeconds(59));
        delay.IsCompleted.ShouldBeFalse();
        time.Advance(TimeSpan.FromSeconds(1));
        await delay;
    }

    [Fact]
    public void What_a_real_timer_refuses_is_refused()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => time.After(TimeSpan.FromDays(50), static () => { }));
        Should.Throw<ArgumentOutOfRangeException>(() => time.After(TimeSpan.FromMilliseconds(-2), static () => { }));
        Should.Throw<ArgumentOutOfRangeException>(() => time.Advance(TimeSpan.FromTicks(-1)));
    }
}
