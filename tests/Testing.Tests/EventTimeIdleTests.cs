using StreamActors.Limits;

namespace StreamActors.Testing.Tests;

/// <summary>Event time while no record comes, on the real engine: an idle topic is one of five minutes.</summary>
public sealed class EventTimeIdleTests
{
    private static readonly DateTimeOffset Start = new VirtualTime().GetUtcNow();

    [Fact]
    public void A_timer_of_a_quiet_partition_is_due_when_its_time_is_as_long_ago()
    {
        using var test = PipelineTest.Of(Quiet);
        Send(test, "a", "ann", 0);
        test.Advance(TimeSpan.FromMinutes(35) - TimeSpan.FromMilliseconds(1));
        test.Expect("out", "ann 0");
        test.Advance(TimeSpan.FromMilliseconds(1));
        test.Expect("out", "ann ends at 30");
    }

    [Fact]
    public void One_that_is_not_quiet_waits_for_its_records()
    {
        using var test = PipelineTest.Of(Quiet);
        Send(test, "a", "ann", 0);
        for (var minute = 4; minute < 60; minute += 4)
        {
            test.Advance(TimeSpan.FromMinutes(4));
            Send(test, "a", "bob", 1);
        }

        test.Read<string>("out").ShouldNotContain("ann ends at 30");
        test.Advance(TimeSpan.FromMinutes(5));
        test.Read<string>("out").ShouldBe(["ann ends at 30", "bob ends at 31"]);
    }

    [Fact]
    public void Unless_it_is_set_nothing_goes_on_without_a_record()
    {
        using var test = PipelineTest.Of(Define);
        Send(test, "a", "ann", 0);
        test.Advance(TimeSpan.FromDays(1));
        test.Expect("out", "ann 0");
    }

    [Fact]
    public void A_quiet_topic_does_not_hold_back_the_other_one()
    {
        using var test = PipelineTest.Of(static pipeline =>
        {
            Quiet(pipeline);
            pipeline.From("b", Json.Of<int>()).Entity<Ending, Tally, string>();
        });
        test.Advance(TimeSpan.FromMinutes(40));
        Send(test, "a", "ann", 0);
        Send(test, "a", "bob", 31);
        test.Expect("out", "ann 0", "ann ends at 30", "bob 31");
    }

    [Fact]
    public void Records_that_wait_for_room_are_not_overtaken()
    {
        using var test = PipelineTest.Of(static pipeline =>
        {
            pipeline.Limits = new PipelineLimits { OutboxRecords = 1 };
            Quiet(pipeline);
        });
        Send(test, "a", "ann", 0);
        test.HoldAcks("kafka");
        Send(test, "a", "bob", 1);
        Send(test, "a", "cat", 2);
        Send(test, "a", "ann", 3);
        test.Advance(TimeSpan.FromHours(2));
        test.ReleaseAcks("kafka");
        test.Read<string>("out").ShouldBe(["ann 0", "bob 1", "cat 2", "ann 3"]);
        test.Advance(TimeSpan.FromMinutes(5));
        test.Read<string>("out").ShouldBe(["bob ends at 31", "cat ends at 32", "ann ends at 33"]);
    }

    [Fact]
    public void It_never_goes_back_and_a_late_record_sees_that_it_is_late()
    {
        using var test = PipelineTest.Of(Quiet);
        Send(test, "a", "ann", 0);
        test.Advance(TimeSpan.FromMinutes(60));
        test.Restart();
        Send(test, "a", "ann", 10);
        test.Read<string>("out").ShouldBe(["ann 0", "ann ends at 30", "ann 10, late"]);
    }

    private static void Send(PipelineTest test, string topic, string key, int minute) =>
        test.Send(topic, key, minute, new SendOptions { Timestamp = Start.AddMinutes(minute) });

    private static void Quiet(PipelineBuilder pipeline)
    {
        pipeline.Timing = new PipelineTiming { EventTimeIdleAfter = TimeSpan.FromMinutes(5) };
        Define(pipeline);
    }

    private static void Define(PipelineBuilder pipeline) => pipeline
        .From("a", Json.Of<int>()).Entity<Ending, Tally, string>().To(Routes.ToTopic("out"));

    private sealed class Ending : IEntity<int, Tally, string>
    {
        public void On(int record, ref Tally state, Turn<string> turn)
        {
            var isLate = turn.EventTime.AddMinutes(20) < turn.Watermark;
            turn.Emit($"{turn.Key} {(turn.EventTime - Start).TotalMinutes}{(isLate ? ", late" : "")}");
            turn.EventTimer("end", turn.EventTime.AddMinutes(30));
        }

        public void OnTimer(string name, ref Tally state, Turn<string> turn) =>
            turn.Emit($"{turn.Key} ends at {(turn.EventTime - Start).TotalMinutes}");
    }
}
