using System.Buffers;
using StreamActors.Limits;
using StreamActors.Sinks;

namespace StreamActors.Core.Tests.Pipelines;

public sealed class PipelineBuilderTests
{
    [Fact]
    public void All_mistakes_are_named_at_once()
    {
        var builder = new PipelineBuilder("feed") { Limits = new PipelineLimits { OutboxRecords = 0 } };
        builder.From("a", new Bytes()).DeadLetters("a.dlq");
        builder.From("a", new Bytes()).Named("same").Every(TimeSpan.Zero).Latest().To(Target());
        builder.From("b", new Bytes()).Named("same").Every(TimeSpan.FromSeconds(1)).Sample(0).To(Target());
        var message = Should.Throw<PipelineException>(builder.Build).Message;
        foreach (var mistake in new[]
        {
            "Two routes read the topic a", "The route a leads nowhere", "2 routes have the name same",
            "it must last 1 ms", "samples 1 in 0", "OutboxRecords is \"0\"",
        })
        {
            message.ShouldContain(mistake);
        }
    }

    [Fact]
    public void A_route_that_ends_twice_is_a_mistake_and_one_with_two_targets_is_not()
    {
        var builder = new PipelineBuilder("feed");
        builder.From("a", new Bytes()).To(Target(), Target());
        builder.Build().Routes.Count.ShouldBe(1);
        var again = builder.From("b", new Bytes());
        again.Every(TimeSpan.FromSeconds(1)).Latest().To(Target());
        again.To(Target());
        Should.Throw<PipelineException>(builder.Build).Message
            .ShouldContain("The route b ends twice, and would do only what the second says: end it once");
    }

