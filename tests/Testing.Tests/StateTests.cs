using Microsoft.Extensions.DependencyInjection;
using StreamActors.Snapshots;

namespace StreamActors.Testing.Tests;

public sealed class StateTests
{
    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(31);

    [Fact]
    public void A_session_outlives_a_restart_with_its_timer()
    {
        using var test = PipelineTest.Of(Visits.Define);
        test.Send(Visits.Topic, "u1", new PageView("u1", "/a"));
        test.Restart();
        test.Advance(Quiet);
        test.Read<SessionEnded>("sessions").ShouldHaveSingleItem().Views.ShouldBe(1);
    }

    [Fact]
    public void A_timer_keeps_its_time_over_a_restart()
    {
        using var test = PipelineTest.Of(Visits.Define);
        test.Send(Visits.Topic, "u1", new PageView("u1", "/a"));
        test.Advance(TimeSpan.FromMinutes(20));
        test.Restart();
        test.Trace.ShouldContain("timer \"end\", due at 00:30:00");
        test.Advance(TimeSpan.FromMinutes(9.9));
        test.Expect<SessionEnded>("sessions");
        test.Advance(TimeSpan.FromMinutes(0.1));
        test.Expect("sessions", new SessionEnded("u1", 1));
    }

    [Fact]
    public void State_is_there_after_a_revoke_a_loss_and_a_crash_as_of_what_was_saved()
    {
        using var test = PipelineTest.Of(Visits.Define);
        test.Send(Visits.Topic, "u1", new PageView("u1", "/a"));
        test.Advance(TimeSpan.FromMinutes(1));
        foreach (var (change, times) in new[] { ((Action)test.Revoke, 1), (test.Lose, 2), (test.Crash, 3) })
        {
            change();
            test.State<Session>("u1").Views.ShouldBe(times);
            test.Send(Visits.Topic, "u1", new PageView("u1", "/a"));
            test.Advance(TimeSpan.FromMinutes(1));
        }

        test.Advance(Quiet);
        test.Expect("sessions", new SessionEnded("u1", 4));
    }

    [Fact]
    public void What_was_not_saved_at_a_crash_is_applied_again_once_and_its_outputs_may_repeat()
    {
        using var test = PipelineTest.Of(Telling);
        test.Send("in", "k", "a");
        test.Send("in", "k", "b");
        test.Send("in", "k", "c");
        test.Crash();
        test.State<Tally>("k").Count.ShouldBe(3, "each record is in the state once, whatever was saved");
        test.Send("in", "k", "d");
        test.Read<string>("out").Distinct().ShouldBe(["1", "2", "3", "4"]);
    }

    [Fact]
    public void A_record_that_waits_for_its_call_is_carried_over_a_crash_and_holds_back_no_commit()
    {
        var isAway = true;
        using var test = PipelineTest.Of(
            static pipeline => pipeline.From("in", Codec.Text)
                .MapAsync<Asking, string>(new() { Retry = Retry.On<IOException>(100, TimeSpan.FromSeconds(20)) })
                .To(Routes.ToTopic("out")),
            services => services.AddSingleton<Func<string, string>>(
                text => isAway && text == "late" ? throw new IOException("It is away.") : text));
        test.Send("in", "k1", "late");
        test.Send("in", "k2", "a");
        test.Send("in", "k1", "behind");
        test.Advance(TimeSpan.FromSeconds(10));
        test.Expect("out", "a");
        test.Crash();
        test.Send("in", "k3", "b");
        test.Expect("out", "b");
        isAway = false;
        test.Advance(TimeSpan.FromMinutes(1));
        test.Expect("out", "late", "behind");
        test.Crash();
        test.Advance(TimeSpan.FromMinutes(1));
        test.ReadRaw("out").ShouldBeEmpty("what is done is in the snapshot no more");
    }

    [Fact]
    public void A_window_its_counters_and_the_ids_of_dedup_are_carried_over_a_crash()
    {
        using var test = PipelineTest.Of(
            static pipeline => pipeline.From("in", Codec.Text).DedupById(static text => text, TimeSpan.FromHours(1))
                .Every(TimeSpan.FromMinutes(1)).Sample(2).To(Routes.ToTopic("out")));
        foreach (var text in (string[])["a", "b", "c"])
        {
            test.Send("in", "k", text);
        }

        test.Advance(TimeSpan.FromSeconds(10));
        test.Crash();
        test.Send("in", "k", "c");
        test.Send("in", "k", "d");
        test.Advance(TimeSpan.FromMinutes(1));
        test.Expect("out", "b", "d");
    }

