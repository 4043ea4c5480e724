using StreamActors.Limits;
using StreamActors.Sinks;

namespace StreamActors.Testing.Tests;

/// <summary>Event time that the value has, on the real engine; Kafka's time is the clock's.</summary>
public sealed class EventTimeInValueTests
{
    private static readonly DateTimeOffset Start = new VirtualTime().GetUtcNow();
    private static readonly PipelineTestOptions NextYear = new() { Time = new VirtualTime(Start.AddYears(1)) };

    [Fact]
    public void Entities_and_event_timers_go_by_it_and_not_by_the_time_of_the_record()
    {
        using var test = PipelineTest.Of(Define, options: NextYear);
        Send(test, "ann", 0);
        Send(test, "bob", 29);
        test.Expect("out", "ann 0 of 0", "bob 29 of 29");
        Send(test, "cat", 30);
        Send(test, "dan", 10);
        test.Expect("out", "ann ends at 30 of 30", "cat 30 of 30", "dan 10 of 30");
    }

    [Fact]
    public void What_a_timer_waits_for_goes_first_also_where_the_outbox_is_full()
    {
        using var test = PipelineTest.Of(
            static pipeline =>
            {
                pipeline.Limits = new PipelineLimits { OutboxRecords = 1 };
                Define(pipeline);
            },
            options: NextYear);
        Send(test, "ann", 0);
        Send(test, "bob", 1);
        test.Expect("out", "ann 0 of 0", "bob 1 of 1");
        test.HoldAcks("kafka");
        Send(test, "cat", 50);
        test.ReleaseAcks("kafka");
        test.Expect("out", "ann ends at 30 of 50", "bob ends at 31 of 50", "cat 50 of 50");
    }

    [Theory]
    [InlineData(500)]
    [InlineData(-1)]
    public void A_value_that_is_left_out_before_or_whose_time_cannot_be_told_moves_no_time(int value)
    {
        using var test = PipelineTest.Of(Define, options: NextYear).AllowFailures();
        Send(test, "ann", 0);
        Send(test, "bad", value);
        test.Expect("out", "ann 0 of 0");
        test.DeadLetters.Count.ShouldBe(value < 0 ? 1 : 0);
        Send(test, "ann", 1);
        test.Expect("out", "ann 1 of 1");
    }

    [Fact]
    public void A_value_that_is_left_out_behind_it_tells_the_time()
    {
        using var test = PipelineTest.Of(Define, options: NextYear);
        Send(test, "ann", 0);
        Send(test, "heartbeat", 60);
        test.Expect("out", "ann 0 of 0", "ann ends at 30 of 60");
    }

    [Fact]
    public void A_time_that_cannot_be_true_yet_moves_nothing_and_the_trace_has_it()
    {
        using var test = PipelineTest.Of(Define);
        Send(test, "ann", 0);
        Send(test, "bob", 61);
        test.Expect("out", "ann 0 of 0", "bob 61 of 0");
        test.Path("in", "bob").ShouldContain("its time, 2026-01-01 01:01:00Z, is more than MaxEventTimeLead");
    }

    [Fact]
    public void Outputs_with_the_time_of_the_record_have_it_also_out_of_a_window()
    {
        using var test = PipelineTest.Of(
            static pipeline =>
            {
                Timed(pipeline, "a").To(ToNumbers("plain"));
                Timed(pipeline, "b").Every(Routes.Window).Latest().To(ToNumbers("window"));
                Timed(pipeline, "c").FlatMap(static value => new[] { $"{value}" })
                    .To(Routes.ToTopic("flat").AtRecordTime());
            },
            options: NextYear);
        foreach (var topic in new[] { "a", "b", "c" })
        {
            test.Send(topic, "k", 7);
        }

        test.Advance(Routes.Window);
        foreach (var topic in new[] { "plain", "window", "flat" })
        {
            test.ReadRaw(topic).ShouldHaveSingleItem().Timestamp.ShouldBe(Start.AddMinutes(7));
        }
    }

