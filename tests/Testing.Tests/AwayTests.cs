using StreamActors.Limits;
using StreamActors.Snapshots;

namespace StreamActors.Testing.Tests;

/// <summary>
/// Entities that the store has and the memory has not, on the real engine: nobody may notice but by the time that it
/// takes. A store is slow where a test says so: an answer takes a minute.
/// </summary>
public sealed class AwayTests
{
    private static readonly DateTimeOffset Start = new VirtualTime().GetUtcNow();
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Seconds = TimeSpan.FromSeconds(10);

    [Fact]
    public void An_idle_entity_goes_to_the_store_and_comes_back_for_its_next_record()
    {
        using var test = PipelineTest.Of(Counts);
        test.Send("in", "k", "a");
        test.Advance(TimeSpan.FromMinutes(12));
        test.Trace.ShouldContain("in/0 k: passivated after 00:10:00 idle; the store has its state");
        test.HasState<Tally>("k").ShouldBeFalse();
        test.Send("in", "k", "a");
        test.Expect("out", "k 1", "k 2");
        test.Restart();
        test.Send("in", "k", "a");
        test.Expect("out", "k 3");
    }

    [Fact]
    public void Above_the_cap_the_longest_idle_are_away_and_all_of_them_go_on_where_they_were()
    {
        using var test = PipelineTest.Of(static pipeline =>
        {
            pipeline.Limits = new() { EntitiesPerShard = 2 };
            Counts(pipeline);
        });
        for (var round = 1; round <= 4; round++)
        {
            string[] keys = ["a", "b", "c", "d", "e", "f"];
            test.SendAll("in", keys.Select(static key => (key, "x")));
            test.Read<string>("out").ShouldBe(keys.Select(key => $"{key} {round}"), ignoreOrder: true);
            test.Advance(Seconds);
            keys.Count(key => test.HasState<Tally>(key)).ShouldBe(2);
            (round == 3 ? test.Restart : (Action)(static () => { }))();
        }
    }

    [Fact]
    public void One_with_a_timer_stays_and_its_timer_is_called_in_time()
    {
        using var test = PipelineTest.Of(static pipeline =>
        {
            pipeline.Limits = new() { EntitiesPerShard = 1 };
            Visits.Define(pipeline);
        });
        foreach (var user in (string[])["a", "b", "c"])
        {
            test.Send(Visits.Topic, user, new PageView(user, "/"));
        }

        test.Advance(TimeSpan.FromMinutes(29));
        test.Expect<SessionEnded>("sessions");
        test.Advance(Minute);
        test.Read<SessionEnded>("sessions").Select(static ended => ended.User).Order().ShouldBe(["a", "b", "c"]);
    }

    [Fact]
    public void While_its_state_is_read_a_key_waits_in_order_and_the_others_go_on()
    {
        using var test = Idle(Counts, "k");
        Slow(test, StoreOperation.Get);
        test.Send("in", "k", "a");
        test.Send("in", "k", "b");
        test.Send("in", "new", "c");
        test.Expect("out", "new 1");
        test.Path("in", "k").ShouldContain("waits: in k: the state of its entity is being loaded");
        test.Path("in", "k").ShouldContain("waits: in k: waits behind another record of its key");
        test.Advance(Minute);
        test.Expect("out", "k 2", "k 3");
        test.Path("in", "k").ShouldNotContain("loaded");
    }

    [Fact]
    public void What_is_parked_holds_the_partition_at_its_bound_and_nothing_is_lost()
    {
        using var test = Idle(
            static pipeline =>
            {
                pipeline.Limits = new() { Parking = new ParkingLimits { Records = 2 } };
                Counts(pipeline);
            },
            "k");
        Slow(test, StoreOperation.Get);
        test.SendAll("in", [("k", "a"), ("k", "b"), ("other", "c"), ("k", "d")]);
        test.Expect<string>("out");
        test.Advance(Minute);
        test.Expect("out", "k 2", "k 3", "other 1", "k 4");
    }

