namespace StreamActors.Testing.Tests;

public sealed class SendAndReadTests
{
    [Fact]
    public void A_value_is_written_by_its_route_s_codec_and_read_by_its_target_s()
    {
        using var test = PipelineTest.Of(Visits.Define);
        test.Send(Visits.Topic, "u1", new PageView("u1", "/a"));
        test.Send(Visits.Topic, "u1", """{"user":"u1","url":"/b"}""");
        test.Advance(TimeSpan.FromMinutes(31));
        test.Read<SessionEnded>("sessions").ShouldBe([new SessionEnded("u1", 2)]);
    }

    [Fact]
    public void A_read_returns_what_came_since_the_last_one()
    {
        using var test = PipelineTest.Of(Routes.Echo);
        test.Send("in", "k", "a");
        test.Read<string>("out").ShouldBe(["a"]);
        test.Read<string>("out").ShouldBeEmpty();
        test.Send("in", "k", "b");
        test.ReadRaw("out").ShouldHaveSingleItem().Text.ShouldBe("b");
        test.Written("out").Select(static each => each.Text).ShouldBe(["a", "b"]);
    }

    [Fact]
    public void Key_headers_time_and_a_tombstone_reach_the_pipeline_as_the_test_says()
    {
        using var test = PipelineTest.Of(static pipeline =>
            pipeline.From("in", Codec.Text).Where(static _ => false).To(Routes.ToTopic("out")));
        test.Send("in", null, (byte[]?)null, new SendOptions { Headers = [("id", "1"), ("empty", null)] });
        test.Send("in", "", "x"u8);
        test.Path("in", null).ShouldContain("in/0@0 (no key): no output");
        test.Path("in", "").ShouldContain("in/0@1 : no output");
    }

    [Fact]
    public void A_dead_letter_keeps_the_headers_and_the_bytes_that_were_sent()
    {
        using var test = PipelineTest.Of(Visits.Define);
        var bad = new byte[] { 0xFF, 0x00 };
        test.SendBad(Visits.Topic, "u1", bad);
        var letter = test.DeadLetters.ShouldHaveSingleItem();
        (letter.Key, letter.Topic, letter.ErrorType, letter.Attempts)
            .ShouldBe(("u1", "visits-dlq", "validation_error", 1));
        letter.Value.ShouldBe(bad);
        letter.Source.ToString().ShouldBe($"{Visits.Topic}/0@0");
        letter.Headers.ShouldBeEmpty();
        test.ReadRaw("visits-dlq").ShouldHaveSingleItem().Header("source_offset").ShouldBe("0");
    }

    [Fact]
    public void A_record_that_a_route_writes_to_a_topic_is_read_by_the_route_of_that_topic()
    {
        using var test = PipelineTest.Of(Routes.Chain);
        test.Send("first", "k", "to be");
        test.Expect("second", "to be");
        test.Expect("third", "to", "be");
        test.ReadRaw("third").ShouldBeEmpty();
        test.Written("third")[0].Key.ShouldBe("k");
    }

    [Fact]
    public void Keys_are_spread_over_the_partitions_that_a_topic_has_and_a_key_stays_in_its_own()
    {
        using var test = PipelineTest.Of(Routes.Echo).Partitions("in", 4);
        for (var number = 0; number < 40; number++)
        {
            test.Send("in", $"k{number % 20}", "x");
        }

        test.Send("in", "k0", "y", new SendOptions { Partition = 3 });
        var partitions = Enumerable.Range(0, 20).Select(number => PartitionsOf(test.Path("in", $"k{number}"))).ToList();
        partitions.Skip(1).ShouldAllBe(static each => each.Count == 1);
        partitions.SelectMany(static each => each).Distinct().Count().ShouldBe(4);
        test.Trace.ShouldContain("in/3@");
    }

    [Fact]
    public void A_topic_may_get_more_partitions_while_it_is_read_and_never_fewer()
    {
        using var test = PipelineTest.Of(Routes.Echo);
        test.Send("in", "k", "a");
        test.Partitions("in", 2).Send("in", "k", "b", new SendOptions { Partition = 1 });
        test.Expect("out", "a", "b");
        Should.Throw<ArgumentOutOfRangeException>(() => test.Partitions("in", 1))
            .Message.ShouldContain("The topic in has 2 partitions");
        Should.Throw<ArgumentOutOfRangeException>(
            () => test.Send("in", "k", "c", new SendOptions { Partition = 2 }));
    }