    [Fact]
    public void Ids_live_on_for_the_rest_of_their_window_and_one_that_was_given_up_is_accepted()
    {
        using var test = PipelineTest.Of(
            static pipeline => pipeline.From("in", Codec.Text).DedupById(static text => text, TimeSpan.FromHours(1))
                .Entity<Teller, Tally, string>(new() { PassivateAfter = Timeout.InfiniteTimeSpan })
                .To(Routes.ToTopic("out"))).AllowFailures();
        test.Send("in", "k", "a");
        test.Send("in", "k", "throw");
        test.Advance(TimeSpan.FromMinutes(40));
        test.Restart();
        test.Send("in", "k", "a");
        test.Send("in", "k", "throw");
        test.DeadLetters.Count.ShouldBe(2, "its id was taken out again, before and after the restart");
        test.State<Tally>("k").Count.ShouldBe(1);
        test.Advance(TimeSpan.FromMinutes(21));
        test.Send("in", "k", "a");
        test.State<Tally>("k").Count.ShouldBe(2);
    }

    [Fact]
    public void An_entity_that_is_forgotten_stays_so_and_one_that_comes_again_is_new()
    {
        using var test = PipelineTest.Of(Visits.Define);
        test.Send(Visits.Topic, "u1", new PageView("u1", "/a"));
        test.Send(Visits.Topic, "u1", new PageView("u1", "/a"));
        test.Advance(Quiet);
        test.Expect("sessions", new SessionEnded("u1", 2));
        test.Advance(TimeSpan.FromMinutes(1));
        test.Crash();
        test.HasState<Session>("u1").ShouldBeFalse();
        test.Send(Visits.Topic, "u1", new PageView("u1", "/a"));
        test.Restart();
        test.State<Session>("u1").Views.ShouldBe(1);
    }

    [Fact]
    public void Without_a_store_a_restart_a_hand_over_and_a_crash_forget_and_the_trace_says_what()
    {
        using var test = PipelineTest.Of(Routes.Forgetting(Visits.Define));
        foreach (var (change, times) in new[] { ((Action)test.Restart, 1), (test.Revoke, 2), (test.Crash, 3) })
        {
            test.Send(Visits.Topic, "u1", new PageView("u1", "/a"));
            test.Advance(TimeSpan.FromSeconds(10));
            change();
            test.HasState<Session>("u1").ShouldBeFalse();
            test.Trace.Split($"{Visits.Topic}/0 forgot 1 entity and 1 timer\n").Length.ShouldBe(times + 1);
        }

        test.Advance(Quiet);
        test.Expect<SessionEnded>("sessions");
    }

    [Fact]
    public void The_ids_of_dedup_are_forgotten_too()
    {
        using var test = PipelineTest.Of(Routes.Forgetting(Routes.Dedup));
        test.Send("in", "k", "a");
        test.Send("in", "k", "b");
        test.Restart();
        test.Send("in", "k", "a");
        test.Expect("out", "a", "b", "a");
        test.Trace.ShouldContain("in/0 forgot 2 ids");
    }

    [Fact]
    public void What_is_kept_is_not_told_as_forgotten()
    {
        using var test = PipelineTest.Of(Visits.Define);
        test.Send(Visits.Topic, "u1", new PageView("u1", "/a"));
        test.Restart();
        test.Revoke();
        test.Crash();
        test.Trace.ShouldNotContain("forgot");
    }

    [Fact]
    public void An_entity_that_is_passivated_says_so_in_its_path()
    {
        using var test = PipelineTest.Of(Routes.Forgetting(static pipeline =>
        {
            pipeline.Limits = new() { EntitiesPerShard = 2 };
            pipeline.From("in", Codec.Text).SubKey(static text => text[..1])
                .Entity<Counting, Tally, string>().To(Routes.ToTopic("out"));
        }));
        test.Send("in", "k", "a");
        test.Send("in", "k", "b");
        test.Send("in", "k", "c");
        test.Trace.ShouldContain("in/0 k/a: passivated to make room; its state is forgotten");
        test.Advance(TimeSpan.FromMinutes(12));
        test.Trace.ShouldContain("in/0 k/b: passivated after 00:10:00 idle; its state is forgotten");
        test.HasState<Tally>("k", "b").ShouldBeFalse();
    }

    [Fact]
    public void A_kind_of_entity_has_its_own_time_to_be_idle_and_the_others_have_the_pipelines()
    {
        using var test = PipelineTest.Of(static pipeline =>
        {
            pipeline.Limits = new() { EntitiesPerShard = 2 };
            foreach (var (topic, after) in new[]
            {
                ("short", TimeSpan.FromMinutes(2)), ("plain", (TimeSpan?)null), ("kept", Timeout.InfiniteTimeSpan),
            })
            {
                pipeline.From(topic, Codec.Text)
                    .Entity<Counting, Tally, string>(new() { Name = topic, PassivateAfter = after })
                    .To(Routes.ToTopic("out"));
            }
        });
        foreach (var topic in new[] { "short", "plain", "kept" })
        {
            test.Send(topic, "k", "a");
        }

        test.Advance(TimeSpan.FromMinutes(3));
        test.Trace.ShouldContain("short/0 k: passivated after 00:02:00 idle");
        test.Trace.ShouldNotContain("plain/0 k: passivated");
        test.Advance(TimeSpan.FromMinutes(9));
        test.Trace.ShouldContain("plain/0 k: passivated after 00:10:00 idle");
        test.Advance(TimeSpan.FromDays(2_000));
        test.Trace.ShouldNotContain("kept/0 k: passivated");
        test.Send("kept", "l", "a");
        test.Send("kept", "m", "a");
        test.Trace.ShouldContain("kept/0 k: passivated to make room", customMessage: "the bound of a shard holds");
    }