    [Fact]
    public void A_record_that_waits_is_carried_by_the_snapshot_and_applied_once()
    {
        using var test = Idle(Counts, "k");
        Slow(test, StoreOperation.Get);
        test.Send("in", "k", "a");
        test.Advance(Seconds);
        test.Crash();
        test.Expect("out", "k 2");
        test.Advance(Seconds);
        test.Restart();
        test.Advance(Minute);
        test.ReadRaw("out").ShouldBeEmpty("it is done, and carried no more");
        test.Send("in", "k", "b");
        test.Advance(Minute);
        test.Expect("out", "k 3");
    }

    [Fact]
    public void A_clean_hand_over_waits_for_no_state()
    {
        using var test = Idle(Counts, "k");
        Slow(test, StoreOperation.Get);
        test.Send("in", "k", "a");
        var before = test.Time.Elapsed;
        test.Revoke();
        test.Trace.ShouldContain("revoked\n");
        (test.Time.Elapsed - before).ShouldBeLessThan(TimeSpan.FromSeconds(1));
        test.Advance(Minute);
        test.Expect("out", "k 2");
    }

    [Fact]
    public void A_store_that_does_not_answer_is_asked_again_and_the_key_waits()
    {
        using var test = Idle(Counts, "k");
        var left = 5;
        test.Around.Store.Before = call => call.Operation == StoreOperation.Get && left-- > 0
            ? throw new StateStoreException("It is away.")
            : default;
        test.Send("in", "k", "a");
        test.Expect<string>("out");
        test.Advance(Minute);
        test.Expect("out", "k 2");
    }

    [Fact]
    public void What_waits_is_no_duplicate_of_itself_and_its_id_is_free_again_when_it_is_given_up()
    {
        using var test = Idle(
            static pipeline => pipeline.From("in", Codec.Text)
                .DedupById(static text => text, TimeSpan.FromHours(1)).DeadLetters("dlq")
                .Entity<Counting, Tally, string>().To(Routes.ToTopic("out")),
            "k").AllowFailures();
        test.Send("in", "k", "x");
        Slow(test, StoreOperation.Get);
        test.Advance(TimeSpan.FromMinutes(12));
        test.SendAll("in", [("k", "y"), ("k", "throw"), ("k", "y"), ("k", "throw")]);
        test.Advance(Minute);
        test.Read<string>("out").ShouldBe(["k 2", "k 3"]);
        test.DeadLetters.Count.ShouldBe(1, "the second one came while the first one's id was seen");
        test.Send("in", "k", "throw");
        test.DeadLetters.Count.ShouldBe(2);
    }

    [Fact]
    public void The_result_of_a_call_waits_in_place_and_the_call_is_made_once()
    {
        var calls = 0;
        using var test = PipelineTest.Of(
            static pipeline =>
            {
                pipeline.Timing = new() { PassivateAfter = Minute };
                pipeline.From("in", Codec.Text).MapAsync<Asking, string>()
                    .Entity<Counting, Tally, string>().To(Routes.ToTopic("out"));
            },
            services => services.Add(new(typeof(Action), (Action)(() => calls++))));
        test.Send("in", "k", "a");
        test.Advance(TimeSpan.FromMinutes(2));
        test.HasState<Tally>("k").ShouldBeFalse();
        Slow(test, StoreOperation.Get);
        test.Send("in", "k", "b");
        test.Send("in", "other", "c");
        test.Expect("out", "k 1", "other 1");
        test.Path("in", "k").ShouldContain("the state of its entity is being loaded");
        test.Advance(Minute);
        test.Expect("out", "k 2");
        calls.ShouldBe(3);
    }

