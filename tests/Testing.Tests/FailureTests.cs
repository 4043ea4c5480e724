using Microsoft.Extensions.DependencyInjection;

namespace StreamActors.Testing.Tests;

public sealed class FailureTests
{
    [Fact]
    public void A_handler_that_throws_ends_the_call_that_caused_it_with_its_exception_inside()
    {
        using var test = PipelineTest.Of(Visits.Define);
        test.Send(Visits.Topic, "u1", new PageView("u1", "/a"));
        var error = Should.Throw<PipelineTestException>(
            () => test.Send(Visits.Topic, "u1", new PageView("u1", "/throws")));
        error.Message.ShouldStartWith(
            $"User code failed on {Visits.Topic}/0@1 (key u1): InvalidOperationException: The page is broken.");
        error.Message.ShouldContain("AllowFailures()");
        error.Message.ShouldContain("dead letter → visits-dlq");
        error.InnerException.ShouldBeOfType<InvalidOperationException>();
    }

    [Fact]
    public void A_failure_is_told_once_and_every_one_is()
    {
        using var test = PipelineTest.Of(Routes.Fragile);
        Should.Throw<PipelineTestException>(() => test.Send("in", "k", "bad"));
        test.Send("in", "k", "good");
        Should.Throw<PipelineTestException>(() => test.SendAll("in", [("k", "bad"), ("k", "bad")]))
            .Message.ShouldContain("(and 1 more)");
        test.Failures.Count.ShouldBe(3);
    }

    [Fact]
    public void A_test_about_failures_allows_them_and_looks_at_the_dead_letters()
    {
        using var test = PipelineTest.Of(Routes.Fragile).AllowFailures();
        test.Send("in", "k", "bad", new SendOptions { Headers = [("trace", "7")] });
        var letter = test.DeadLetters.ShouldHaveSingleItem();
        (letter.ErrorType, letter.ErrorMessage).ShouldBe(("InvalidOperationException", "The text is bad."));
        letter.Headers.ShouldBe([("trace", "7")]);
        letter.Text.ShouldBe("bad");
        test.Failures.ShouldHaveSingleItem().Record.ShouldBe(letter.Source);
    }

    [Fact]
    public void Bytes_that_the_codec_refuses_fail_the_test_unless_they_were_sent_as_bad()
    {
        using var test = PipelineTest.Of(Visits.Define);
        test.SendBad(Visits.Topic, "u1", "{");
        Should.Throw<PipelineTestException>(() => test.Send(Visits.Topic, "u1", "{"))
            .Message.ShouldStartWith($"The record {Visits.Topic}/0@1 (key u1) was refused: ");
        test.DeadLetters.Count.ShouldBe(2);
        test.Failures.Count.ShouldBe(1);
    }

    [Fact]
    public void Bytes_sent_as_bad_that_the_codec_accepts_fail_the_test()
    {
        using var test = PipelineTest.Of(Routes.Echo);
        Should.Throw<PipelineTestException>(() => test.SendBad("in", "k", "good")).Message.ShouldBe(
            "The codec and the Require steps of in accept these bytes: good. Use Send for them.");
        test.Written("out").ShouldBeEmpty();
    }

    [Fact]
    public void A_value_that_a_Require_refuses_is_sent_as_bad_and_one_that_a_Where_leaves_out_is_not_bad()
    {
        using var test = PipelineTest.Of(static pipeline => pipeline.From("in", Codec.Text)
            .Where(static value => value != "left out")
            .Require(static value => value != "bad", "value", "is bad")
            .Map(static value => value == "odd" ? throw new FormatException("It is odd.") : value)
            .To(Routes.ToTopic("out")));

        test.SendBad("in", "k", "bad");

        test.DeadLetters.ShouldHaveSingleItem().ErrorMessage.ShouldBe("value is bad");
        Should.Throw<PipelineTestException>(() => test.SendBad("in", "k", "left out"))
            .Message.ShouldContain("accept these bytes: left out.");
        Should.Throw<PipelineTestException>(() => test.SendBad("in", "k", "odd"))
            .Message.ShouldContain("throws FormatException: It is odd.) these bytes: odd.");
    }

