namespace StreamActors.Testing.Tests;

public sealed class SinkTests
{
    [Fact]
    public void A_sink_that_fails_a_few_times_has_everything_as_time_passes()
    {
        using var test = PipelineTest.Of(Routes.Echo);
        test.FailSink("kafka", times: 3);
        test.Send("in", "k", "a");
        test.Send("in", "k", "b");
        test.Written("out").ShouldBeEmpty();
        test.Advance(TimeSpan.FromSeconds(2));
        test.Expect("out", "a", "b");
    }

    [Fact]
    public void A_sink_that_fails_takes_nothing_until_it_is_healed_and_the_trace_says_who_it_is()
    {
        using var test = PipelineTest.Of(Routes.Echo);
        test.FailSink("kafka");
        test.Send("in", "k", "a");
        test.Advance(TimeSpan.FromHours(1));
        test.Written("out").ShouldBeEmpty();
        test.Trace.ShouldContain("waits: kafka fails, because the test said so: HealSink(\"kafka\") ends it.");
        test.HealSink("kafka");
        test.Advance(TimeSpan.FromSeconds(2));
        test.Expect("out", "a");
    }

    [Fact]
    public void A_drain_that_a_failing_sink_holds_up_is_cut_and_its_records_come_again()
    {
        using var test = PipelineTest.Of(Routes.Echo);
        test.FailSink("kafka");
        test.Send("in", "k", "a");
        test.Restart();
        test.Trace.ShouldContain("stopped; 1 not done");
        test.HealSink("kafka");
        test.Advance(TimeSpan.FromSeconds(2));
        test.Expect("out", "a");
    }

    [Fact]
    public void Dead_letters_wait_for_their_topic_too()
    {
        using var test = PipelineTest.Of(Visits.Define);
        test.FailSink("kafka");
        test.SendBad(Visits.Topic, "u1", "{");
        test.DeadLetters.ShouldBeEmpty();
        test.HealSink("kafka");
        test.Advance(TimeSpan.FromSeconds(2));
        test.DeadLetters.Count.ShouldBe(1);
    }

    [Fact]
    public void An_output_whose_acknowledgement_is_held_back_is_there_and_comes_again_after_a_crash()
    {
        using var test = PipelineTest.Of(Routes.Echo);
        test.HoldAcks("kafka");
        test.Send("in", "k", "a");
        test.Expect("out", "a");
        test.Trace.ShouldContain("ReleaseAcks(\"kafka\") ends it");
        test.Crash();
        test.Expect("out", "a");
        test.ReleaseAcks("kafka");
        test.Crash();
        test.Expect<string>("out");
    }

    [Fact]
    public void Behind_an_acknowledgement_that_is_held_back_the_next_outputs_wait()
    {
        using var test = PipelineTest.Of(Routes.Echo);
        test.HoldAcks("kafka");
        test.Send("in", "k", "a");
        test.Send("in", "k", "b");
        test.Expect("out", "a");
        test.ReleaseAcks("kafka");
        test.Expect("out", "b");
    }

    [Fact]
    public void A_sink_that_the_pipeline_does_not_have_is_named_with_those_that_it_has()
    {
        using var test = PipelineTest.Of(Routes.Latest);
        Should.Throw<PipelineTestException>(() => test.FailSink("kafka")).Message.ShouldBe(
            "The pipeline has no sink kafka. It has redis.");
        Should.Throw<PipelineTestException>(() => test.HoldAcks("kafka"));
        Should.Throw<PipelineTestException>(() => test.ReleaseAcks("kafka"));
    }
}
