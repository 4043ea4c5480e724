using System.Buffers;
using Microsoft.Extensions.Configuration;
using StreamActors.Configuration;
using StreamActors.Hosting;
using StreamActors.Kafka;
using StreamActors.Limits;
using StreamActors.Pipelines.RideShare;
using StreamActors.Redis;
using StreamActors.Sinks;

namespace StreamActors.Pipelines.Tests.Hosting;

/// <summary>What a user's host makes of code and configuration, before anything connects.</summary>
public sealed class CompositionTests
{
    [Fact]
    public void All_mistakes_of_a_host_are_told_at_once_a_line_each()
    {
        var node = new StreamActorsBuilder()
            .AddKafka(new KafkaOptions { BootstrapServers = " " })
            .AddRedis()
            .AddPipeline("a", static p => p.From("in", new Text()).To(To("redis")))
            .AddPipeline("b", static p => p.From("in", new Text()).Named("odd").To(To("mongo")))
            .AddPipeline("c", static p => p.GroupId = "a")
            .AddPipeline("a", static p => p.From("other", new Text()).To(To("redis")))
            .AddPipeline("d", static p => p.From("in", new Text()).To(To("redis")), new Connectors().AddRedis());
        var composition = Compose(
            node,
            ("StreamActors:Redis:Port", "70000"),
            ("StreamActors:Redis:ConnectTimeout", "5"),
            ("StreamActors:Kafka:Consumer:GroupProtocol", "zookeeper"),
            ("StreamActors:Pipelines:a:Limits:MailboxRecords", "none"),
            ("StreamActors:Pipelines:a:Timing:CommitIntervall", "5s"));

        var told = Should.Throw<PipelineException>(composition.ThrowIfAnyMistake).Message.Split(Environment.NewLine);

        foreach (var sentence in (string[])
                 [
                     "The Kafka bootstrap servers are empty; give at least one as host:port.",
                     "StreamActors:Redis:Port is \"70000\" (memory): it must be a whole number from 1 to 65535.",
                     "StreamActors:Redis:ConnectTimeout is \"5\" (memory): it must be a time from 10ms to 1h, such as "
                     + "500ms, 5s or 00:00:05.",
                     "StreamActors:Kafka:Consumer:GroupProtocol is \"zookeeper\" (memory): it must be one of Auto, "
                     + "Consumer, Classic.",
                     "StreamActors:Pipelines:a:Limits:MailboxRecords is \"none\" (memory): it must be a whole number "
                     + "from 1 to 10000000.",
                     "StreamActors:Pipelines:a:Timing:CommitIntervall (memory) is not a setting of this host. Did you "
                     + "mean StreamActors:Pipelines:a:Timing:CommitInterval?",
                     "Two pipelines are named a: give one of them another name.",
                     "The pipeline b: The route odd emits to mongo, which is not connected: add it to the host with "
                     + "AddKafka(), AddRedis() or AddSink(\"mongo\", …).",
                     "The pipeline c: It has no route: add one with From(topic, codec).",
                     "The pipelines a and c have the same consumer group a: each needs its own, such as by "
                     + "StreamActors:Pipelines:c:GroupId.",
                     "The pipeline d: It has nothing to read from: add a source, such as AddKafka().",
                 ])
        {
            told.ShouldContain(sentence);
        }

        told.Length.ShouldBe(11, string.Join('\n', told));
    }

