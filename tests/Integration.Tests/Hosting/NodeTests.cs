using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using StreamActors.Hosting;
using StreamActors.Node;
using StreamActors.Redis;
using StreamActors.Kafka;
using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.Hosting;

/// <summary>What a node makes of a composition, of its peers, and of a stop.</summary>
public sealed class NodeTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData(null, "redis")]
    [InlineData("dlq", "redis kafka")]
    public async Task Only_the_sinks_that_a_pipeline_uses_are_opened_for_it(string? deadLetters, string expected)
    {
        var opened = new List<string>();
        var connectors = new Connectors();
        foreach (var name in (string[])["redis", "kafka", "other"])
        {
            connectors.Add(new Connector(name, _ => new Peer
            {
                Source = (_, _) => new FakeSource(),
                Sink = (_, _) =>
                {
                    opened.Add(name);
                    return new FakeSink(name, static () => true);
                },
            }));
        }

        await using var node = FakeNode.Make(
            new StreamActorsBuilder().AddFake(connectors, "redis", deadLetters));

        opened.ShouldBe(expected.Split(' '), ignoreOrder: true);
        node.Pipelines.ShouldHaveSingleItem().Sinks.Keys.ShouldBe(opened, ignoreOrder: true);
    }

    [Fact]
    public async Task All_pipelines_of_a_process_share_the_places_for_pages_of_their_state()
    {
        var places = new HashSet<object>();
        var connectors = new Connectors();
        connectors.Add(new Connector("odd", _ => new Peer
        {
            Source = (_, services) =>
            {
                places.Add(services.StatePages);
                return new FakeSource();
            },
            Sink = static (_, _) => new FakeSink("odd", static () => true),
        }));
        await using var node = FakeNode.Make(new StreamActorsBuilder()
            .AddFake(connectors, "odd", name: "trips").AddFake(connectors, "odd", name: "prices"));

        node.Pipelines.Count.ShouldBe(2);
        places.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task A_source_that_fails_for_good_before_it_is_ready_stops_its_pipeline_alone()
    {
        var broken = FakeNode.From(new FakeSource(failure: new IOException("no such cluster"))).AddSink(
            "odd", _ => new FakeSink("odd", static () => true));
        var sound = FakeNode.From(new FakeSource()).AddSink("odd", _ => new FakeSink("odd", static () => true));
        await using var node = FakeNode.Make(
            new StreamActorsBuilder().AddFake(broken, "odd", name: "broken").AddFake(sound, "odd", name: "sound"));

        await node.StartedAsync(default);

        var (first, second) = (node.Pipelines[0].Pipeline, node.Pipelines[1].Pipeline);
        await Machine.UntilAsync("one has stopped", Limit, () => Task.FromResult(first.Fatal is not null));
        first.Fatal!.ShouldContain("no such cluster");
        second.Fatal.ShouldBeNull();
        node.Unfinished.ShouldBe(["sound"]);
        await node.StoppingAsync(default);
    }

    [Fact]
    public async Task A_metric_page_of_a_users_asks_by_names_and_a_wrong_one_is_answered_with_those_that_there_are()
    {
        var connectors = FakeNode.From(new FakeSource()).AddSink("odd", _ => new FakeSink("odd", static () => true));
        await using var node = FakeNode.Make(new StreamActorsBuilder()
            .AddFake(connectors, "odd", name: "trips").AddFake(connectors, "odd", name: "prices"));
        using var probe = new PeerProbe(node, TimeProvider.System, NullLogger<PeerProbe>.Instance);
        using var rates = new RateWindow(node, TimeProvider.System);
        var metrics = new NodeMetrics(node, probe, rates);

        metrics.Pipeline("prices").ShouldBeSameAs(node.Pipelines[1].Pipeline.Metrics);
        metrics.Pipeline("prices").Sinks.Select(static sink => sink.Name).ShouldBe(["odd"]);
        metrics.Recent("trips", TimeSpan.FromMinutes(1)).Sink("none").Acknowledged.ShouldBe(0);
        metrics.IsConnected("odd").ShouldBeFalse("nobody asked yet");
        Should.Throw<ArgumentException>(() => metrics.Pipeline("tripps")).Message
            .ShouldStartWith("This node has no pipeline tripps. It has: trips, prices.");
    }

    [Fact]
    public async Task A_peer_whose_question_throws_counts_as_away_until_it_answers_and_hides_no_other()
    {
        var isBroken = true;
        var connectors = FakeNode.From(new FakeSource())
            .AddSink("odd", _ => new FakeSink("odd", () => isBroken ? throw new IOException("broken") : true));
        await using var node = FakeNode.Make(new StreamActorsBuilder().AddFake(connectors, "odd"));
        using var probe = new PeerProbe(node, TimeProvider.System, NullLogger<PeerProbe>.Instance);

        await probe.StartAsync(default);
        await Machine.UntilAsync(
            "both are asked",
            Limit,
            () => Task.FromResult(!probe.Peers.Any(static peer => peer.IsConnected is null)));
        probe.Peers.ShouldBe([("kafka", true), ("odd", false)]);

        isBroken = false;
        await Machine.UntilAsync("it is asked again", Limit, () => Task.FromResult(probe.IsConnected("odd")));
        isBroken = true;
        await Machine.UntilAsync("and again", Limit, () => Task.FromResult(!probe.IsConnected("odd")));
        probe.ExecuteTask!.IsCompleted.ShouldBeFalse();
        await probe.StopAsync(default);
    }

    [Fact]
    public async Task A_sink_that_is_away_while_nothing_is_to_be_delivered_is_said_once_and_once_when_it_is_back()
    {
        var answers = false;
        var asked = 0;
        var lines = new ConcurrentQueue<string>();
        var connectors = FakeNode.From(new FakeSource())
            .AddSink("odd", _ => new FakeSink("odd", () => Interlocked.Increment(ref asked) > 0 && answers));
        await using var node = FakeNode.Make(new StreamActorsBuilder().AddFake(connectors, "odd"));
        using var logging = LoggerFactory.Create(each => each.AddProvider(new LogLines(lines)));
        using var probe = new PeerProbe(node, TimeProvider.System, logging.CreateLogger<PeerProbe>());

        await probe.StartAsync(default);
        await Machine.UntilAsync("it is asked", Limit, () => Task.FromResult(Volatile.Read(ref asked) > 3));
        lines.ShouldHaveSingleItem().ShouldContain("No answer from odd");
        answers = true;
        await Machine.UntilAsync("it is back", Limit, () => Task.FromResult(lines.Count == 2));
        lines.Last().ShouldContain("odd answers again");
        await probe.StopAsync(default);
    }

    [Fact]
    public async Task A_stop_that_was_cut_says_what_was_left_and_one_that_was_not_says_nothing()
    {
        (await StopAsync(isDeaf: true)).ShouldNotBeNull().ShouldBe(
            "The stop was cut after 0.3 s: fake had not drained; records that were not committed are read again.");
        (await StopAsync(isDeaf: false)).ShouldBeNull();

        static async Task<string?> StopAsync(bool isDeaf)
        {
            var (settings, fake) = Compose(isDeaf);
            await using var app = NodeApp.Build(settings, [fake], static logging => logging.AddLines(static _ => { }));
            await NodeApp.StartAsync(app, settings, default);
            return await NodeApp.StopAsync(app);
        }
    }

    [Fact]
    public async Task Metrics_are_Prometheus_text_where_no_pipeline_has_a_page_of_its_own()
    {
        var (settings, fake) = Compose(isDeaf: false);
        await using var app = NodeApp.Build(settings, [fake], static logging => logging.AddLines(static _ => { }));
        await NodeApp.StartAsync(app, settings, default);
        using var http = new HttpClient();
        (await http.GetStringAsync(new Uri($"http://127.0.0.1:{settings.ApiPort}/metrics")))
            .ShouldContain("streamactors_records_received_total");
        (await NodeApp.StopAsync(app)).ShouldBeNull();
    }

    private static (NodeSettings Settings, PipelineEntry Fake) Compose(bool isDeaf)
    {
        var settings = new NodeSettings
        {
            ApiHost = "127.0.0.1",
            ApiPort = Machine.FreePort(),
            MetricsPort = Machine.FreePort(),
            LogLevel = "ERROR",
            JsonLogs = false,
            Environment = "test",
            Otlp = null,
        };
        var connectors = FakeNode.From(new FakeSource(isDeaf))
            .AddSink("odd", static _ => new FakeSink("odd", static () => true));
        var fake = new PipelineEntry(
            "fake",
            (node, services) =>
            {
                services.Configure<HostOptions>(
                    static host => host.ShutdownTimeout = TimeSpan.FromMilliseconds(300));
                node.AddFake(connectors, "odd");
            },
            new PipelinePeers(new KafkaOptions { BootstrapServers = "none" }, new RedisOptions())
            {
                Topics = [],
                Reads = [],
                PlatformTopics = [],
                Channels = [],
            });
        return (settings, fake);
    }
}