    [Fact]
    public void A_store_that_lost_saves_sends_the_shard_back_to_what_it_has()
    {
        using var test = Idle(Counts, "k").AllowFailures();
        var moment = test.Around.Store.Changes;
        test.Send("in", "k", "a");
        test.Advance(TimeSpan.FromMinutes(12));
        test.HasState<Tally>("k").ShouldBeFalse();
        test.Around.Store.GoBackTo(moment);
        test.Send("in", "other", "b");
        test.Advance(TimeSpan.FromMinutes(2));
        test.Send("in", "k", "c");
        test.Read<string>("out").ShouldBe(
            ["k 2", "other 1", "k 2", "other 1", "k 3"], ignoreOrder: true, "outputs repeat, effects do not");
    }

    [Fact]
    public void A_large_shard_handles_records_while_it_is_read_and_timers_fire_once_they_are_read()
    {
        using var test = PipelineTest.Of(Visits.Define);
        test.SendAll(
            Visits.Topic, Enumerable.Range(0, 50).Select(static i => ($"u{i:00}", new PageView($"u{i}", "/"))));
        test.Advance(TimeSpan.FromMinutes(20));
        Lazily(test, pageEntries: 10);
        Slow(test, StoreOperation.Scan);
        test.Restart();

        // One for the records that were parked, of which there are none, and one for the first page.
        test.Advance(Minute * 2);
        test.HasState<Session>("u00").ShouldBeTrue();
        test.HasState<Session>("u49").ShouldBeFalse("it is on the last page");
        test.Send(Visits.Topic, "u49", new PageView("u49", "/b"));
        test.State<Session>("u49").Views.ShouldBe(2);
        test.Advance(TimeSpan.FromMinutes(28.5));
        test.Read<SessionEnded>("sessions").Count.ShouldBe(49);
        test.Advance(Minute * 2);
        test.Read<SessionEnded>("sessions").ShouldBe([new SessionEnded("u49", 2)]);
    }

