using System.Text.Json;
using System.Text.Json.Nodes;

namespace StreamActors.Testing.Tests;

/// <summary>
/// States that an earlier release has saved, and one that a later release has: three releases of one entity. The first
/// counts; the second counts by names; the third adds when it began.
/// </summary>
public sealed class UpgradeTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public void A_state_of_the_release_before_is_upgraded_when_its_entity_is_next_used_and_saved_as_that()
    {
        using var test = PipelineTest.Of(First.Define);
        test.Send("in", "k", "a");
        test.Send("in", "k", "poison");
        test.Restart(Second.Define);
        test.Send("in", "k", "c");
        test.State<Second.Tally>("k").ByName.ShouldBe(new Dictionary<string, int> { ["unknown"] = 2, ["c"] = 1 });
        test.Restart(Second.ThatFails);
        test.State<Second.Tally>("k").ByName["c"].ShouldBe(1, "it was saved in the new form, and needs no upgrade");
    }

    [Fact]
    public void States_of_several_versions_stand_side_by_side_and_each_is_upgraded_from_its_own()
    {
        using var test = PipelineTest.Of(First.Define);
        test.SendAll("in", [("old", "a"), ("middle", "a")]);
        test.Advance(TimeSpan.FromMinutes(12));
        test.Restart(Second.Define);
        test.Send("in", "middle", "b");
        test.Advance(TimeSpan.FromMinutes(12));
        test.Restart(Third.Define);
        test.SendAll("in", [("old", "c"), ("middle", "c"), ("new", "c")]);
        test.Read<string>("out").ShouldBe(
            ["middle 2", "old 2 from 1", "middle 3 from 2", "new 1 from 0"], ignoreOrder: true);
        test.Restart(Third.Define);
        test.SendAll("in", [("old", "d"), ("middle", "d"), ("new", "d")]);
        test.Read<string>("out").ShouldBe(["old 3 from 1", "middle 4 from 2", "new 2 from 0"], ignoreOrder: true);
    }

    [Fact]
    public void The_timers_of_an_upgraded_entity_fire_in_their_time()
    {
        using var test = PipelineTest.Of(First.Define);
        test.Send("in", "k", "timer");
        test.Restart(Second.Define);
        test.Advance(TimeSpan.FromHours(1));
        test.Expect("out", "k ends with 1");
    }

    [Fact]
    public void An_upgrade_that_throws_makes_the_shard_stand_still_and_the_release_that_mends_it_goes_on()
    {
        using var test = PipelineTest.Of(First.Define);
        test.SendAll("in", [("bad", "poison"), ("good", "a")]);
        var error = Should.Throw<PipelineTestException>(() => test.Restart(Second.ThatFails));
        error.Message.ShouldStartWith("The shard in/0 stands still: Upgrade threw FormatException on the saved state "
            + "of the entity Counting with the key \"bad\" in the shard test/entity Counting/0, from version 1 to 2: "
            + "Not this one. Nothing that is stored has changed: mend Upgrade, and run the release that has it.");
        error.InnerException.ShouldBeOfType<FormatException>();
        test.Send("in", "good", "b");
        test.Advance(Minute);
        test.ReadRaw("out").ShouldBeEmpty();
        test.Failures.Count.ShouldBe(1, "it stands still: it is not tried again and again");

        test.Restart(Second.Define);
        test.State<Second.Tally>("bad").Count.ShouldBe(1);
        test.Expect("out", "good 2");
    }

    [Fact]
    public void A_shard_that_comes_to_stand_still_keeps_what_it_has_done_and_loses_and_repeats_nothing()
    {
        using var test = PipelineTest.Of(First.Define);
        test.SendAll("in", [("bad", "poison"), ("good", "a")]);
        test.Advance(TimeSpan.FromMinutes(12));
        test.Restart(Second.ThatFails);
        test.Send("in", "good", "b");
        test.Expect("out", "good 2");
        test.AllowFailures();
        test.SendAll("in", [("good", "c"), ("bad", "d"), ("good", "e")]);
        test.Advance(Minute);
        test.Send("in", "good", "f");
        test.Advance(Minute);
        test.Failures.ShouldHaveSingleItem().Why.ShouldContain("with the key \"bad\"");
        var before = test.Read<string>("out");
        before[0].ShouldBe("good 3");

        test.Restart(Second.Define);
        before.Concat(test.Read<string>("out")).ShouldBe(["good 3", "bad 2", "good 4", "good 5"], ignoreOrder: true);
        test.Advance(Minute);
        test.Crash();
        test.Advance(Minute);
        test.ReadRaw("out").ShouldBeEmpty();
    }

    [Fact]
    public void A_state_that_its_codec_refuses_without_a_new_version_stands_still_and_is_told_what_is_missing()
    {
        using var test = PipelineTest.Of(First.Define).AllowFailures();
        test.Send("in", "k", "a");
        test.Restart(First.InAnotherForm);
        test.Failures.ShouldHaveSingleItem().Why.ShouldContain(
            "is refused by its codec: ", customMessage: test.Failures[0].Why);
        test.Failures[0].Why.ShouldContain("raise the version of ");
    }

    [Fact]
    public void With_discard_a_shard_with_a_state_of_no_use_begins_empty()
    {
        using var test = PipelineTest.Of(First.Define).AllowFailures();
        test.Send("in", "bad", "poison");
        test.Restart(pipeline =>
        {
            pipeline.OnLostState = LostState.Discard;
            Second.ThatFails(pipeline);
        });
        test.Advance(Minute);
        test.Send("in", "bad", "b");
        test.State<Second.Tally>("bad").Count.ShouldBe(1);
    }

    private static void Compose<THandler, TState>(PipelineBuilder pipeline, Func<THandler> make)
        where THandler : class, IEntity<string, TState, string>
        where TState : new() =>
        pipeline.From("in", Codec.Text)
            .Entity<THandler, TState, string>(_ => make(), new EntityOptions<TState> { Name = "Counting" })
            .To(Routes.ToTopic("out"));

    internal sealed class First : IEntity<string, First.Tally, string>
    {
        public static void Define(PipelineBuilder pipeline) => Compose<First, Tally>(pipeline, static () => new());

        public static void InAnotherForm(PipelineBuilder pipeline) =>
            Compose<Changed, Other>(pipeline, static () => new());

        public void On(string record, ref Tally state, Turn<string> turn)
        {
            (state.Count, state.Last) = (state.Count + 1, record);
            if (record == "timer")
            {
                turn.Timer("end", turn.Now.AddHours(1));
            }
        }

        [StateVersion(1)]
        internal sealed class Tally
        {
            public int Count { get; set; }

            public string? Last { get; set; }
        }

        [StateVersion(1)]
        internal sealed class Other
        {
            public string? Count { get; set; }
        }

        internal sealed class Changed : IEntity<string, Other, string>
        {
            public void On(string record, ref Other state, Turn<string> turn) => turn.Emit(state.Count ?? "");
        }
    }

    internal sealed class Second(bool fails) : IEntity<string, Second.Tally, string>, IStateUpgrade<Second.Tally>
    {
        public static void Define(PipelineBuilder pipeline) =>
            Compose<Second, Tally>(pipeline, static () => new Second(fails: false));

        /// <summary>Fails on a state whose last record was poison.</summary>
        public static void ThatFails(PipelineBuilder pipeline) =>
            Compose<Second, Tally>(pipeline, static () => new Second(fails: true));

        public Tally Upgrade(int from, ReadOnlySpan<byte> saved)
        {
            from.ShouldBe(1);
            var old = JsonSerializer.Deserialize<First.Tally>(saved)!;
            return fails && old.Last == "poison"
                ? throw new FormatException("Not this one.")
                : new Tally { ByName = { ["unknown"] = old.Count } };
        }

        public void On(string record, ref Tally state, Turn<string> turn)
        {
            state.ByName[record] = state.ByName.GetValueOrDefault(record) + 1;
            turn.Emit($"{turn.Key} {state.Count}");
        }

        public void OnTimer(string name, ref Tally state, Turn<string> turn) =>
            turn.Emit($"{turn.Key} ends with {state.Count}");

        [StateVersion(2)]
        internal sealed class Tally
        {
            public Dictionary<string, int> ByName { get; init; } = [];

            [System.Text.Json.Serialization.JsonIgnore]
            public int Count => ByName.Values.Sum();
        }
    }

    internal sealed class Third : IEntity<string, Third.Tally, string>, IStateUpgrade<Third.Tally>
    {
        public static void Define(PipelineBuilder pipeline) => Compose<Third, Tally>(pipeline, static () => new());

        public Tally Upgrade(int from, ReadOnlySpan<byte> saved)
        {
            var json = JsonNode.Parse(saved)!;
            var count = from == 1
                ? json["Count"]!.GetValue<int>()
                : json["ByName"]!.AsObject().Sum(static each => each.Value!.GetValue<int>());
            return new Tally(count, from);
        }

        public void On(string record, ref Tally state, Turn<string> turn)
        {
            state = state with { Count = state.Count + 1 };
            turn.Emit($"{turn.Key} {state.Count} from {state.From}");
        }

        [StateVersion(3)]
        internal readonly record struct Tally(int Count, int From);
    }
}
