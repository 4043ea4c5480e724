using StreamActors.Calls;
using StreamActors.Core.Tests.Doubles;
using StreamActors.Events;

namespace StreamActors.Core.Tests.Calls;

/// <summary>When all calls of a step count as failing, when that is over, and what is said of it.</summary>
public sealed class CallWatchTests
{
    private const long Long = 100_000;

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly IOException Refused = new("Connection refused");

    private readonly CallWatch watch = new();

    [Fact]
    public void Calls_that_all_fail_for_five_seconds_are_an_outage_said_once_with_number_time_and_reason()
    {
        watch.Failed(0, 10, Refused).ShouldBeNull();
        watch.Failed(2_000, 4_999, Refused).ShouldBeNull();
        watch.Outage(4_999).ShouldBeNull();
        watch.Failed(3_000, 5_000, Refused)!.Value.Calls.ShouldBe(3);
        watch.Failed(5_000, 9_000, Refused).ShouldBeNull("it was said");
        watch.Outage(10_000).ToString()
            .ShouldBe("4 calls failed in 10 s and none succeeded, the last: Connection refused");
    }

    [Fact]
    public void One_success_in_five_seconds_is_no_outage_and_the_count_begins_anew()
    {
        for (var now = 0L; now < 60_000; now += 1_000)
        {
            watch.Failed(now, now, Refused).ShouldBeNull();
            if (now % 4_000 == 0)
            {
                watch.Succeeded(now).ShouldBeNull();
            }
        }
    }

    [Fact]
    public void One_record_whose_call_fails_is_no_outage_however_long_nobody_else_is_called_for()
    {
        watch.Failed(0, 30_000, Refused).ShouldBeNull();
        watch.Outage(600_000).ShouldBeNull();
    }

    [Fact]
    public void An_outage_is_over_with_the_first_success_which_tells_how_long_it_was()
    {
        watch.Failed(0, 0, Refused);
        watch.Failed(6_000, 6_000, Refused);
        watch.EndIfQuiet(7_000, Long).ShouldBeNull();
        watch.Succeeded(20_000).ShouldBe(new CallOutage(2, Second * 20, Refused));
        watch.Succeeded(20_001).ShouldBeNull("it was said");
        watch.Outage(20_001).ShouldBeNull();
    }

    [Fact]
    public void An_outage_whose_service_is_not_called_any_more_does_not_stand_for_ever()
    {
        watch.Failed(0, 0, Refused);
        watch.Failed(6_000, 6_000, Refused);
        watch.EndIfQuiet(6_000 + Long - 1, Long).ShouldBeNull();
        watch.EndIfQuiet(6_000 + Long, Long)!.Value.Calls.ShouldBe(2);
        watch.Outage(6_000 + Long).ShouldBeNull();
    }

    [Fact]
    public void The_shards_of_a_step_say_together_once_that_all_calls_fail_and_once_that_they_succeed()
    {
        var shards = new CallShards(
            new() { Retry = Retry.On<IOException>(attempts: 100, first: Second) }, shards: 3);
        shards.Calls.ThrowAtOnce = Refused;
        for (var shard = 0; shard < 3; shard++)
        {
            shards.Send("a", shard, shard);
        }

        for (var second = 0; second < 60; second++)
        {
            shards.Advance(Second);
        }

        var failing = shards.Events.All.OfType<EngineEvent.CallsFailing>().ShouldHaveSingleItem();
        failing.Map.ShouldBe("ManualMap");
        failing.Outage.Since.ShouldBeInRange(Second * 5, Second * 12);
        shards.Events.All.OfType<EngineEvent.CallsRetried>().Count().ShouldBeLessThan(3, "of all shards, then none");
        shards.Outage!.Value.Calls.ShouldBe(shards.CallCounters.Retried);

        shards.Calls.ThrowAtOnce = null;
        shards.Advance(Second * 40);
        shards.Succeed(0, "zero");
        shards.Succeed(1, "one");
        shards.Outage.ShouldBeNull();
        shards.Events.All.OfType<EngineEvent.CallsRecovered>().ShouldHaveSingleItem().HasAnswered.ShouldBeTrue();
    }

    [Fact]
    public void Each_call_is_counted_by_what_became_of_it_with_the_time_that_it_took()
    {
        var shards = new CallShards(new()
        {
            Timeout = Second * 2,
            Retry = Retry.On<IOException>(attempts: 2, first: Second),
        });
        shards.Send("a", 1);
        shards.Send("b", 2);
        shards.Send("c", 3);
        shards.Advance(Second);
        shards.Succeed(1, "one");
        shards.Succeed(2, null);
        shards.Fail(3, Refused);
        shards.Advance(Second * 1.5);
        shards.Advance(Second * 2);

        var calls = shards.CallCounters;
        (calls.Succeeded, calls.WithoutOutput, calls.Retried, calls.Failed, calls.TimedOut).ShouldBe((1, 1, 1, 1, 1));
        calls.Duration.Count.ShouldBe(4);
        calls.Duration.Seconds.ShouldBe(5, 0.01, "three of a second, and the time-out of two");
    }
}