    [Fact]
    public void Code_gives_the_default_a_file_wins_over_it_and_the_environment_over_both()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, """{"StreamActors": {"Redis": {"Host": "of-file", "Port": 7001}}}""");
        Environment.SetEnvironmentVariable("CASE1_StreamActors__Redis__Port", "7002");
        var configuration = new ConfigurationManager();
        configuration.AddJsonFile(file).AddEnvironmentVariables("CASE1_");
        var node = new StreamActorsBuilder()
            .AddRedis(new RedisOptions
            {
                Host = "of-code", Port = 7000, Database = 3, User = "u", Password = "canary",
            });

        var composition = new Composition(node, configuration, []);

        var settings = composition.Settings.ToDictionary(static each => each.Name["StreamActors:Redis:".Length..]);
        ValueOf("Host").ShouldBe(("of-file", Path.GetFileName(file)));
        ValueOf("Port").ShouldBe(("7002", "environment, as CASE1_StreamActors__Redis__Port"));
        ValueOf("Database").ShouldBe(("3", "code"));
        ValueOf("Password").ShouldBe(("********", "code"));
        ValueOf("OperationTimeout").ShouldBe(("5s", null));
        composition.Mistakes.ShouldBeEmpty();
        composition.Page().ShouldNotContain("canary");

        (string, string?) ValueOf(string name) => (settings[name].Value, settings[name].From);
    }

    [Fact]
    public void What_configuration_says_of_a_pipeline_is_what_it_runs_with()
    {
        var node = new StreamActorsBuilder().AddKafka().AddRedis().AddPipeline("feed", static pipeline =>
        {
            pipeline.StartAt = StartAt.Latest;
            pipeline.Limits = new PipelineLimits { BatchRecords = 10, MailboxRecords = 20 };
            pipeline.From("in", new Text()).To(To("redis"));
        });
        var composition = Compose(
            node,
            ("StreamActors:Pipelines:feed:GroupId", "feed-2"),
            ("streamactors:pipelines:FEED:limits:mailboxrecords", "30"),
            ("StreamActors:Pipelines:feed:Timing:CommitInterval", "00:00:02"),
            ("StreamActors:Pipelines:feed:MaxRecordsPerSecond", "500"),
            ("StreamActors:Pipelines:feed:Limits:Parking:Records", "77"));

        composition.ThrowIfAnyMistake();
        var feed = composition.Pipelines.ShouldHaveSingleItem().Builder;
        (feed.GroupId, feed.StartAt, feed.MaxRecordsPerSecond).ShouldBe(("feed-2", StartAt.Latest, 500));
        (feed.Limits.BatchRecords, feed.Limits.MailboxRecords, feed.Limits.Parking.Records).ShouldBe((10, 30, 77));
        feed.Timing.CommitInterval.ShouldBe(TimeSpan.FromSeconds(2));
        var page = composition.Page();
        page.ShouldMatch("(?m)^StreamActors:Pipelines:feed:Limits:BatchRecords +10 +code");
        page.ShouldMatch("(?m)^StreamActors:Pipelines:feed:StartAt +Latest +code");
        page.ShouldMatch("(?m)^StreamActors:Pipelines:feed:Timing:DrainLimit +800ms +default");

        // 512 KB batch with the mailbox, twice 512 KB outbox, 4 bytes for each of 1,048,576 offsets.
        MemoryOf(page).ShouldBe(
        [
            "a partition of in: 8.5 MB (2 MB client + 1.5 MB mailbox + 1 MB outboxes + 4 MB offsets)",
            "besides: 16 MB (16 MB batches between two uses)",
        ]);
    }

    [Fact]
    public void The_page_tells_the_memory_of_what_the_routes_have()
    {
        var node = new StreamActorsBuilder().AddKafka().AddPipeline("feed", static p =>
        {
            p.From("windows", new Text()).DedupById(static _ => 1, TimeSpan.FromMinutes(1))
                .Every(TimeSpan.FromSeconds(1)).Latest().To(To("kafka"));
            p.From("calls", new Text()).MapAsync<Lookup, string>().To(To("kafka")).DeadLetters("dlq");
            p.From("people", new Text()).Entity<People, Person, string>().To(To("kafka"));
        });

        MemoryOf(Compose(node).Page()).ShouldBe(
        [
            "a partition of windows: 40.5 MB (2 MB client + 1.5 MB mailbox + 1 MB outboxes + 4 MB offsets "
                + "+ 32 MB windows)",
            "a partition of calls: 20.4 MB (2 MB client + 1.5 MB mailbox + 2 MB outboxes + 4 MB offsets "
                + "+ 10.9 MB parked for calls)",
            "a partition of people: 84.8 MB (2 MB client + 1.5 MB mailbox + 1 MB outboxes + 4 MB offsets "
                + "+ 76.3 MB timers)",
            "besides: 160.3 MB (64 MB outputs in clients + 16 MB batches between two uses + 80 MB ids of dedup "
                + "+ 0.3 MB calls under way)",
            "and the states of 100000 active entities a shard, by their own sizes",
        ]);
        var stored = MemoryOf(Compose(node.AddRedis()).Page());
        stored[2].ShouldEndWith("+ 76.3 MB timers + 10.9 MB parked for states + 26.7 MB keys in the store)");
        stored[3].ShouldEndWith("+ 1 MB pages of state on their way)");
        stored[4].ShouldContain("twice what of them changes between two saves");
    }

    [Fact]
    public void What_configuration_says_of_a_call_is_what_it_is_made_with_and_its_retry_filter_stays_the_codes()
    {
        var node = new StreamActorsBuilder().AddKafka().AddPipeline("geo", static p => p.From("in", new Text())
            .MapAsync<Lookup, string>(new()
            {
                MaxInFlight = 8,
                Retry = Retry.On<IOException>(3, TimeSpan.FromSeconds(1)),
            })
            .To(To("kafka")));
        var composition = Compose(
            node,
            ("StreamActors:Pipelines:geo:Maps:Lookup:Timeout", "2s"),
            ("StreamActors:Pipelines:geo:Maps:Lookup:Retry:Attempts", "7"));

        composition.Mistakes.ShouldBeEmpty();
        var options = PipelineSettings.Of(composition.Pipelines[0].Builder).Maps["Lookup"];
        (options.MaxInFlight, options.Timeout).ShouldBe((8, TimeSpan.FromSeconds(2)));
        options.Retry.ShouldBe(options.Retry with { Attempts = 7, First = TimeSpan.FromSeconds(1) });
        composition.Settings
            .Where(static setting => setting.Name.Contains(":Maps:"))
            .Select(static setting => (setting.Name.Split(":Lookup:")[1], setting.Value, setting.From))
            .ShouldBe(
            [
                ("MaxInFlight", "8", "code"), ("Timeout", "2s", "memory"), ("Retry:First", "1s", "code"),
                ("Retry:Attempts", "7", "memory"), ("Retry:Longest", "30s", null),
            ]);
    }

    [Fact]
    public void A_call_that_the_pipeline_does_not_have_and_a_value_that_cannot_be_are_mistakes()
    {
        var node = new StreamActorsBuilder().AddKafka().AddPipeline(
            "geo", static p => p.From("in", new Text()).MapAsync<Lookup, string>().To(To("kafka")));

        Compose(
            node,
            ("StreamActors:Pipelines:geo:Maps:Lokup:Timeout", "2s"),
            ("StreamActors:Pipelines:geo:Maps:Lookup:Timeout", "2"),
            ("StreamActors:Pipelines:geo:Maps:Lookup:Retry:Longest", "100ms")).Mistakes.ShouldBe(
        [
            "StreamActors:Pipelines:geo:Maps:Lookup:Timeout is \"2\" (memory): it must be a time from 1ms to 1h, such "
            + "as 500ms, 5s or 00:00:05.",
            "StreamActors:Pipelines:geo:Maps:Lookup:Retry:Longest is \"100ms\" (memory): it must be a time from 500ms "
            + "to 1h, such as 500ms, 5s or 00:00:05.",
            "StreamActors:Pipelines:geo:Maps:Lokup:Timeout (memory) is not a setting of this host. Did you mean "
            + "StreamActors:Pipelines:geo:Maps:Lookup:Timeout?",
        ]);
    }

    [Fact]
    public void A_client_setting_is_configured_by_its_own_name_and_no_value_of_one_is_shown()
    {
        var node = new StreamActorsBuilder().AddKafka(new KafkaOptions
        {
            ClientSettings = new Dictionary<string, string> { ["ssl.key.password"] = "canary-of-code" },
        });

        var good = Compose(node, ("StreamActors:Kafka:ClientSettings:socket.keepalive.enable", "true"));
        good.Mistakes.ShouldBeEmpty();
        good.Page().ShouldContain("socket.keepalive.enable");
        good.Page().ShouldNotContain("canary");

        Compose(node, ("StreamActors:Kafka:ClientSettings:socket.keepalive.enabled", "true"))
            .Mistakes.ShouldHaveSingleItem().ShouldContain("socket.keepalive.enabled");
        Compose(node, ("StreamActors:Kafka:ClientSettings:enable.auto.commit", "true"))
            .Mistakes.ShouldHaveSingleItem().ShouldContain("enable.auto.commit cannot be changed");
    }

    [Fact]
    public void A_pipeline_with_peers_of_its_own_finds_their_settings_in_its_section()
    {
        var node = new StreamActorsBuilder().AddKafka().AddRedis()
            .AddPipeline("shared", static p => p.From("in", new Text()).To(To("redis")))
            .AddPipeline(
                "own", static p => p.From("in", new Text()).To(To("redis")), new Connectors().AddKafka().AddRedis());

        var composition = Compose(
            node, ("StreamActors:Redis:Host", "one"), ("StreamActors:Pipelines:own:Redis:Host", "two"));

        composition.Mistakes.ShouldBeEmpty();
        composition.Settings.Single(static each => each.Name == "StreamActors:Redis:Host").Value.ShouldBe("one");
        composition.Settings.Single(static each => each.Name == "StreamActors:Pipelines:own:Redis:Host").Value
            .ShouldBe("two");
    }

    [Fact]
    public void A_pipeline_that_has_read_its_settings_by_names_of_its_own_takes_none_of_the_hosts()
    {
        var node = new StreamActorsBuilder().AddRideShare(Variables(("KAFKA_GROUP_ID", "mine")));

        Compose(node).Mistakes.ShouldBeEmpty();
        Compose(node).Page().ShouldMatch("(?m)^KAFKA_GROUP_ID +mine +environment");
        Compose(node, ("StreamActors:Pipelines:ride-share:GroupId", "x")).Mistakes.ShouldBe(
        [
            "StreamActors:Pipelines:ride-share:GroupId (memory) is not a setting of this host. The pipeline ride-share "
            + "takes its settings by names of its own.",
        ]);
    }

    [Fact]
    public void The_mistakes_of_a_pipeline_with_names_of_its_own_are_told_with_the_hosts()
    {
        var node = new StreamActorsBuilder().AddRideShare(Variables(("REDIS_PORT", "x"))).AddRedis();

        var mistakes = Compose(node, ("StreamActors:Redis:Port", "y")).Mistakes;

        mistakes.Count.ShouldBe(2);
        mistakes.ShouldContain("REDIS_PORT is \"x\": it must be a whole number from 1 to 65535.");
    }

    [Fact]
    public void A_setting_of_a_peer_that_was_not_added_says_what_there_is()
    {
        var node = new StreamActorsBuilder().AddKafka()
            .AddPipeline("feed", static p => p.From("in", new Text()).To(To("kafka")));

        Compose(node, ("StreamActors:Mongo:Host", "r")).Mistakes.ShouldBe(
        [
            "StreamActors:Mongo:Host (memory) is not a setting of this host. It has settings of Kafka, Pipelines:feed: "
            + "add the connector or the pipeline that is meant, or take the setting out.",
        ]);
    }

    [Fact]
    public void A_setting_of_a_connector_that_was_forgotten_says_first_what_is_missing()
    {
        var node = new StreamActorsBuilder()
            .AddPipeline("feed", static p => p.From("in", new Text()).To(To("kafka")));

        Compose(node, ("StreamActors:Kafka:BootstrapServers", "k:9092")).Mistakes[0].ShouldBe(
            "AddKafka() is missing: without it StreamActors:Kafka:BootstrapServers (memory) is not a setting of this "
            + "host. Add it, or take the setting out.");
    }

    [Fact]
    public void An_unknown_client_setting_is_told_with_all_other_mistakes_by_its_full_name()
    {
        var node = new StreamActorsBuilder().AddKafka()
            .AddPipeline("feed", static p => p.From("in", new Text()).To(To("kafka")));

        var mistakes = Compose(
            node,
            ("StreamActors:Kafka:ClientSettings:foo.bar", "1"),
            ("StreamActors:Kafka:Consumer:GroupProtocol", "zookeeper"),
            ("StreamActors:Pipelines:feed:Limits:BatchRecords", "many")).Mistakes;

        mistakes.Count.ShouldBe(3, string.Join('\n', mistakes));
        mistakes.ShouldContain(static each => each.Contains("StreamActors:Kafka:ClientSettings:foo.bar"));
        mistakes.ShouldContain(static each => each.Contains("Consumer:GroupProtocol"));
        mistakes.ShouldContain(static each => each.Contains("Limits:BatchRecords"));
    }

    [Fact]
    public void Settings_that_a_pipelines_code_asks_for_are_checked_and_shown_with_all_others()
    {
        static void Define(PipelineBuilder pipeline)
        {
            pipeline.Settings.Url("Customers:Url");
            pipeline.Settings.Number("Customers:Most", 5, min: 1, max: 10);
            pipeline.Settings.Secret("Customers:Token");
            pipeline.From("in", new Text()).To(To("kafka"));
        }

        var wrong = Compose(
            new StreamActorsBuilder().AddKafka().AddPipeline("feed", Define),
            ("Customers:Url", "customers"), ("StreamActors:Pipelines:feed:Limits:BatchRecords", "many"));
        wrong.Mistakes.Count.ShouldBe(2, string.Join('\n', wrong.Mistakes));
        wrong.Mistakes.ShouldContain(
            "The pipeline feed: Customers:Url is \"customers\": it must be an http or https URL without a login, such "
            + "as http://localhost:8080.");

        var right = Compose(
            new StreamActorsBuilder().AddKafka().AddPipeline("feed", Define),
            ("Customers:Url", "http://customers"), ("Customers:Token", "canary"));
        right.ThrowIfAnyMistake();
        right.Page().ShouldMatch("(?m)^Customers:Url +http://customers +memory");
        right.Page().ShouldMatch("(?m)^Customers:Most +5 +default");
        right.Page().ShouldMatch(@"(?m)^Customers:Token +\*{8} +memory");
    }

    private static Composition Compose(StreamActorsBuilder node, params (string Name, string Value)[] settings)
    {
        var configuration = new ConfigurationManager();
        configuration.AddInMemoryCollection(
            settings.Select(static each => KeyValuePair.Create(each.Name, (string?)each.Value)));
        return new Composition(node, configuration, []);
    }

    private static SettingsReader Variables(params (string Name, string Value)[] variables) =>
        EnvironmentSettings.Reader(variables.ToDictionary(static each => each.Name, static each => each.Value));

    /// <summary>The lines of the only pipeline's memory.</summary>
    private static IReadOnlyList<string> MemoryOf(string page) =>
    [
        .. page[page.IndexOf("feed keeps in memory at most:", StringComparison.Ordinal)..].Split('\n').Skip(1)
            .Select(static line => line.Trim()).Where(static line => line.Length > 0),
    ];

    private static Target<string> To(string connector) => new(connector, static value => value, new Text());

    [StateVersion(1)]
    private record struct Person;

    private sealed class People : IEntity<string, Person, string>
    {
        public void On(string record, ref Person state, Turn<string> turn) => throw new NotSupportedException();
    }

    private sealed class Lookup : IAsyncMap<string, string>
    {
        public ValueTask<string?> MapAsync(string value, Call call, CancellationToken stop) =>
            throw new NotSupportedException();
    }

    private sealed class Text : ICodec<string>
    {
        public bool TryRead(ReadOnlySpan<byte> bytes, out string value, out Rejection rejection) =>
            throw new NotSupportedException();

        public void Write(scoped in string value, IBufferWriter<byte> output) => throw new NotSupportedException();
    }
}