    [Fact]
    public void What_a_late_page_brings_of_an_entity_that_changed_or_went_since_is_not_believed()
    {
        using var test = PipelineTest.Of(static pipeline =>
        {
            pipeline.Timing = new() { PassivateAfter = TimeSpan.FromSeconds(30) };
            Counts(pipeline);
        });
        test.SendAll("in", [("changed", "x"), ("away", "x"), ("forgotten", "x"), ("untouched", "x")]);
        test.Advance(TimeSpan.FromSeconds(6));
        Lazily(test, pageEntries: 10);

        // The pages are read at once, and come a minute later.
        test.Around.Store.After = call => call.Operation == StoreOperation.Scan ? Later(test) : default;
        test.Restart();
        test.SendAll("in", [("away", "y"), ("forgotten", "y"), ("forgotten", "forget")]);
        test.Advance(TimeSpan.FromSeconds(45));
        test.HasState<Tally>("away").ShouldBeFalse("it is saved and idle, or it would not have gone");
        test.Send("in", "changed", "y");
        test.Advance(TimeSpan.FromSeconds(20));
        test.SendAll("in", [("changed", "z"), ("away", "z"), ("forgotten", "z"), ("untouched", "z")]);
        test.Read<string>("out").TakeLast(4)
            .ShouldBe(["changed 3", "away 3", "forgotten 1", "untouched 2"], ignoreOrder: true);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_comes_out_by_event_time_is_the_same_as_if_all_had_been_in_memory(bool isLazy)
    {
        using var test = PipelineTest.Of(static pipeline => pipeline.From("in", Codec.Text)
            .Entity<Quiet, Tally, string>().To(Routes.ToTopic("out")));
        Send("a", 0);
        Send("b", 0);
        test.Advance(Seconds);
        Lazily(test, pageEntries: 1);
        test.Around.ReadAtOnce = isLazy ? 0 : 10_000;
        if (isLazy)
        {
            Slow(test, StoreOperation.Scan, StoreOperation.Get);
        }

        test.Restart();

        // Sessions of 15 minutes: a's goes on at 10 and at 20; b's ends before its record at 20 is handled.
        Send("a", 10);
        Send("a", 20);
        Send("b", 20);
        Send("c", 50);
        test.Advance(TimeSpan.FromMinutes(10));
        var all = test.Read<string>("out");
        string[] About(string key) => [.. all.Where(text => text.StartsWith(key, StringComparison.Ordinal))];
        About("a").ShouldBe(["a 0", "a 10 seen at 10", "a 20 seen at 20", "a ends at 35"]);
        About("b").ShouldBe(["b 0", "b ends at 15", "b 20 seen at 20", "b ends at 35"]);

        void Send(string key, int minute) =>
            test.Send("in", key, $"{minute}", new SendOptions { Timestamp = Start.AddMinutes(minute) });
    }

    [Fact]
    public void A_shard_whose_topics_changed_reads_all_before_it_saves_all_again()
    {
        var hasTwo = true;
        using var test = PipelineTest.Of(pipeline =>
        {
            pipeline.Limits = new() { EntitiesPerShard = 1 };
            Counts(pipeline);
            if (hasTwo)
            {
                pipeline.From("more", Codec.Text).Entity<Counting, Tally, string>();
            }
        });
        test.SendAll("in", [("a", "x"), ("b", "x"), ("c", "x")]);
        test.Advance(Seconds);
        Lazily(test, pageEntries: 1);
        hasTwo = false;
        test.Restart();
        test.Advance(Seconds);
        test.Restart();
        test.SendAll("in", [("a", "x"), ("b", "x"), ("c", "x")]);
        test.Read<string>("out").TakeLast(3).ShouldBe(["a 2", "b 2", "c 2"]);
    }

    /// <summary>A test with an entity that had one record, and is away.</summary>
    private static PipelineTest Idle(Action<PipelineBuilder> define, string key)
    {
        var test = PipelineTest.Of(define);
        test.Send("in", key, "before");
        test.Advance(TimeSpan.FromMinutes(12));
        test.HasState<Tally>(key).ShouldBeFalse();
        test.Expect("out", $"{key} 1");
        return test;
    }

    private static void Counts(PipelineBuilder pipeline) =>
        pipeline.From("in", Codec.Text).Entity<Counting, Tally, string>().To(Routes.ToTopic("out"));

    private static void Lazily(PipelineTest test, int pageEntries)
    {
        test.Around.ReadAtOnce = 0;
        test.Around.Store.PageEntries = pageEntries;
    }

    private static void Slow(PipelineTest test, params StoreOperation[] operations) => test.Around.Store.Before =
        call => operations.Contains(call.Operation) ? Later(test) : default;

    private static ValueTask Later(PipelineTest test)
    {
        var passed = new TaskCompletionSource();
        test.Time.After(Minute, passed.SetResult);
        return new ValueTask(passed.Task);
    }

    private sealed class Counting : IEntity<string, Tally, string>
    {
        public void On(string record, ref Tally state, Turn<string> turn)
        {
            state.Count++;
            turn.Emit($"{turn.Key} {state.Count}");
            if (record == "forget")
            {
                turn.Forget();
            }

            if (record == "throw")
            {
                throw new InvalidOperationException("The text wants it.");
            }
        }
    }

    /// <summary>A session that ends after 15 minutes by event time; says the watermark that it saw.</summary>
    private sealed class Quiet : IEntity<string, Tally, string>
    {
        public void On(string record, ref Tally state, Turn<string> turn)
        {
            var seen = state.Count++ == 0 ? "" : $" seen at {(turn.Watermark!.Value - Start).TotalMinutes}";
            turn.Emit($"{turn.Key} {record}{seen}");
            turn.EventTimer("end", turn.EventTime.AddMinutes(15));
        }

        public void OnTimer(string name, ref Tally state, Turn<string> turn) =>
            turn.Emit($"{turn.Key} ends at {(turn.EventTime - Start).TotalMinutes}");
    }

    private sealed class Asking(Action called) : IAsyncMap<string, string>
    {
        public ValueTask<string?> MapAsync(string value, Call call, CancellationToken stop)
        {
            called();
            return new(value);
        }
    }
}
