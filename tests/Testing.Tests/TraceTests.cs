using StreamActors.Sinks;

namespace StreamActors.Testing.Tests;

public sealed class TraceTests
{
    [Fact]
    public void An_expectation_that_fails_says_what_came_what_waits_and_what_became_of_the_records()
    {
        using var test = PipelineTest.Of(Visits.Define);
        test.Send(Visits.Topic, "u1", new PageView("u1", "/a"));
        test.Advance(TimeSpan.FromMinutes(10));
        var message = Should.Throw<PipelineTestException>(
            () => test.Expect("sessions", new SessionEnded("u1", 1))).Message;
        message.ShouldBe(
            $$"""
            sessions: expected 1 SessionEnded, got 0.
            expected: {"user":"u1","views":1}
            got:      nothing
            waits: {{Visits.Topic}} u1: timer "end", due at 00:30:00; now is 00:10:00: Advance further
            00:00:00     assigned: {{Visits.Topic}}/0@0
            00:00:00     {{Visits.Topic}}/0@0 u1: no output; timer "end" set for 00:30:00

            """);
    }

    [Fact]
    public void An_expectation_of_as_many_values_as_came_says_that_they_differ()
    {
        using var test = PipelineTest.Of(Routes.Echo);
        test.Send("in", "k", "a");
        Should.Throw<PipelineTestException>(() => test.Expect("out", "b")).Message.ShouldStartWith(
            "out: the String differs.\nexpected: b\ngot:      a\n");
        test.Send("in", "k", "a");
        test.Send("in", "k", "b");
        Should.Throw<PipelineTestException>(() => test.Expect("out", "b", "a")).Message.ShouldStartWith(
            "out: the 2 String differ.\n");
    }

    [Fact]
    public void Values_with_lists_are_compared_by_what_they_hold_and_shown_as_the_topic_has_them()
    {
        using var test = PipelineTest.Of(static pipeline => pipeline.From("in", Json.Of<Order>())
            .To(new Target<Order>("kafka", "out", Json.Of<Order>())));
        test.Send("in", "k", new Order("1", ["a", "b"]));
        test.Expect("out", new Order("1", ["a", "b"]));

        test.Send("in", "k", new Order("1", ["a", "b"]));
        Should.Throw<PipelineTestException>(() => test.Expect("out", new Order("1", ["b", "a"])))
            .Message.ShouldStartWith(
                """
                out: the Order differs.
                expected: {"id":"1","items":["b","a"]}
                got:      {"id":"1","items":["a","b"]}

                """);
    }

    [Fact]
    public void A_failure_shows_the_records_of_its_key_first_and_says_what_it_leaves_out()
    {
        using var test = PipelineTest.Of(Routes.Echo);
        test.Send("in", "ann", "first");
        test.SendAll("in", Enumerable.Range(0, 100).Select(static i => ("others", $"{i}")));
        test.ReadRaw("out");
        test.Send("in", "ann", "last");

        var lines = Should.Throw<PipelineTestException>(() => test.Expect("out", "another")).Message.Split('\n');

        var mine = Array.IndexOf(lines, "of ann:");
        lines[mine + 1].ShouldContain("in/0@0 ann: ");
        lines[mine + 2].ShouldContain("in/0@101 ann: ");
        lines[mine + 3].ShouldBe("of all:");
        lines[mine + 4].ShouldBe("… 63 lines before these: see Trace");
        lines[^2].ShouldContain("in/0@101 ann: ");
    }

    [Fact]
    public void An_expectation_that_holds_has_read_what_it_compared()
    {
        using var test = PipelineTest.Of(Routes.Echo);
        test.Send("in", "k", "a");
        test.Expect("out", "a");
        test.Expect<string>("out");
        Should.Throw<PipelineTestException>(() => test.Expect("out", "a")).Message.ShouldContain(
            "Nothing waits: time alone brings no output.");
    }

    [Fact]
    public void The_path_of_a_record_is_of_its_key_alone()
    {
        using var test = PipelineTest.Of(Visits.Define);
        test.Send(Visits.Topic, "u1", new PageView("u1", "/a"));
        test.Send(Visits.Topic, "u2", new PageView("u2", "/a"));
        test.Advance(TimeSpan.FromMinutes(30));
        test.Path(Visits.Topic, "u2").ShouldBe(
            $"""
            00:00:00     {Visits.Topic}/0@1 u2: no output; timer "end" set for 00:30:00
            00:30:00     {Visits.Topic}/0 u2: timer "end" fired; forgotten
            00:30:00     {Visits.Topic}/0 u2: → sessions (kafka)
            Nothing waits: time alone brings no output.

            """);
    }

    [Fact]
    public void An_output_with_a_key_of_its_own_stands_in_the_path_of_the_record_that_caused_it()
    {
        using var test = PipelineTest.Of(static pipeline =>
        {
            pipeline.From(Visits.Topic, Json.Of<PageView>()).Entity<Visits, Session, SessionEnded>()
                .To(new Sinks.Target<SessionEnded>("kafka", "sessions", Json.Of<SessionEnded>())
                    .Keyed(static _ => "other"));
            pipeline.From("in", Codec.Text).Every(Routes.Window).Latest()
                .To(Routes.ToTopic("out").Keyed(static _ => "other"));
        });
        test.Send(Visits.Topic, "u1", new PageView("u1", "/a"));
        test.Send(Visits.Topic, "u2", new PageView("u2", "/a"));
        test.Send("in", "k", "x");
        test.Advance(TimeSpan.FromMinutes(30));
        test.Written("out").ShouldHaveSingleItem().Key.ShouldBe("other");
        test.Path("in", "k").ShouldContain("in/0@0 k: → out (kafka)");
        test.Path(Visits.Topic, "u1").ShouldContain("u1: → sessions (kafka)");
        test.Path(Visits.Topic, "u2").ShouldContain("u2: → sessions (kafka)");
    }

    [Fact]
    public void A_window_says_what_it_holds_what_it_merged_and_what_it_let_go()
    {
        using var test = PipelineTest.Of(Routes.Latest);
        test.Send("in", "k", "a1");
        test.Send("in", "k", "a2");
        test.Trace.ShouldContain("in/0@0 k: held for later");
        test.Trace.ShouldContain("in/0@1 k: merged: its window emits one record for several");
        test.Trace.ShouldContain("waits: in k: held in a window of 00:00:01, due at ");
        test.Advance(Routes.Window);
        test.Path("in", "k").ShouldContain("in/0@1 k: → channel-a (redis)");
    }

    [Fact]
    public void A_failure_stands_in_the_path_with_its_reason()
    {
        using var test = PipelineTest.Of(Routes.Fragile).AllowFailures();
        test.Send("in", "k", "bad");
        test.Path("in", "k").ShouldStartWith(
            """
            00:00:00     in/0@0 k: failed: InvalidOperationException: The text is bad.
            00:00:00     in/0@0 k: dead letter → dlq
            """);
    }

    [Fact]
    public void The_trace_says_when_the_process_changed()
    {
        using var test = PipelineTest.Of(Routes.Echo);
        test.Send("in", "k", "a");
        test.Restart();
        test.Trace.ShouldContain("the process is stopped, and another started");
        test.Trace.ShouldContain("assigned: in/0@1");
    }

    private sealed record Order(string Id, IReadOnlyList<string> Items);
}
