namespace StreamActors.Testing.Tests;

/// <summary>An entity that grows above what a store keeps of one.</summary>
public sealed class LargeEntityTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public void The_record_that_makes_an_entity_too_large_is_a_dead_letter_and_everything_else_goes_on()
    {
        using var test = PipelineTest.Of(Define).AllowFailures();
        test.SendAll("in", [("k", "a"), ("other", "b")]);
        test.Advance(Minute);
        var large = new string('x', 1_500);
        test.SendAll("in", [("k", "c"), ("k", large), ("other", "d"), ("k", "e")]);
        test.Advance(Minute);

        test.State<Notes>("k").All.ShouldBe(["a", "c", "e"]);
        test.State<Notes>("other").All.ShouldBe(["b", "d"]);
        var letter = test.DeadLetters.ShouldHaveSingleItem();
        (letter.Text, letter.ErrorType).ShouldBe((large, "EntityTooLargeException"));
        letter.ErrorMessage.ShouldStartWith("The entity Noting with the key \"k\" would have ");
        letter.ErrorMessage.ShouldEndWith(
            " bytes of state and timers, and EntityBytes allows 1024. Keep less in it, or raise the limit, to "
            + "8388608 at most.");
        test.Failures.Count(static each => each.What.Contains("starts again")).ShouldBe(1);

        test.Send("in", "k", large);
        test.Advance(Minute);
        test.DeadLetters.Count.ShouldBe(2);
        test.Failures.Count(static each => each.What.Contains("starts again")).ShouldBe(1, "now it is measured");
        test.Restart();
        test.State<Notes>("k").All.ShouldBe(["a", "c", "e"]);
    }

    [Fact]
    public void An_entity_that_is_too_large_from_its_first_record_on_never_comes_to_be()
    {
        using var test = PipelineTest.Of(Define).AllowFailures();
        test.SendAll("in", [("k", new string('x', 2_000)), ("k", "a")]);
        test.Advance(Minute);
        test.DeadLetters.Count.ShouldBe(1);
        test.State<Notes>("k").All.ShouldBe(["a"]);
    }

    [Fact]
    public void Timers_count_and_one_that_makes_its_entity_too_large_is_not_set()
    {
        using var test = PipelineTest.Of(Define).AllowFailures();
        test.Send("in", "k", "a");
        test.Send("in", "k", "timers");
        test.Advance(Minute);
        test.DeadLetters.ShouldHaveSingleItem().Text.ShouldBe("timers");
        test.Trace.ShouldNotContain("waits: in k: timer");
    }

    [Fact]
    public void One_that_was_saved_when_more_was_allowed_stays_readable_and_may_shrink()
    {
        using var test = PipelineTest.Of(static pipeline =>
        {
            Define(pipeline);
            pipeline.Limits = pipeline.Limits with { EntityBytes = 1024 * 1024 };
        });
        test.SendAll("in", [("k", new string('x', 2_000)), ("other", "a")]);
        test.Advance(Minute);
        test.Restart(Define);
        test.AllowFailures();
        test.Send("in", "other", "b");
        test.Advance(Minute);
        test.DeadLetters.ShouldBeEmpty();
        test.Send("in", "k", "b");
        test.Advance(Minute);
        test.DeadLetters.Count.ShouldBe(1);
        test.Send("in", "k", "clear");
        test.Advance(Minute);
        test.State<Notes>("k").All.ShouldBe(["clear"]);
        test.Restart();
        test.State<Notes>("k").All.ShouldBe(["clear"]);
    }

    private static void Define(PipelineBuilder pipeline)
    {
        pipeline.Limits = new() { EntityBytes = 1024 };
        pipeline.From("in", Codec.Text).Entity<Noting, Notes, string>().To(Routes.ToTopic("out"));
    }

    [StateVersion(1)]
    internal sealed class Notes
    {
        public List<string> All { get; init; } = [];
    }

    internal sealed class Noting : IEntity<string, Notes, string>
    {
        public void On(string record, ref Notes state, Turn<string> turn)
        {
            if (record == "clear")
            {
                state.All.Clear();
            }

            state.All.Add(record);
            for (var timer = 0; record == "timers" && timer < 50; timer++)
            {
                turn.Timer($"timer {timer}", turn.Now.AddHours(1));
            }
        }
    }
}
