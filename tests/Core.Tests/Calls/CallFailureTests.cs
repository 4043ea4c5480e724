using StreamActors.Core.Tests.Doubles;
using StreamActors.Events;
using StreamActors.Records;

namespace StreamActors.Core.Tests.Calls;

/// <summary>What becomes of calls that fail, and of those that take too long.</summary>
public sealed class CallFailureTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private static readonly MapAsyncOptions Patient = new()
    {
        MaxInFlight = 2,
        Timeout = Second,
        Retry = Retry.On<IOException>(attempts: 3, first: Second),
    };

    [Fact]
    public void A_failure_that_the_policy_accepts_is_tried_again_after_its_wait_while_the_key_waits_and_others_go_on()
    {
        var shards = new CallShards(Patient);
        shards.Send("a", 1);
        shards.Send("a", 2);
        shards.Fail(1, new IOException());
        shards.Advance(Second * 0.7);
        shards.Send("b", 3);
        shards.Calls.Values.ShouldBe([1, 3]);
        shards.Counters.CallsInFlight.ShouldBe(1, "who waits for a retry takes no slot");
        shards.Advance(Second * 0.6);
        shards.Calls.Values.ShouldBe([1, 3, 1]);
        shards.Calls.Last.Call.Attempt.ShouldBe(2);
        shards.Calls.Last.Call.IdempotencyKey.ShouldBe("t/0/0", "the same in each attempt");
        shards.Succeed(1, "one");
        shards.Succeed(2, "two");
        shards.Sink.Values.ShouldBe(["one", "two"]);
        shards.CallCounters.Retried.ShouldBe(1);
        shards.Counters.Failed.ShouldBe(0);
    }

    [Fact]
    public void A_failure_that_the_policy_does_not_accept_is_a_dead_letter_at_once_and_the_key_goes_on()
    {
        var shards = new CallShards(Patient);
        shards.Send("a", 1);
        shards.Send("a", 2);
        shards.Fail(1, new InvalidOperationException("No such place.", new IOException("a secret")));
        var (key, value, headers) = shards.Dead.Taken.ShouldHaveSingleItem();
        (key, value).ShouldBe(("a", "\u0001\0\0\0"));
        headers["error_type"].ShouldBe("InvalidOperationException");
        headers["error_message"].ShouldBe("No such place.");
        headers["attempts"].ShouldBe("1");
        headers["source_offset"].ShouldBe("0");
        shards.Counters.Failed.ShouldBe(1);
        shards.Counters.DeadLettered.ShouldBe(1);
        shards.Calls.Values.ShouldBe([1, 2]);
    }

    [Fact]
    public void A_time_out_of_the_clients_own_is_one_and_any_other_cancellation_is_not()
    {
        var shards = new CallShards(Patient);
        shards.Send("a", 1);
        shards.Fail(1, new TaskCanceledException("as HttpClient tells it", new TimeoutException()));
        shards.CallCounters.Retried.ShouldBe(1);
        shards.CallCounters.TimedOut.ShouldBe(1);
        shards.Send("b", 2);
        shards.Fail(2, new TaskCanceledException("user code gave up"));
        shards.Counters.Failed.ShouldBe(1);
    }

    [Fact]
    public void Calls_that_are_tried_again_are_reported_at_a_bounded_rate_with_the_reason()
    {
        var shards = new CallShards(Patient);
        var error = new IOException("busy");
        for (var value = 0; value < 2; value++)
        {
            shards.Send($"k{value}", value);
            shards.Fail(value, error);
        }

        var last = new PartitionOffset(shards.One.Inputs[0], 0);
        shards.Events.All.ShouldBe([new EngineEvent.CallsRetried("p", "ManualMap", 1, last, error)]);
        shards.Advance(Second * 11);
        shards.Succeed(1, "one");
        shards.Fail(0, error);
        shards.Events.All.Last().ShouldBeOfType<EngineEvent.CallsRetried>().Count.ShouldBe(2);
    }

    [Fact]
    public void After_the_last_attempt_the_record_is_a_dead_letter_that_says_how_many_there_were()
    {
        var shards = new CallShards(Patient);
        shards.Send("a", 1);
        for (var attempt = 1; attempt <= 3; attempt++)
        {
            shards.Calls.All.Count.ShouldBe(attempt);
            shards.Fail(1, new IOException());
            shards.Advance(Second * 10);
        }

        shards.Calls.All.Count.ShouldBe(3);
        shards.Dead.Taken.ShouldHaveSingleItem().Headers["attempts"].ShouldBe("3");
        shards.CallCounters.Retried.ShouldBe(2);
        shards.One.Committable(0).ShouldBe(1);
    }

    [Fact]
    public void A_call_that_takes_too_long_is_told_so_and_tried_again_by_any_policy()
    {
        var shards = new CallShards(Patient);
        shards.Send("a", 1);
        var call = shards.Calls.Last;
        shards.Advance(Second * 0.9);
        call.Stop.IsCancellationRequested.ShouldBeFalse();
        shards.Advance(Second * 0.1);
        call.Stop.IsCancellationRequested.ShouldBeTrue();
        shards.CallCounters.TimedOut.ShouldBe(1);
        shards.Advance(Second * 2);
        shards.Calls.Last.Call.Attempt.ShouldBe(2);
        shards.Calls.Last.Stop.IsCancellationRequested.ShouldBeFalse("it is another call's");
        shards.Succeed(1, "one");
        shards.Sink.Values.ShouldBe(["one"]);
    }

    [Fact]
    public void Without_a_policy_a_call_that_takes_too_long_is_a_dead_letter()
    {
        var shards = new CallShards(new MapAsyncOptions { Timeout = Second });
        shards.Send("a", 1);
        shards.Advance(Second);
        var headers = shards.Dead.Taken.ShouldHaveSingleItem().Headers;
        headers["error_type"].ShouldBe("TimeoutException");
        headers["error_message"].ShouldBe("The call took longer than 00:00:01.");
        shards.One.Committable(0).ShouldBe(1);
    }

    [Fact]
    public void The_time_of_a_call_starts_when_it_begins_and_not_while_it_waits_for_a_slot()
    {
        var shards = new CallShards(Patient with { MaxInFlight = 1, Timeout = Second * 10 });
        shards.Send("a", 1);
        shards.Send("b", 2);
        shards.Advance(Second * 9);
        shards.Succeed(1, "one");
        shards.Advance(Second * 9);
        shards.Succeed(2, "two");
        shards.CallCounters.TimedOut.ShouldBe(0);
    }

    [Fact]
    public void One_that_ignores_its_token_keeps_its_slot_and_its_scope_until_it_ends_and_its_result_is_dropped()
    {
        var shards = new CallShards(new MapAsyncOptions { Timeout = Second, MaxInFlight = 1 });
        shards.Send("a", 1);
        shards.Send("b", 2);
        shards.Advance(Second);
        shards.Dead.Taken.Count.ShouldBe(1, "the record does not wait for it");
        shards.One.Committable(0).ShouldBe(1);
        shards.Calls.Values.ShouldBe([1], "the only slot is taken");
        shards.Calls.OpenScopes.ShouldBe(1);
        shards.Counters.CallsInFlight.ShouldBe(1);
        shards.Succeed(1, "late");
        shards.Calls.Values.ShouldBe([1, 2]);
        shards.Calls.OpenScopes.ShouldBe(1, "that of the second");
        shards.Succeed(2, "two");
        shards.Sink.Values.ShouldBe(["two"]);
        shards.Counters.CallsInFlight.ShouldBe(0);
    }

    [Theory]
    [InlineData("opening")]
    [InlineData("making")]
    [InlineData("at once")]
    [InlineData("disposing")]
    public void Whatever_user_code_throws_wherever_it_is_the_outcome_of_the_call(string where)
    {
        var shards = new CallShards(Patient);
        Throw(new IOException());
        shards.Send("a", 1);
        EndIfBegun();
        shards.CallCounters.Retried.ShouldBe(1, "it is tried again as the policy says");
        Throw(new FormatException("broken"));
        shards.Advance(Second * 2);
        EndIfBegun();
        var headers = shards.Dead.Taken.ShouldHaveSingleItem().Headers;
        (headers["error_type"], headers["attempts"]).ShouldBe(("FormatException", "2"));
        shards.Calls.OpenScopes.ShouldBe(0);
        Throw(null);
        shards.Send("a", 2);
        shards.Succeed(2, "two");
        shards.Sink.Values.ShouldBe(["two"], "and the slots are all there");

        void Throw(Exception? error)
        {
            var calls = shards.Calls;
            _ = where switch
            {
                "opening" => calls.ThrowAtOpening = error,
                "making" => calls.ThrowAtMaking = error,
                "at once" => calls.ThrowAtOnce = error,
                _ => calls.ThrowAtDisposing = error,
            };
        }

        void EndIfBegun()
        {
            if (where == "disposing")
            {
                shards.Succeed(1, "one");
            }
        }
    }

    [Fact]
    public void A_filter_that_throws_accepts_nothing()
    {
        var policy = Retry.On<IOException>(3, Second, static _ => throw new InvalidOperationException("a defect"));
        var shards = new CallShards(Patient with { Retry = policy });
        shards.Send("a", 1);
        shards.Fail(1, new IOException());
        shards.Dead.Taken.ShouldHaveSingleItem().Headers["error_type"].ShouldBe("IOException");
        shards.One.Failure.ShouldBeNull();
    }

    [Fact]
    public void User_code_that_throws_when_its_token_fires_does_no_harm()
    {
        var shards = new CallShards(Patient);
        shards.Send("a", 1);
        shards.Calls.Last.Stop.Register(static () => throw new InvalidOperationException("a defect"));
        shards.Advance(Second);
        shards.CallCounters.TimedOut.ShouldBe(1);
        shards.One.Failure.ShouldBeNull();
    }

    [Fact]
    public void A_call_that_ends_because_its_token_fired_has_run_out_of_time()
    {
        var shards = new CallShards(new MapAsyncOptions { Timeout = Second });
        shards.Send("a", 1);
        var call = shards.Calls.Last;
        call.Stop.Register(() => call.Done.SetCanceled(call.Stop));
        shards.Advance(Second);
        shards.Dead.Taken.ShouldHaveSingleItem().Headers["error_type"].ShouldBe("TimeoutException");
    }
}