    [Fact]
    public void Limits_and_times_out_of_range_are_named_with_their_value_and_range()
    {
        var builder = new PipelineBuilder("feed")
        {
            MaxRecordsPerSecond = -1,
            Limits = new PipelineLimits
            {
                UncommittedRecords = int.MaxValue,
                TimersPerShard = -1,
                WindowBytes = 1 << 30,
            },
            Timing = new PipelineTiming
            {
                DrainLimit = TimeSpan.Zero,
                CommitSpacing = TimeSpan.FromSeconds(-1),
                StopLimit = Timeout.InfiniteTimeSpan,
                StartLimit = TimeSpan.FromMinutes(4),
                MaxEventTimeLead = TimeSpan.FromHours(-1),
                EventTimeIdleAfter = TimeSpan.FromDays(1_001),
                Restart = new Backoff(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1)),
                CommitRecords = 0,
                RestartLimit = -1,
            },
        };
        builder.From("a", new Bytes()).To(Target());
        var message = Should.Throw<PipelineException>(builder.Build).Message;
        foreach (var mistake in new[]
        {
            "Limits:UncommittedRecords is \"2147483647\" (code): it must be a whole number from 1 to 268435456.",
            "Limits:TimersPerShard is \"-1\" (code): it must be a whole number from 1 to 10000000.",
            "Limits:WindowBytes is \"1073741824\" (code): it must be a whole number from 1 to 536870912.",
            "Timing:DrainLimit is \"0s\" (code): it must be a time from 1ms to 1m, such as 500ms, 5s or 00:00:05.",
            "Timing:CommitSpacing is \"-1s\" (code): it must be a time from 1ms to 1h",
            "Timing:StopLimit is \"-1ms\" (code): it must be", "Timing:StartLimit is \"4m\" (code): it must be",
            "Timing:MaxEventTimeLead is \"-1h\" (code): it must be a time from 0s to 1000d",
            "Timing:EventTimeIdleAfter is \"1001d\" (code): it must be a time from 0s to 1000d",
            "Timing:Restart:Max is \"1s\" (code): it must be a time from 2s to 1h",
            "Timing:CommitRecords is \"0\" (code): it must be a whole number from 1 up.",
            "Timing:RestartLimit is \"-1\" (code): it must be a whole number from 0 up.",
            "MaxRecordsPerSecond is \"-1\" (code): it must be a whole number from 0 up.",
        })
        {
            message.ShouldContain(mistake);
        }
    }

    [Fact]
    public void The_limits_and_times_at_the_ends_of_their_ranges_are_built()
    {
        var builder = new PipelineBuilder("feed")
        {
            Limits = new PipelineLimits { UncommittedRecords = 268_435_456, DedupBytes = 1, BatchRecords = 1 },
            Timing = new PipelineTiming
            {
                CommitSpacing = TimeSpan.FromMilliseconds(1),
                PassivateAfter = TimeSpan.FromDays(1_000),
                Restart = new Backoff(TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(1)),
                CommitRecords = int.MaxValue,
                RestartLimit = 0,
            },
        };
        builder.From("a", new Bytes()).To(Target());
        Should.NotThrow(builder.Build);
    }

    [Fact]
    public void A_pipeline_needs_a_route() =>
        Should.Throw<PipelineException>(new PipelineBuilder("empty").Build).Message.ShouldContain("no route");

    [Fact]
    public void A_sound_pipeline_is_built()
    {
        var builder = new PipelineBuilder("feed");
        builder.From("a", new Bytes()).Every(TimeSpan.FromMilliseconds(100)).Latest().To(Target());
        builder.Build().Routes.Single().Connectors.ShouldBe(["redis"]);
    }

    [Fact]
    public void What_a_state_lacks_to_be_stored_is_named_with_the_remedy()
    {
        var builder = new PipelineBuilder("feed");
        builder.From("a", new Bytes()).Entity<Handler<NoVersion>, NoVersion, string>().To(Target());
        builder.From("b", new Bytes()).Entity<Handler<Hidden>, Hidden, string>().To(Target());
        var message = Should.Throw<PipelineException>(builder.Build).Message;
        message.ShouldContain(
            "The state NoVersion of the entity Handler<NoVersion> has no version: write [StateVersion(1)]");
        builder = new PipelineBuilder("feed");
        builder.From("b", new Bytes()).Entity<Handler<Hidden>, Hidden, string>().To(Target());
        message = Should.Throw<PipelineException>(builder.Build).Message;
        message.ShouldContain("Hidden.seen is not public, and would not be stored");
        message.ShouldContain("Hidden.Names could not be read back. Give it a setter, or init");
        message.ShouldContain("Part.lost is not public", customMessage: "parts of parts are stored too");
        message.ShouldNotContain("Computed");
        message.ShouldNotContain("Unwanted");
        builder = new PipelineBuilder("feed");
        builder.From("b", new Bytes())
            .Entity<Handler<Hidden>, Hidden, string>(new() { State = Json.Of<Hidden>() }).To(Target());
        Should.NotThrow(builder.Build, "its own codec knows what it does");
    }

    [Fact]
    public void Two_routes_with_the_same_entity_share_its_shards_and_its_targets()
    {
        var builder = new PipelineBuilder("feed");
        builder.From("a", new Bytes()).Entity<Handler<Sound>, Sound, string>();
        builder.From("b", new Bytes()).Entity<Handler<Sound>, Sound, string>().To(Target());
        builder.From("c", new Bytes()).Entity<Handler<Sound>, Sound, string>(new() { Name = "apart" }).To(Target());
        var routes = builder.Build().Routes;
        routes[0].ShardGroup.ShouldBe(routes[1].ShardGroup);
        routes[0].Connectors.ShouldBe(["redis"]);
        routes[2].ShardGroup.ShouldNotBe(routes[1].ShardGroup);
    }

    [Fact]
    public void Two_kinds_of_entity_with_one_name_are_named_as_their_author_writes_them()
    {
        var builder = new PipelineBuilder("feed");
        var same = "sums";
        builder.From("a", new Bytes())
            .Entity<Handler<Sound>, Sound, string>(new() { Name = same }).To(Target());
        builder.From("b", new Bytes())
            .Entity<Handler<Held<int[]>>, Held<int[]>, string>(new() { Name = same }).To(Target());
        Should.Throw<PipelineException>(builder.Build).Message.ShouldContain(
            "Two entities have the name sums, of the classes Handler<Sound> and Handler<Held<int[]>>: give each "
            + "its own");
    }

    [Fact]
    public void A_kind_of_a_closed_base_that_goes_nowhere_is_named_at_the_start_and_one_of_an_open_base_is_not()
    {
        Mistakes(static outputs => outputs.To(Of<Closed.Yes>())).ShouldBe(
            "The route a can emit No, and no To(…) takes it: give it a target, or say Ignore<No>() where it shall go "
            + "nowhere.");
        Mistakes(static outputs => outputs.To(Of<Closed.Yes>()).Ignore<Closed.No>()).ShouldBe("");
        Mistakes(static outputs => outputs.To(Of<Closed.Yes>()).To(Of<Closed.No>())).ShouldBe("");
        Mistakes(static outputs => outputs.To(Of<Closed>())).ShouldBe("");
        var builder = new PipelineBuilder("feed");
        builder.From("a", new Bytes()).FlatMap(static _ => Array.Empty<Open>()).To(Of<Open.Yes>());
        builder.Mistakes().ShouldBeEmpty();

        static string Mistakes(Action<OutputBuilder<Closed>> end)
        {
            var builder = new PipelineBuilder("feed");
            end(builder.From("a", new Bytes()).FlatMap(static _ => Array.Empty<Closed>()));
            return string.Join(' ', builder.Mistakes());
        }

        static Target<T> Of<T>() => new("redis", "out", Json.Of<T>());
    }

    [Fact]
    public void How_long_a_kind_of_entity_may_be_idle_has_a_range_and_is_said_once()
    {
        Mistake(TimeSpan.Zero, null).ShouldContain(
            "The entity Handler<Sound> is passivated after 0s (EntityOptions.PassivateAfter): it must be a time from "
            + "1ms to 1000d, or Timeout.InfiniteTimeSpan for never.");
        Mistake(TimeSpan.FromDays(1_001), null).ShouldContain("is passivated after 1001d");
        Mistake(TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(2)).ShouldContain(
            "is passivated after 1m by one route, and after 2m by another: say EntityOptions.PassivateAfter once");
        Mistake(TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1)).ShouldBe("");
        Mistake(TimeSpan.FromDays(1_000), null).ShouldBe("");
        Mistake(null, Timeout.InfiniteTimeSpan).ShouldBe("");

        static string Mistake(TimeSpan? one, TimeSpan? other)
        {
            var builder = new PipelineBuilder("feed");
            builder.From("a", new Bytes()).Entity<Handler<Sound>, Sound, string>(new() { PassivateAfter = one });
            builder.From("b", new Bytes())
                .Entity<Handler<Sound>, Sound, string>(new() { PassivateAfter = other }).To(Target());
            return string.Join(' ', builder.Mistakes());
        }
    }

    [Fact]
    public void An_entity_without_a_target_anywhere_leads_nowhere()
    {
        var builder = new PipelineBuilder("feed");
        builder.From("a", new Bytes()).Entity<Handler<Sound>, Sound, string>();
        Should.Throw<PipelineException>(builder.Build).Message.ShouldContain("The route a leads nowhere");
    }

    [Fact]
    public void Map_behind_what_is_said_about_its_source_is_a_mistake()
    {
        var builder = new PipelineBuilder("feed");
        builder.From("a", new Bytes()).DedupById(static text => text, TimeSpan.FromMinutes(1))
            .Map(static text => text + "!").To(Target());
        Should.Throw<PipelineException>(builder.Build).Message
            .ShouldContain("The route a says Map behind DedupById, SubKey or its end: say Map first");
    }

    [Fact]
    public void Dead_letters_must_not_come_round()
    {
        var builder = new PipelineBuilder("feed");
        builder.From("a", new Bytes()).DeadLetters("b").To(Target());
        builder.From("b", new Bytes()).To(Target());
        Should.Throw<PipelineException>(builder.Build).Message
            .ShouldContain("The route a writes its dead letters to b, which this pipeline reads");
    }

    private static Target<string> Target() => new("redis", static value => value, new Bytes());

    private sealed class Bytes : ICodec<string>
    {
        public bool TryRead(ReadOnlySpan<byte> bytes, out string value, out Rejection rejection)
        {
            (value, rejection) = ("", default);
            return true;
        }

        public void Write(scoped in string value, IBufferWriter<byte> output)
        {
        }
    }

    private sealed class Handler<TState> : IEntity<string, TState, string>
        where TState : new()
    {
        public void On(string record, ref TState state, Turn<string> turn) => turn.Emit(record);
    }

    [StateVersion(1)]
    private sealed class Sound
    {
        public int Seen { get; set; }
    }

    [StateVersion(1)]
    private sealed class Held<T>
    {
        public T? Value { get; set; }
    }

    private abstract record Closed
    {
        private Closed()
        {
        }

        public sealed record Yes : Closed;

        public sealed record No : Closed;
    }

    private abstract record Open
    {
        public sealed record Yes : Open;

        public sealed record No : Open;
    }

    private sealed class NoVersion
    {
        public int Seen { get; set; }
    }

    [StateVersion(1)]
    private sealed class Hidden
    {
        private int seen;

        public List<string> Names { get; } = [];

        public int Computed => seen++;

        [System.Text.Json.Serialization.JsonIgnore]
        public int Unwanted { get; set; }

        public List<Part> Parts { get; set; } = [];
    }

    private sealed class Part
    {
        private readonly int lost = Environment.ProcessId;

        public int Kept => lost;
    }
}