    [Fact]
    public void A_call_and_the_entity_behind_it_are_told_it()
    {
        using var test = PipelineTest.Of(
            static pipeline => Timed(pipeline, "in").MapAsync<Asking, int>()
                .Entity<Ending, Tally, string>().To(Routes.ToTopic("out")),
            options: NextYear);
        Send(test, "ann", 3);
        test.Settle();
        test.Expect("out", "ann 3 of 3");
    }

    [Fact]
    public void The_slower_of_two_topics_decides_whichever_has_its_time_in_the_value()
    {
        using var test = PipelineTest.Of(
            static pipeline =>
            {
                Define(pipeline);
                pipeline.From("other", Json.Of<int>()).Entity<Ending, Tally, string>();
            },
            options: NextYear);
        Send(test, "ann", 0);
        Send(test, "bob", 50);
        test.Expect("out", "ann 0 of nothing", "bob 50 of nothing");
        test.Send("other", "cat", 1, new SendOptions { Timestamp = Start.AddMinutes(31) });
        test.Expect("out", "ann ends at 30 of 31", "cat 31 of 31");
    }

    [Fact]
    public void It_is_said_once_and_where_the_value_is_read()
    {
        Mistake(static pipeline => Timed(pipeline, "in").EventTime(static _ => default).To(ToNumbers("out")))
            .ShouldContain("says EventTime twice");
        Mistake(static pipeline =>
        {
            var read = pipeline.From("in", Json.Of<int>());
            read.To(ToNumbers("out"));
            read.EventTime(static _ => default);
        }).ShouldContain("says EventTime too late");
        Mistake(static pipeline =>
        {
            var read = pipeline.From("in", Json.Of<int>());
            read.Map(static value => $"{value}").To(Routes.ToTopic("out"));
            read.EventTime(static _ => default);
        }).ShouldContain("says EventTime too late");
    }

    private static string Mistake(Action<PipelineBuilder> define) =>
        Should.Throw<PipelineException>(() => PipelineTest.Of(define)).Message;

    private static void Send(PipelineTest test, string key, int minute) => test.Send("in", key, minute);

    private static Target<int> ToNumbers(string topic) =>
        new Target<int>("kafka", topic, Json.Of<int>()).AtRecordTime();

    private static RouteBuilder<int> Timed(PipelineBuilder pipeline, string topic) => pipeline
        .From(topic, Json.Of<int>())
        .EventTime(static value => value < 0 ? throw new FormatException("no time") : Start.AddMinutes(value));

    // 500 is left out before the time is told, 60 behind it.
    private static void Define(PipelineBuilder pipeline) => pipeline
        .From("in", Json.Of<int>())
        .Where(static value => value != 500)
        .EventTime(static value => value < 0 ? throw new FormatException("no time") : Start.AddMinutes(value))
        .Map(static value => value)
        .Where(static value => value != 60)
        .Entity<Ending, Tally, string>().To(Routes.ToTopic("out"));

    private static string Minute(DateTimeOffset? time) =>
        time is { } known ? $"{(known - Start).TotalMinutes}" : "nothing";

    private sealed class Asking : IAsyncMap<int, int>
    {
        public ValueTask<int> MapAsync(int value, Call call, CancellationToken stop) =>
            ValueTask.FromResult((int)(call.EventTime - Start).TotalMinutes);
    }

    private sealed class Ending : IEntity<int, Tally, string>
    {
        public void On(int record, ref Tally state, Turn<string> turn)
        {
            turn.Emit($"{turn.Key} {Minute(turn.EventTime)} of {Minute(turn.Watermark)}");
            turn.EventTimer("end", turn.EventTime.AddMinutes(30));
        }

        public void OnTimer(string name, ref Tally state, Turn<string> turn) =>
            turn.Emit($"{turn.Key} ends at {Minute(turn.EventTime)} of {Minute(turn.Watermark)}");
    }
}
