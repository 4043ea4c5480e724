namespace StreamActors.Testing.Tests;

public sealed class StateTests
{
    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(31);
    private static readonly PipelineTestOptions Keeping = new() { KeepsState = true };

    [Fact]
    public void A_session_outlives_a_restart_with_its_timer()
    {
        using var test = PipelineTest.Of(Visits.Define, options: Keeping);
        test.Send(Visits.Topic, "u1", new PageView("u1", "/a"));
        test.Restart();
        test.Advance(Quiet);
        test.Read<SessionEnded>("sessions").ShouldHaveSingleItem().Views.ShouldBe(1);
    }

    [Fact]
    public void A_timer_keeps_its_time_over_a_restart()
    {
        using var test = PipelineTest.Of(Visits.Define, options: Keeping);
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
    public void State_is_handed_over_at_a_revoke_and_not_at_a_loss_or_a_crash()
    {
        using var test = PipelineTest.Of(Visits.Define, options: Keeping);
        test.Send(Visits.Topic, "u1", new PageView("u1", "/a"));
        test.Advance(TimeSpan.FromMinutes(1));
        test.Revoke();
        test.State<Session>("u1").Views.ShouldBe(1);
        test.Lose();
        test.HasState<Session>("u1").ShouldBeFalse();
        test.Send(Visits.Topic, "u1", new PageView("u1", "/a"));
        test.Restart();
        test.HasState<Session>("u1").ShouldBeTrue();
        test.Crash();
        test.HasState<Session>("u1").ShouldBeFalse();
    }

    [Fact]
    public void A_shard_that_starts_again_after_a_crash_does_not_find_what_an_older_one_saved()
    {
        using var test = PipelineTest.Of(Visits.Define, options: Keeping);
        test.Send(Visits.Topic, "u1", new PageView("u1", "/a"));
        test.Restart();
        test.Crash();
        test.Crash();
        test.HasState<Session>("u1").ShouldBeFalse();
    }

    [Fact]
    public void Unless_told_otherwise_a_restart_a_hand_over_and_a_crash_forget_and_the_trace_says_what()
    {
        using var test = PipelineTest.Of(Visits.Define);
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
        using var test = PipelineTest.Of(Routes.Dedup);
        test.Send("in", "k", "a");
        test.Send("in", "k", "b");
        test.Restart();
        test.Send("in", "k", "a");
        test.Expect("out", "a", "b", "a");
        test.Trace.ShouldContain("in/0 forgot 2 ids");
    }

    [Fact]
    public void What_is_handed_over_is_not_told_as_forgotten_and_what_a_crash_loses_is()
    {
        using var test = PipelineTest.Of(Visits.Define, options: Keeping);
        test.Send(Visits.Topic, "u1", new PageView("u1", "/a"));
        test.Restart();
        test.Revoke();
        test.Trace.ShouldNotContain("forgot");
        test.Crash();
        test.Trace.ShouldContain($"{Visits.Topic}/0 forgot 1 entity and 1 timer");
    }

    [Fact]
    public void An_entity_that_is_passivated_says_so_in_its_path()
    {
        using var test = PipelineTest.Of(static pipeline =>
        {
            pipeline.Limits = new() { EntitiesPerShard = 2 };
            pipeline.From("in", Codec.Text).SubKey(static text => text[..1])
                .Entity<Counting, Tally, string>().To(Routes.ToTopic("out"));
        });
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
        using var test = PipelineTest.Of(Routes.Dedup, options: Keeping);
        test.Send("in", "k", "a");
        test.Restart();
        test.Send("in", "k", "a");
        test.Expect("out", "a");
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

    internal sealed class Counting : IEntity<string, Tally, string>
    {
        public void On(string record, ref Tally state, Turn<string> turn) => state.Count++;
    }
}
