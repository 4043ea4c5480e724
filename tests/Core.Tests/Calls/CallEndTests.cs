using StreamActors.Core.Tests.Doubles;

namespace StreamActors.Core.Tests.Calls;

/// <summary>Calls under way when their shard drains, or is let go.</summary>
public sealed class CallEndTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private static readonly MapAsyncOptions Options = new()
    {
        MaxInFlight = 2,
        Timeout = Second * 5,
        Retry = Retry.On<IOException>(attempts: 3, first: Second),
    };

    [Fact]
    public void A_drain_waits_for_the_calls_calls_for_what_is_parked_and_tries_again_what_failed()
    {
        var shards = new CallShards(Options);
        shards.Send("a", 1);
        shards.Send("a", 2);
        shards.Send("b", 3);
        shards.Drain();
        shards.One.WaitsFor.ShouldBe("3 calls of ManualMap");
        shards.Succeed(1, "one");
        shards.Calls.Values.ShouldBe([1, 3, 2]);
        shards.Fail(3, new IOException());
        shards.Succeed(2, "two");
        shards.One.IsDrained.ShouldBeFalse();
        shards.One.WaitsFor.ShouldBe("1 call of ManualMap");
        shards.Advance(Second * 2);
        shards.Calls.Last.Call.Attempt.ShouldBe(2);
        shards.Succeed(3, "three");
        shards.One.IsDrained.ShouldBeTrue();
        shards.Sink.Values.ShouldBe(["one", "two", "three"]);
        shards.One.Committable(0).ShouldBe(3);
    }

    [Fact]
    public void A_drain_lets_go_at_once_of_retries_that_it_has_no_time_for_when_all_else_is_done()
    {
        var shards = new CallShards(Options);
        shards.Send("a", 1);
        shards.Send("b", 2);
        shards.Fail(1, new IOException());
        shards.Send("a", 3);
        shards.Drain(limit: Second / 2);
        shards.One.IsDrained.ShouldBeFalse("the other call is under way");
        shards.Succeed(2, "two");
        shards.One.IsDrained.ShouldBeTrue("and no time has passed");
        shards.One.WaitsFor.ShouldBe("2 calls of ManualMap");
        shards.Sink.Values.ShouldBe(["two"]);
        (shards.One.Committable(0), shards.One.Undone).ShouldBe((0, 2));
        shards.Advance(Second * 2);
        shards.Calls.Values.ShouldBe([1, 2], "nothing of it is called for again");
    }

    [Fact]
    public void A_drain_waits_for_a_sink_and_for_calls_and_names_both()
    {
        var shards = new CallShards(Options);
        shards.Sink.GoAway();
        shards.Send("a", 1);
        shards.Send("a", 2);
        shards.Succeed(1, "one");
        shards.Drain();
        shards.One.WaitsFor.ShouldBe("1 call of ManualMap and an answer of texts");
    }

    [Fact]
    public void Calls_under_way_are_told_when_the_shard_is_let_go_and_their_results_are_dropped()
    {
        var shards = new CallShards(Options);
        shards.Send("a", 1);
        shards.Send("a", 2);
        var call = shards.Calls.Last;
        shards.Close();
        call.Stop.IsCancellationRequested.ShouldBeTrue();
        shards.Succeed(1, "one");
        shards.Sink.Taken.ShouldBeEmpty();
        shards.Calls.Values.ShouldBe([1], "nothing begins any more");
        shards.Calls.OpenScopes.ShouldBe(0);
        shards.One.Committable(0).ShouldBe(0);
        shards.One.Undone.ShouldBe(2);
        var counts = shards.Counters;
        (counts.Received, counts.Undone, counts.ParkedRecords, counts.CallsInFlight).ShouldBe((2, 2, 0, 0));
    }

    [Fact]
    public void A_call_that_has_a_thread_coming_does_not_begin_once_the_shard_is_let_go()
    {
        var shards = new CallShards(Options);
        shards.Send("first", 0);
        shards.Succeed(0, "zero");
        shards.Calls.ThrowAtOnce = new IOException();
        shards.Send("a", 1);
        shards.Calls.ThrowAtOnce = null;
        shards.Time.Advance(Second * 2);
        shards.One.Execute();
        shards.One.Close();
        shards.Time.RunTurns();
        shards.Calls.Values.ShouldBe([0], "the second attempt had its slot");
        shards.Calls.OpenScopes.ShouldBe(0);
    }

    [Fact]
    public void A_shard_that_is_let_go_waits_for_no_slot_and_its_calls_give_back_theirs_when_they_end()
    {
        var shards = new CallShards(Options with { MaxInFlight = 1 }, shards: 2);
        shards.Send("a", 1, shard: 0);
        shards.Send("b", 2, shard: 0);
        shards.Send("c", 3, shard: 1);
        shards.Close();
        shards.Calls.Values.ShouldBe([1], "a call that was told is under way until it ends");
        shards.Succeed(1, "one");
        shards.Calls.Values.ShouldBe([1, 3]);
        shards.Succeed(3, "three");
        shards.Sink.Values.ShouldBe(["three"]);
    }

    [Fact]
    public void User_code_that_throws_when_its_shard_is_let_go_does_no_harm_and_runs_on_no_thread_of_the_engine()
    {
        var shards = new CallShards(Options);
        shards.Send("a", 1);
        shards.Send("b", 2);
        var told = false;
        shards.Calls[1].Stop.Register(static () => throw new InvalidOperationException("a defect"));
        shards.Calls[2].Stop.Register(() => told = true);
        shards.One.Close();
        told.ShouldBeFalse("who lets a shard go runs no user code");
        shards.Time.RunTurns();
        told.ShouldBeTrue();
        shards.One.IsDrained.ShouldBeTrue();
    }

    [Fact]
    public void All_records_are_counted_once_whatever_became_of_their_calls()
    {
        var shards = new CallShards(Options with { MaxInFlight = 10 });
        for (var value = 0; value < 5; value++)
        {
            shards.Send($"k{value}", value);
        }

        shards.Succeed(0, "zero");
        shards.Succeed(1, null);
        shards.Fail(2, new FormatException());
        shards.Fail(3, new IOException());
        shards.Drain();
        shards.Close();
        var counts = shards.Counters;
        (counts.Emitted, counts.WithoutOutput, counts.Failed, counts.Undone).ShouldBe((1, 1, 1, 2));
        counts.Received.ShouldBe(5);
    }
}
