namespace StreamActors.Testing.Tests;

/// <summary>Timers by the records' own time, on the real engine.</summary>
public sealed class EventTimerTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch.AddDays(1);

    [Fact]
    public void A_timer_is_due_before_the_record_that_reaches_its_time_and_never_by_the_clock()
    {
        using var test = PipelineTest.Of(OneTopic);
        Send(test, "a", "ann", 0);
        Send(test, "a", "ann", 10);
        test.Advance(TimeSpan.FromDays(2));
        test.Expect("out", "ann 0", "ann 10");
        Send(test, "a", "bob", 39);
        test.Expect("out", "bob 39");
        Send(test, "a", "bob", 40);
        test.Expect("out", "ann ends at 40", "bob 40");
    }

    [Fact]
    public void Records_that_are_read_together_end_what_records_read_apart_end()
    {
        using var apart = PipelineTest.Of(OneTopic);
        using var together = PipelineTest.Of(OneTopic);
        (string Key, int Minute)[] records = [("ann", 0), ("bob", 31), ("ann", 32), ("bob", 90), ("ann", 91)];
        foreach (var (key, minute) in records)
        {
            Send(apart, "a", key, minute);
        }

        together.HoldAcks("kafka");
        foreach (var (key, minute) in records)
        {
            Send(together, "a", key, minute);
        }

        together.ReleaseAcks("kafka");
        together.Read<string>("out").ShouldBe(apart.Read<string>("out"));
    }

    [Fact]
    public void The_records_time_survives_a_restart_with_the_timers()
    {
        using var test = PipelineTest.Of(OneTopic);
        Send(test, "a", "ann", 0);
        Send(test, "a", "bob", 20);
        test.Restart();
        Send(test, "a", "bob", 29);
        test.Read<string>("out").ShouldNotContain("ann ends at 30");
        Send(test, "a", "bob", 30);
        test.Read<string>("out").ShouldBe(["ann ends at 30", "bob 30"]);
    }

    [Fact]
    public void Where_two_topics_feed_an_entity_the_slower_one_tells_the_time()
    {
        using var test = PipelineTest.Of(TwoTopics);
        Send(test, "a", "ann", 0);
        Send(test, "a", "bob", 100);
        test.Read<string>("out").ShouldBe(["ann 0", "bob 100"]);
        Send(test, "b", "cat", 29);
        test.Read<string>("out").ShouldBe(["cat 29"]);
        Send(test, "b", "cat", 30);
        test.Read<string>("out").ShouldBe(["ann ends at 30", "cat 30"]);
    }

    [Fact]
    public void A_record_without_a_later_time_moves_nothing_and_a_name_has_one_clock()
    {
        using var test = PipelineTest.Of(OneTopic);
        Send(test, "a", "ann", 0);
        Send(test, "a", "by-clock", 5);
        Send(test, "a", "bob", 3);
        test.Read<string>("out").Count.ShouldBe(3);
        Send(test, "a", "bob", 60);
        test.Read<string>("out").ShouldBe(
            ["ann ends at 30", "bob ends at 33", "bob 60"], "the timer by the clock is not due");
        test.Advance(TimeSpan.FromMinutes(30));
        test.Read<string>("out").ShouldBe(["by-clock ends by the clock"]);
    }

    private static void Send(PipelineTest test, string topic, string key, int minute) => test.Send(
        topic, key, $"{minute}", new SendOptions { Timestamp = Start.AddMinutes(minute) });

    private static void OneTopic(PipelineBuilder pipeline) => pipeline.From("a", Codec.Text)
        .Entity<Ending, Quiet, string>().To(Routes.ToTopic("out"));

    private static void TwoTopics(PipelineBuilder pipeline)
    {
        OneTopic(pipeline);
        pipeline.From("b", Codec.Text).Entity<Ending, Quiet, string>();
    }

    [StateVersion(1)]
    internal struct Quiet;

    private sealed class Ending : IEntity<string, Quiet, string>
    {
        public void On(string record, ref Quiet state, Turn<string> turn)
        {
            turn.Emit($"{turn.Key} {record}");
            turn.EventTimer("end", turn.EventTime.AddMinutes(30));
            if (turn.Key == "by-clock")
            {
                turn.Timer("end", turn.Now.AddMinutes(30));
            }
        }

        public void OnTimer(string name, ref Quiet state, Turn<string> turn) => turn.Emit(turn.Key == "by-clock"
            ? $"{turn.Key} ends by the clock"
            : $"{turn.Key} ends at {(turn.EventTime - Start).TotalMinutes}");
    }
}