    [Fact]
    public void Dedup_outlives_a_restart()
    {
        using var test = PipelineTest.Of(Routes.Dedup);
        test.Send("in", "k", "a");
        test.Restart();
        test.Send("in", "k", "a");
        test.Expect("out", "a");
    }

    [Fact]
    public void A_log_of_which_the_store_lacks_bytes_stops_its_shard_with_the_ways_out_until_it_is_back()
    {
        using var test = PipelineTest.Of(Routes.Dedup);
        test.Send("in", "k", "a");
        test.Advance(TimeSpan.FromMinutes(1));
        test.Around.Store.Before = static call => call.Operation == StoreOperation.ReadLog
            ? throw new SnapshotException("The snapshot of the shard is damaged: its log lacks bytes.")
            : default;
        Should.Throw<PipelineTestException>(test.Restart).Message.ShouldStartWith(
            "The shard in/0 stands still: The snapshot of the shard is damaged: its log lacks bytes. Its partitions "
            + "wait until somebody has decided: put back what streamactors state export, or a backup of the store, "
            + "has; or have its state built again, by streamactors reset, which deletes it and moves its offsets back; "
            + "or let it begin empty at its committed offset, with OnLostState Discard for one start.");
        test.AllowFailures();
        test.Around.Store.Before = null;
        test.Advance(TimeSpan.FromMinutes(1));
        test.Send("in", "k", "a");
        test.Send("in", "k", "b");
        test.Expect("out", "a", "b");
    }

    [Fact]
    public void The_state_of_an_entity_with_a_sub_key_is_found_by_both()
    {
        using var test = PipelineTest.Of(static pipeline => pipeline.From("in", Codec.Text)
            .SubKey(static text => text[..1]).Entity<Counting, Tally, string>().To(Routes.ToTopic("out")));
        test.Send("in", "k", "ax");
        test.Send("in", "k", "ay");
        test.Send("in", "k", "b");
        test.State<Tally>("k", "a").Count.ShouldBe(2);
        test.State<Tally>("k", "b").Count.ShouldBe(1);
        test.HasState<Tally>("k").ShouldBeFalse();
    }

    [Fact]
    public void An_entity_that_is_not_active_is_no_empty_one()
    {
        using var test = PipelineTest.Of(Visits.Define);
        test.Send(Visits.Topic, "u1", new PageView("u1", "/a"));
        test.Advance(Quiet);
        Should.Throw<PipelineTestException>(() => test.State<Session>("u1")).Message.ShouldStartWith(
            "No entity with a Session and the key u1 is active.");
    }

    [Fact]
    public void Two_kinds_of_entity_with_one_type_of_state_are_told_apart_by_an_error()
    {
        using var test = PipelineTest.Of(static pipeline =>
        {
            pipeline.From("in", Codec.Text).Entity<Counting, Tally, string>().To(Routes.ToTopic("out"));
            pipeline.From("other", Codec.Text)
                .Entity<Counting, Tally, string>(new EntityOptions<Tally> { Name = "Others" })
                .To(Routes.ToTopic("out"));
        });
        test.Send("in", "k", "a");
        test.State<Tally>("k").Count.ShouldBe(1);
        test.Send("other", "k", "a");
        Should.Throw<PipelineTestException>(() => test.State<Tally>("k")).Message.ShouldStartWith(
            "The entities Counting and Others have the key k and a Tally");
    }

    private static void Telling(PipelineBuilder pipeline) =>
        pipeline.From("in", Codec.Text).Entity<Teller, Tally, string>().To(Routes.ToTopic("out"));

    internal sealed class Counting : IEntity<string, Tally, string>
    {
        public void On(string record, ref Tally state, Turn<string> turn) => state.Count++;
    }

    /// <summary>Tells how many it has seen, and fails for a text that says so.</summary>
    internal sealed class Teller : IEntity<string, Tally, string>
    {
        public void On(string record, ref Tally state, Turn<string> turn)
        {
            state.Count++;
            turn.Emit($"{state.Count}");
            if (record == "throw")
            {
                throw new InvalidOperationException("The text wants it.");
            }
        }
    }

    internal sealed class Asking(Func<string, string> ask) : IAsyncMap<string, string>
    {
        public ValueTask<string?> MapAsync(string value, Call call, CancellationToken stop) => new(ask(value));
    }
}