    [Fact]
    public void Records_that_are_sent_together_are_there_before_the_first_is_read()
    {
        using var test = PipelineTest.Of(Routes.Latest);
        test.SendAll("in", [("k", "x1"), ("k", "x2"), ("l", "y1")]);
        test.Advance(Routes.Window);
        test.Expect("channel-x", "x2");
        test.Expect("channel-y", "y1");
    }

    [Fact]
    public void A_topic_that_no_route_reads_is_named_with_those_that_are_read()
    {
        using var test = PipelineTest.Of(Routes.Chain);
        Should.Throw<PipelineTestException>(() => test.Send("frist", "k", "x")).Message.ShouldBe(
            "No route of the pipeline reads the topic frist. Its routes read first, second.");
        Should.Throw<PipelineTestException>(() => test.SendBad("frist", "k", "x"));
    }

    [Fact]
    public void A_destination_that_no_target_can_have_is_named_with_those_that_are()
    {
        using var test = PipelineTest.Of(Visits.Define);
        const string Said = "No target of the pipeline writes to session. Its targets write to sessions, visits-dlq.";
        Should.Throw<PipelineTestException>(() => test.Expect<SessionEnded>("session")).Message.ShouldBe(Said);
        Should.Throw<PipelineTestException>(() => test.Read<SessionEnded>("session")).Message.ShouldBe(Said);
        Should.Throw<PipelineTestException>(() => test.ReadRaw("session")).Message.ShouldBe(Said);
        Should.Throw<PipelineTestException>(() => test.Written("session")).Message.ShouldBe(Said);
        test.ReadRaw("visits-dlq").ShouldBeEmpty();
    }

    [Fact]
    public void A_fixed_destination_stays_known_whatever_else_a_target_is_told()
    {
        using var test = PipelineTest.Of(static pipeline => pipeline.From("in", Codec.Text).To(
            Routes.ToTopic("out").Keyed(static _ => "k").Header("h", static _ => "v").When(static _ => true)));
        Should.Throw<PipelineTestException>(() => test.ReadRaw("otu"))
            .Message.ShouldContain("Its targets write to out.");
    }

    [Fact]
    public void A_target_that_chooses_by_value_may_write_anywhere()
    {
        using var test = PipelineTest.Of(Routes.Latest);
        test.Expect<string>("channel-z");
    }

    [Fact]
    public void A_value_of_another_type_than_the_route_s_is_refused_by_name()
    {
        using var test = PipelineTest.Of(Visits.Define);
        Should.Throw<PipelineTestException>(() => test.Send(Visits.Topic, "u1", new SessionEnded("u1", 1)))
            .Message.ShouldBe($"The topic {Visits.Topic} has values of the type PageView, and not SessionEnded. "
                + "Send one of those, or its bytes.");
    }

    [Fact]
    public void A_type_that_no_target_writes_is_refused_with_those_that_are_written()
    {
        using var test = PipelineTest.Of(Visits.Define);
        Should.Throw<PipelineTestException>(() => test.Read<PageView>("sessions")).Message.ShouldContain(
            "No target of the pipeline writes values of the type PageView");
    }

    [Fact]
    public void Bytes_that_are_not_the_value_asked_for_are_shown()
    {
        using var test = PipelineTest.Of(static pipeline =>
        {
            pipeline.From("in", Codec.Text).To(Routes.ToTopic("out"));
            pipeline.From("views", Json.Of<PageView>()).To(
                new Sinks.Target<PageView>("kafka", "others", Json.Of<PageView>()));
        });
        test.Send("in", "k", "no JSON");
        Should.Throw<PipelineTestException>(() => test.Read<PageView>("out")).Message.ShouldContain("no JSON");
    }

    [Fact]
    public void What_is_wrong_with_a_composition_is_said_where_the_test_is_made() =>
        Should.Throw<PipelineException>(() => PipelineTest.Of(static pipeline => pipeline.From("in", Codec.Text)))
            .Message.ShouldContain("leads nowhere");

    [Fact]
    public void A_test_that_was_disposed_of_says_so()
    {
        var test = PipelineTest.Of(Routes.Echo);
        test.Dispose();
        test.Dispose();
        Should.Throw<ObjectDisposedException>(() => test.Send("in", "k", "x"));
    }

    private static HashSet<string> PartitionsOf(string path) =>
        [
            .. path.Split('\n').Where(static line => line.Contains("in/"))
                .Select(static line => line.Split("in/")[1][..1]),
        ];
}
