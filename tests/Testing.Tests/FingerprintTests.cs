using System.Text;
using Microsoft.Extensions.DependencyInjection;
using StreamActors.Snapshots;

namespace StreamActors.Testing.Tests;

/// <summary>A program meets state that is not its own: it does not start, and says what to do.</summary>
public sealed class FingerprintTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public void A_renamed_entity_is_refused_and_with_its_old_name_for_the_state_it_goes_on()
    {
        using var test = PipelineTest.Of(static pipeline => Counts<V1>(pipeline, "Visits"));
        test.Send("in", "k", "a");
        Refused(() => test.Restart(static pipeline => Counts<V1>(pipeline, "Sessions"))).ShouldBe(
            "What memory keeps as the state of the group test is not this program's. The entity Visits has states "
            + "there, and this program has none of that name, but Sessions, of which nothing is stored. If one of "
            + "these is the same by another name, let its state keep the old one: EntityOptions.Name = \"Visits\". "
            + "If it is gone for good, say Retire(\"Visits\") in the pipeline, which deletes its states.");
        test.Restart(static pipeline => Counts<V1>(pipeline, "Visits"));
        test.Send("in", "k", "b");
        test.Expect("out", "Visits 1", "Visits 2");
    }

    [Fact]
    public void A_topic_with_another_number_of_partitions_is_refused()
    {
        using var test = PipelineTest.Of(static pipeline => Counts<V1>(pipeline, "Visits"));
        test.Send("in", "k", "a");
        test.Revoke();
        Refused(() =>
        {
            test.Around.Topics.Grow("in", 2);
            test.Restart();
        }).ShouldContain("The states of the entity Visits are spread over 1 partitions of in, and there are 2: most "
            + "keys lie in another partition now, and would begin anew there. Feed the entity by .Repartition(…) ");
    }

    [Fact]
    public void A_topic_that_grows_under_stored_state_stops_the_pipeline_and_one_without_goes_on()
    {
        using var test = PipelineTest.Of(static pipeline => Counts<V1>(pipeline, "Visits"));
        test.Send("in", "k", "a");
        test.Partitions("in", 2);
        Refused(() =>
        {
            test.Revoke();
            test.Advance(Minute);
        }).ShouldContain("are spread over 1 partitions of in, and there are 2");

        using var other = PipelineTest.Of(static pipeline =>
        {
            pipeline.From("in", Codec.Text).DedupById(static text => text, TimeSpan.FromHours(1))
                .To(Routes.ToTopic("out"));
        });
        other.Send("in", "k", "a");
        other.Partitions("in", 2);
        other.Restart();
        other.Send("in", "k", "b", new SendOptions { Partition = 1 });
        other.Expect("out", "a", "b");
    }

    [Fact]
    public void An_older_program_is_refused_from_the_start_of_the_first_newer_one_on()
    {
        using var test = PipelineTest.Of(static pipeline => Counts<V1>(pipeline, "Visits"));
        test.Send("in", "k", "a");
        test.Restart(static pipeline => Counts<V2>(pipeline, "Visits"));
        Refused(() => test.Restart(static pipeline => Counts<V1>(pipeline, "Visits"))).ShouldContain(
            "The entity Visits has states of version 2 there, and this program has version 1: it is an older release. "
            + "Run one that has version 2.");
        test.Restart(static pipeline => Counts<V2>(pipeline, "Visits"));
        test.Send("in", "k", "b");
        test.Read<string>("out")[^1].ShouldBe("Visits 2");
    }

    [Fact]
    public void An_older_node_that_has_started_before_stands_still_at_a_shard_that_a_newer_one_had()
    {
        using var test = PipelineTest.Of(static pipeline => Counts<V1>(pipeline, "Visits"));
        test.Send("in", "k", "a");
        test.Restart(static pipeline => Counts<V2>(pipeline, "Visits"));
        test.Send("in", "k", "b");
        Rewrite(test, "\"version\":2", "\"version\":1");
        Should.Throw<PipelineTestException>(() => test.Restart(static pipeline => Counts<V1>(pipeline, "Visits")))
            .Message.ShouldStartWith("The shard in/0 stands still: The saved states of the entity Visits in the shard "
                + "test/entity Visits/0 have version 2, and this program has 1: a newer release has saved them. Run a "
                + "release that has version 2.");
    }

    [Fact]
    public void A_version_that_was_raised_without_an_upgrade_is_refused()
    {
        using var test = PipelineTest.Of(static pipeline => Counts<V1>(pipeline, "Visits"));
        test.Send("in", "k", "a");
        var why = Refused(() => test.Restart(static pipeline => Counts<Stubborn>(pipeline, "Visits")));
        why.ShouldContain("The entity Visits has states of version 1 there, and this program has version 2 and no way "
            + "from the one to the other: let Entity<Stubborn> implement IStateUpgrade<Stubborn>.", customMessage: why);
    }

    [Fact]
    public void An_entity_that_is_added_is_taken_in_and_a_release_without_it_leaves_its_states_as_they_are()
    {
        static void Both(PipelineBuilder pipeline)
        {
            Counts<V1>(pipeline, "Visits");
            Counts<V1>(pipeline, "Added", "more");
        }

        using var test = PipelineTest.Of(static pipeline => Counts<V1>(pipeline, "Visits"));
        test.Send("in", "k", "a");
        test.Restart(Both);
        test.Send("more", "k", "a");
        test.Restart(static pipeline => Counts<V1>(pipeline, "Visits"));
        test.Trace.ShouldContain("the store keeps states of Added, which the pipeline lacks");
        test.Send("in", "k", "b");
        test.Restart(Both);
        test.Send("more", "k", "b");
        test.Expect("out", "Visits 1", "Added 1", "Visits 2", "Added 2");
    }

    [Fact]
    public void What_a_retired_entity_had_is_deleted_and_nothing_of_the_others()
    {
        using var test = PipelineTest.Of(static pipeline =>
        {
            Counts<V1>(pipeline, "Visits");
            Counts<V1>(pipeline, "Gone", "more");
        });
        test.Send("in", "k", "a");
        test.Send("more", "k", "a");
        test.Advance(Minute);
        SavesOf(test, "Gone").ShouldBeGreaterThan(0);
        for (var start = 0; start < 2; start++)
        {
            test.Restart(static pipeline =>
            {
                pipeline.Retire("Gone");
                Counts<V1>(pipeline, "Visits");
                Counts<V1>(pipeline, "Added", "another");
            });
        }

        SavesOf(test, "Gone").ShouldBe(0);
        test.Send("in", "k", "b");
        test.Read<string>("out")[^1].ShouldBe("Visits 2");
    }

    [Fact]
    public void An_entity_that_is_both_fed_and_retired_is_a_mistake() =>
        Should.Throw<PipelineException>(() => PipelineTest.Of(static pipeline =>
        {
            pipeline.Retire("Visits");
            Counts<V1>(pipeline, "Visits");
        })).Message.ShouldContain("The entity Visits is fed by a route and said to be gone");

    [Fact]
    public void While_the_store_is_away_the_pipeline_waits_and_it_is_refused_when_the_store_answers()
    {
        using var test = PipelineTest.Of(static pipeline => Counts<V2>(pipeline, "Visits"));
        test.Send("in", "k", "a");
        test.Around.Store.Before = static _ => throw new StateStoreException("It is away.");
        test.Restart(static pipeline => Counts<V1>(pipeline, "Visits"));
        test.Advance(Minute);
        test.ReadRaw("out").Count.ShouldBe(1);
        test.Around.Store.Before = null;
        Refused(() => test.Advance(Minute)).ShouldContain("it is an older release");
    }

    [Fact]
    public void A_store_that_lost_it_gets_it_again()
    {
        using var test = PipelineTest.Of(static pipeline => Counts<V2>(pipeline, "Visits")).AllowFailures();
        test.Send("in", "k", "a");
        test.Around.Store.Empty();
        test.Restart();
        TextOf(test).ShouldBe(
            "{\"format\":1,\"entities\":[{\"name\":\"Visits\",\"version\":2,\"partitions\":1,\"topics\":[\"in\"],"
            + "\"isLeft\":false}]}");
    }

    [Fact]
    public void Of_two_nodes_that_start_at_once_the_older_one_is_refused_whoever_comes_first()
    {
        using var test = PipelineTest.Of(static pipeline => Counts<V1>(pipeline, "Visits"));
        test.Send("in", "k", "a");
        var calls = 0;
        test.Around.Store.Before = call =>
        {
            if (call.Operation == StoreOperation.Replace && ++calls == 2)
            {
                // It has read what was there. Now comes a node of a newer release.
                Rewrite(test, "\"version\":1", "\"version\":3");
            }

            return default;
        };
        Refused(() => test.Restart(static pipeline => Counts<V2>(pipeline, "Visits"))).ShouldContain("version 3");
    }

    [Theory]
    [InlineData("calls in", true)]
    [InlineData("window in", false)]
    public void Records_that_wait_in_a_step_that_is_gone_are_not_lost_unseen(string part, bool calls)
    {
        var isAway = true;
        using var test = PipelineTest.Of(Of("in"), services => services.AddSingleton<Func<string, string>>(
            text => isAway ? throw new IOException("It is away.") : text)).AllowFailures();
        test.Send("in", "k", "a");
        test.Advance(Minute);
        test.Around.Define = Of("renamed");
        test.Crash();
        test.Failures[^1].Why.ShouldStartWith(
            $"The snapshot of the shard test/in/0 has 1 records that wait in \"{part}\", which this program does not ");
        isAway = false;
        test.Restart(Of("in"));
        test.Advance(TimeSpan.FromHours(1));
        test.Expect("out", "a");

        Action<PipelineBuilder> Of(string name) => pipeline =>
        {
            var route = pipeline.From("in", Codec.Text).Named(name).DedupById(static text => text, Minute);
            var retry = Retry.On<IOException>(100, TimeSpan.FromSeconds(20));
            _ = calls
                ? (object)route.MapAsync<Asking, string>(new() { Retry = retry }).To(Routes.ToTopic("out"))
                : route.Every(TimeSpan.FromMinutes(30)).Latest().To(Routes.ToTopic("out"));
        };
    }

    [Theory]
    [InlineData("{\"format\":2,\"entities\":[]}", "It has the format 2, and this program reads 1")]
    [InlineData("something else", "It cannot be read: ")]
    public void One_that_cannot_be_read_is_refused_by_name(string text, string why)
    {
        using var test = PipelineTest.Of(static pipeline => Counts<V1>(pipeline, "Visits"));
        test.Send("in", "k", "a");
        Rewrite(test, TextOf(test), text);
        Refused(() => test.Restart()).ShouldContain(why);
    }

    private static string Refused(Action start)
    {
        var error = Should.Throw<PipelineTestException>(start).Message;
        return error.Replace("The pipeline cannot start. ", "", StringComparison.Ordinal)
            .Replace("The pipeline has stopped. ", "", StringComparison.Ordinal);
    }

    private static string TextOf(PipelineTest test) => Encoding.UTF8.GetString(
        test.Around.Store.ReplaceAsync("test", "none"u8.ToArray(), default, default).Result.Span);

    private static void Rewrite(PipelineTest test, string from, string to)
    {
        var (store, before) = (test.Around.Store, test.Around.Store.Before);
        store.Before = null;
        var text = TextOf(test);
        var next = Encoding.UTF8.GetBytes(text.Replace(from, to, StringComparison.Ordinal));
        store.ReplaceAsync("test", Encoding.UTF8.GetBytes(text), next, default).Result.Span.SequenceEqual(next)
            .ShouldBeTrue();
        store.Before = before;
    }

    private static long SavesOf(PipelineTest test, string entity) => test.Around.Store
        .ClaimAsync($"test/entity {entity}/0", 0, force: true, default).Result.State!.Number;

    private static void Counts<TState>(PipelineBuilder pipeline, string name, string topic = "in")
        where TState : ICount, new()
    {
        var options = new EntityOptions<TState> { Name = name };
        var outputs = typeof(TState) == typeof(Stubborn)
            ? pipeline.From(topic, Codec.Text).Entity<Entity<TState>, TState, string>(_ => new(name), options)
            : pipeline.From(topic, Codec.Text).Entity<Upgrading<TState>, TState, string>(_ => new(name), options);
        outputs.To(Routes.ToTopic("out"));
    }

    internal sealed class Asking(Func<string, string> ask) : IAsyncMap<string, string>
    {
        public ValueTask<string?> MapAsync(string value, Call call, CancellationToken stop) => new(ask(value));
    }

    internal interface ICount
    {
        int Count { get; set; }
    }

    [StateVersion(1)]
    internal struct V1 : ICount
    {
        public int Count { get; set; }
    }

    [StateVersion(2)]
    internal struct V2 : ICount
    {
        public int Count { get; set; }
    }

    [StateVersion(2)]
    internal struct Stubborn : ICount
    {
        public int Count { get; set; }
    }

    internal sealed class Entity<TState>(string name) : IEntity<string, TState, string>
        where TState : ICount, new()
    {
        public void On(string record, ref TState state, Turn<string> turn)
        {
            state.Count++;
            turn.Emit($"{name} {state.Count}");
        }
    }

    internal sealed class Upgrading<TState>(string name) : IEntity<string, TState, string>, IStateUpgrade<TState>
        where TState : ICount, new()
    {
        public TState Upgrade(int from, ReadOnlySpan<byte> saved) =>
            new() { Count = System.Text.Json.JsonSerializer.Deserialize<V1>(saved).Count };

        public void On(string record, ref TState state, Turn<string> turn)
        {
            state.Count++;
            turn.Emit($"{name} {state.Count}");
        }
    }
}
