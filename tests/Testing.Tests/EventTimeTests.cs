using StreamActors.Limits;

namespace StreamActors.Testing.Tests;

/// <summary>Which records tell a shard the time, on the real engine.</summary>
public sealed class EventTimeTests
{
    private const string Late = "ann ends at 30";

    private static readonly DateTimeOffset Start = new VirtualTime().GetUtcNow();

    [Theory]
    [InlineData("{")]
    [InlineData("1000")]
    [InlineData("-1")]
    public void A_record_that_is_given_up_when_it_is_read_does_not_move_the_time(string value)
    {
        using var test = PipelineTest.Of(OneTopic).AllowFailures();
        Send(test, "a", "ann", 0);
        test.Send("a", "bad", value, At(40));
        test.DeadLetters.ShouldHaveSingleItem();
        test.Read<string>("out").ShouldBe(["ann 0"]);
        Send(test, "a", "bob", 40);
        test.Read<string>("out").ShouldBe([Late, "bob 40"]);
    }

    [Theory]
    [InlineData("out", 500)]
    [InlineData("twice", 0)]
    [InlineData("throws", 666)]
    public void A_record_that_is_read_moves_it_whatever_becomes_of_it(string key, int value)
    {
        using var test = PipelineTest.Of(OneTopic).AllowFailures();
        Send(test, "a", "ann", 0);
        test.Send("a", key, value, At(40));
        test.Read<string>("out").ShouldBe(["ann 0", Late]);
    }

    [Fact]
    public void One_from_the_future_is_handled_with_its_own_time_and_moves_nothing()
    {
        using var test = PipelineTest.Of(OneTopic);
        Send(test, "a", "ann", 0);
        Send(test, "a", "eve", 60 * 24 * 365);
        test.Read<string>("out").ShouldBe(["ann 0", "eve 525600"]);
        Send(test, "a", "bob", 29);
        test.Read<string>("out").ShouldBe(["bob 29"]);
        Send(test, "a", "bob", 30);
        test.Read<string>("out").ShouldBe([Late, "bob 30"]);
        test.Path("a", "eve").ShouldContain(
            "its time, 2027-01-01 00:00:00Z, is more than MaxEventTimeLead = 01:00:00 ahead of the test's clock, "
            + "2026-01-01 00:00:00Z: event time did not move");
    }

    [Fact]
    public void The_bound_goes_along_with_the_clock()
    {
        using var test = PipelineTest.Of(OneTopic);
        Send(test, "a", "ann", 0);
        Send(test, "a", "bob", 61);
        test.Read<string>("out").ShouldBe(["ann 0", "bob 61"]);
        test.Advance(TimeSpan.FromMinutes(1));
        Send(test, "a", "bob", 61);
        test.Read<string>("out").ShouldBe([Late, "bob 61"]);
    }

    [Fact]
    public void Without_a_bound_every_time_is_believed()
    {
        using var test = PipelineTest.Of(static pipeline =>
        {
            pipeline.Timing = new PipelineTiming { MaxEventTimeLead = TimeSpan.Zero };
            OneTopic(pipeline);
        });
        Send(test, "a", "ann", 0);
        Send(test, "a", "eve", 60 * 24 * 365);
        test.Read<string>("out").ShouldBe(["ann 0", Late, "eve 525600"]);
    }

    [Fact]
    public void Records_that_are_behind_the_clock_are_untouched_by_the_bound()
    {
        using var test = PipelineTest.Of(OneTopic, options: new() { Time = new VirtualTime(Start.AddYears(3)) });
        Send(test, "a", "ann", 0);
        Send(test, "a", "bob", 60 * 24 * 365);
        test.Read<string>("out").ShouldBe(["ann 0", Late, "bob 525600"]);
    }

    [Fact]
    public void One_from_the_future_in_the_slower_of_two_topics_moves_nothing()
    {
        using var test = PipelineTest.Of(TwoTopics).AllowFailures();
        Send(test, "a", "ann", 0);
        Send(test, "a", "bob", 50);
        Send(test, "b", "cat", 10);
        Send(test, "b", "eve", 10_000);
        test.Read<string>("out").ShouldBe(["ann 0", "bob 50", "cat 10", "eve 10000"]);
        test.Send("b", "bad", "{", At(50));
        test.Read<string>("out").ShouldBeEmpty();
        Send(test, "b", "cat", 30);
        test.Read<string>("out").ShouldBe([Late, "cat 30"]);
    }

    [Fact]
    public void A_hand_over_takes_no_time_along_that_was_not_believed()
    {
        using var test = PipelineTest.Of(OneTopic);
        Send(test, "a", "ann", 0);
        Send(test, "a", "bob", 20);
        Send(test, "a", "eve", 10_000);
        test.Revoke();
        test.Read<string>("out").Count.ShouldBe(3);
        Send(test, "a", "bob", 30);
        test.Read<string>("out").ShouldBe([Late, "bob 30"]);
    }

    [Fact]
    public void A_record_for_which_there_is_no_room_behind_the_timers_is_handled_once_when_there_is()
    {
        using var test = PipelineTest.Of(static pipeline =>
        {
            pipeline.Limits = new PipelineLimits { OutboxRecords = 1 };
            OneTopic(pipeline);
        });
        Send(test, "a", "ann", 0);
        Send(test, "a", "bob", 1);
        Send(test, "a", "cat", 2);
        test.Read<string>("out").Count.ShouldBe(3);
        test.HoldAcks("kafka");
        Send(test, "a", "dan", 55);
        test.ReleaseAcks("kafka");
        test.Read<string>("out").ShouldBe([Late, "bob ends at 31", "cat ends at 32", "dan 55"]);
    }

    private static SendOptions At(int minute) => new() { Timestamp = Start.AddMinutes(minute) };

    private static void Send(PipelineTest test, string topic, string key, int minute) =>
        test.Send(topic, key, minute, At(minute));

    private static void OneTopic(PipelineBuilder pipeline) => Read(pipeline, "a").To(Routes.ToTopic("out"));

    private static void TwoTopics(PipelineBuilder pipeline)
    {
        OneTopic(pipeline);
        Read(pipeline, "b");
    }

    // 1000 is refused, -1 throws as it is read, 500 is left out, 666 throws in the entity.
    private static OutputBuilder<string> Read(PipelineBuilder pipeline, string topic) => pipeline
        .From(topic, Json.Of<int>())
        .Require(static value => value != 1000, "value", "is none")
        .Map(static value => value == -1 ? throw new InvalidOperationException("no value") : value)
        .Where(static value => value != 500)
        .DedupById(static value => value == 0 ? (UInt128)1 : null, TimeSpan.FromHours(1))
        .Entity<Ending, Quiet, string>();

    [StateVersion(1)]
    internal struct Quiet;

    private sealed class Ending : IEntity<int, Quiet, string>
    {
        public void On(int record, ref Quiet state, Turn<string> turn)
        {
            if (record == 666)
            {
                throw new InvalidOperationException("unlucky");
            }

            turn.Emit($"{turn.Key} {(turn.EventTime - Start).TotalMinutes}");
            turn.EventTimer("end", turn.EventTime.AddMinutes(30));
        }

        public void OnTimer(string name, ref Quiet state, Turn<string> turn) =>
            turn.Emit($"{turn.Key} ends at {(turn.EventTime - Start).TotalMinutes}");
    }
}