    [Fact]
    public void What_a_route_without_a_topic_for_dead_letters_drops_is_seen_too()
    {
        using var test = PipelineTest.Of(Routes.Echo);
        test.SendBad("in", "k", [0xFF]);
        var letter = test.DeadLetters.ShouldHaveSingleItem();
        letter.Topic.ShouldBeNull();
        (letter.Key, letter.ErrorType, letter.ErrorMessage).ShouldBe(("k", "validation_error", "is not valid UTF-8"));
        letter.Value.ShouldBe([0xFF]);
        test.Path("in", "k").ShouldContain("dropped: its route has no topic for dead letters");
    }

    [Fact]
    public void A_timer_that_throws_ends_the_advance_that_fired_it()
    {
        using var test = PipelineTest.Of(static pipeline =>
            pipeline.From("in", Codec.Text).Entity<BrokenTimer, Tally, string>().To(Routes.ToTopic("out")));
        test.Send("in", "k", "x");
        var error = Should.Throw<PipelineTestException>(() => test.Advance(TimeSpan.FromMinutes(1)));
        error.Message.ShouldContain("The timer \"late\" of the route in failed");
        error.InnerException!.Message.ShouldBe("The timer is broken.");
    }

    [Fact]
    public void A_handler_that_cannot_be_made_says_what_is_missing()
    {
        using var test = PipelineTest.Of(static pipeline =>
            pipeline.From("in", Codec.Text).Entity<NeedsClient, Tally, string>().To(Routes.ToTopic("out")));
        Should.Throw<PipelineTestException>(() => test.Send("in", "k", "x")).Message.ShouldContain(nameof(IClient));
    }

    [Fact]
    public void A_shard_that_fails_starts_again_as_time_passes()
    {
        var attempts = 0;
        using var test = PipelineTest.Of(pipeline => pipeline.From("in", Codec.Text)
            .Entity<NeedsClient, Tally, string>(scope => ++attempts < 3
                ? throw new InvalidOperationException("Not yet.")
                : new NeedsClient(new Client()))
            .To(Routes.ToTopic("out"))).AllowFailures();
        test.Send("in", "k", "x");
        test.Read<string>("out").ShouldBeEmpty();
        test.Advance(TimeSpan.FromMinutes(1));
        test.Expect("out", "x by the client");
        attempts.ShouldBe(3);
    }

    [Fact]
    public void A_pipeline_that_stopped_for_good_says_so_even_where_failures_are_allowed()
    {
        using var test = PipelineTest.Of(static pipeline => pipeline.From("in", Codec.Text)
            .Entity<NeedsClient, Tally, string>(static _ => throw new InvalidOperationException("Never."))
            .To(Routes.ToTopic("out"))).AllowFailures();
        Should.Throw<PipelineTestException>(() => test.Advance(TimeSpan.FromMinutes(10)))
            .Message.ShouldStartWith("The pipeline has stopped. The shard in/0 failed 11 times");
    }

    [Fact]
    public void A_route_that_reads_what_it_writes_is_found_out()
    {
        using var test = PipelineTest.Of(Routes.Circle);
        Should.Throw<PipelineTestException>(() => test.Send("in", "k", "x"))
            .Message.ShouldContain("Does a route write to a topic that it reads?");
    }

    [Fact]
    public void What_user_code_asks_for_comes_from_the_services_of_the_test()
    {
        using var test = PipelineTest.Of(
            static pipeline =>
                pipeline.From("in", Codec.Text).Entity<NeedsClient, Tally, string>().To(Routes.ToTopic("out")),
            static services => services.AddSingleton<IClient, Client>());
        test.Send("in", "k", "x");
        test.Expect("out", "x by the client");
    }

    internal interface IClient
    {
        string Name { get; }
    }

    internal sealed class Client : IClient
    {
        public string Name => "the client";
    }

    internal sealed class NeedsClient(IClient client) : IEntity<string, Tally, string>
    {
        public void On(string record, ref Tally state, Turn<string> turn) => turn.Emit($"{record} by {client.Name}");
    }

    internal sealed class BrokenTimer : IEntity<string, Tally, string>
    {
        public void On(string record, ref Tally state, Turn<string> turn) =>
            turn.Timer("late", turn.Now.AddSeconds(30));

        public void OnTimer(string name, ref Tally state, Turn<string> turn) =>
            throw new InvalidOperationException("The timer is broken.");
    }
}
