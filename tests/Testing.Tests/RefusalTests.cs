namespace StreamActors.Testing.Tests;

/// <summary>Records that user code refuses, on the real engine.</summary>
public sealed class RefusalTests
{
    private const string Bad = "bad";

    public static TheoryData<string> Places => ["Where", "Map", "EventTime", "FlatMap", "When", "On", "MapAsync"];

    [Theory]
    [MemberData(nameof(Places))]
    public void A_record_that_user_code_refuses_is_a_dead_letter_as_one_that_the_codec_refuses(string place)
    {
        using var test = PipelineTest.Of(pipeline => Define(pipeline, place)).AllowFailures();
        test.Send("in", "k", Bad, new SendOptions { Headers = [("trace", "7")] });
        test.Settle();
        var letter = test.DeadLetters.ShouldHaveSingleItem();
        (letter.ErrorType, letter.ErrorMessage, letter.Attempts, letter.Text)
            .ShouldBe(("validation_error", "word is bad", 1, Bad));
        letter.Headers.ShouldBe([("trace", "7")]);
        test.Failures.ShouldHaveSingleItem().Error.ShouldBeNull();
        test.Send("in", "k", "good");
        test.Settle();
        test.Expect("out", "good");
    }

    [Fact]
    public void A_refusal_leaves_no_trace_in_the_state_and_its_id_is_not_remembered()
    {
        using var test = PipelineTest.Of(static pipeline => Define(pipeline, "On")).AllowFailures();
        test.Send("in", "k", "good");
        test.Send("in", "k", Bad);
        test.Send("in", "k", Bad);
        test.State<Tally>("k").Count.ShouldBe(1);
        test.DeadLetters.Count.ShouldBe(2, "the second is no duplicate");
        test.Expect("out", "good");
    }

    [Fact]
    public void A_test_that_does_not_allow_it_is_told_what_was_refused()
    {
        using var test = PipelineTest.Of(static pipeline => Define(pipeline, "On"));
        Should.Throw<PipelineTestException>(() => test.Send("in", "k", Bad)).Message
            .ShouldStartWith("The record in/0@0 (key k) was refused: word is bad");
    }

    private static void Define(PipelineBuilder pipeline, string place)
    {
        string Check(string here, string text) =>
            here == place && text == Bad ? throw new RecordRejectedException("word", "is bad") : text;
        var route = pipeline.From("in", Codec.Text).DeadLetters("dlq")
            .Where(text => Check("Where", text).Length > 0)
            .EventTime(text => DateTimeOffset.UnixEpoch.AddDays(Check("EventTime", text).Length))
            .Map(text => Check("Map", text))
            .DedupById(static text => text == Bad ? text : null, TimeSpan.FromHours(1));
        var target = Routes.ToTopic("out").When(text => Check("When", text).Length > 0);
        if (place == "On")
        {
            route.Entity<Refusing, Tally, string>().To(target);
        }
        else if (place == "MapAsync")
        {
            var retry = Retry.On<RecordRejectedException>(5, TimeSpan.FromSeconds(1));
            route.MapAsync<Asking, string>(new() { Retry = retry }).To(target);
        }
        else
        {
            route.FlatMap(text => new[] { Check("FlatMap", text) }).To(target);
        }
    }

    private sealed class Refusing : IEntity<string, Tally, string>
    {
        public void On(string record, ref Tally state, Turn<string> turn)
        {
            state.Count++;
            turn.Emit(record);
            if (record == Bad)
            {
                throw new RecordRejectedException("word", "is bad");
            }
        }
    }

    private sealed class Asking : IAsyncMap<string, string>
    {
        public ValueTask<string?> MapAsync(string value, Call call, CancellationToken stop) => value == Bad
            ? throw new RecordRejectedException("word", "is bad")
            : ValueTask.FromResult<string?>(value);
    }
}
