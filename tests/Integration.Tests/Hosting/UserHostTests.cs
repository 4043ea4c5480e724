using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using StreamActors.Hosting;
using StreamActors.Kafka;
using StreamActors.Sinks;
using StreamActors.Tests.Fixtures;
using StreamActors.Tests.Kafka;

namespace StreamActors.Tests.Hosting;

/// <summary>Pipelines in a host that a user owns: their configuration, services, logging and health checks.</summary>
public sealed class UserHostTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task One_pipeline_that_fails_makes_the_node_unready_and_is_named_while_the_others_go_on()
    {
        using var broker = new EmbeddedBroker();
        broker.CreateTopic("good-in", 2);
        broker.CreateTopic("bad-in", 1);
        var inbox = new Inbox();
        var (app, lines, url) = Build(
            node => node.AddKafka().AddSink<InboxSink>("inbox").AddSink("broken", static _ => new BrokenSink())
                .AddPipeline("good", static p => p.From("good-in", new Text()).To(To("inbox")))
                .AddPipeline("bad", static p => p.From("bad-in", new Text()).To(To("broken"))),
            inbox,
            ("StreamActors:Kafka:BootstrapServers", broker.BootstrapServers),
            ("StreamActors:Kafka:Consumer:FetchMaxWait", "5ms"),
            ("StreamActors:Pipelines:bad:Timing:RestartLimit", "0"));
        await using var _ = app;
        app.MapStreamActors();
        app.MapHealthChecks("/healthz");
        await app.StartAsync();
        using var http = new HttpClient { BaseAddress = url };

        await UntilAsync(app, HealthStatus.Healthy, "All connections active");
        Topics.Fill(broker.BootstrapServers, "good-in", 0, from: 1, count: 1);
        await Machine.UntilAsync("the good one delivers", Limit, () => Task.FromResult(inbox.Values.Contains("1")));

        inbox.IsAway = true;
        await UntilAsync(app, HealthStatus.Degraded, "Inbox disconnected");
        inbox.IsAway = false;
        await UntilAsync(app, HealthStatus.Healthy, "All connections active");

        // It answers, and takes nothing.
        inbox.IsFull = true;
        Topics.Fill(broker.BootstrapServers, "good-in", 0, from: 3, count: 1);
        await UntilAsync(
            app, HealthStatus.Degraded, "good: good-in/0 waiting: inbox: The inbox is full: empty it.");
        inbox.IsFull = false;
        await UntilAsync(app, HealthStatus.Healthy, "All connections active");

        Topics.Fill(broker.BootstrapServers, "bad-in", 0, from: 1, count: 1);
        await UntilAsync(app, HealthStatus.Unhealthy, "The pipeline bad has stopped: ");
        (await http.GetAsync(new Uri("/healthz", UriKind.Relative))).StatusCode
            .ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await http.GetAsync(new Uri("/health/ready", UriKind.Relative))).StatusCode
            .ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await http.GetAsync(new Uri("/health/live", UriKind.Relative))).StatusCode.ShouldBe(HttpStatusCode.OK);
        using var page = await http.GetAsync(new Uri("/health", UriKind.Relative));
        page.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        var pipelines = JsonDocument.Parse(await page.Content.ReadAsStringAsync()).RootElement.GetProperty("pipelines");
        pipelines[0].GetRawText().ShouldBe("""{"name":"good","ready":true,"troubles":[]}""");
        pipelines[1].GetRawText().ShouldStartWith(
            """{"name":"bad","ready":false,"troubles":["stopped for good: """);

        Topics.Fill(broker.BootstrapServers, "good-in", 1, from: 2, count: 1);
        await Machine.UntilAsync("the good one goes on", Limit, () => Task.FromResult(inbox.Values.Contains("2")));
        lines.ShouldContain(static line => line.Contains("good: assigned partitions"), "the user's logging has it");
        await app.StopAsync();
        lines.ShouldContain(static line => line.Contains("good: drained, committed and left its group"));
    }

    [Fact]
    public async Task Sinks_handlers_and_calls_whose_services_are_missing_stop_the_start_and_are_all_named()
    {
        var (app, _, _) = Build(
            static node => AddFake(node).AddSink<InboxSink>("inbox").AddSink("other", static _ => new BrokenSink())
                .AddPipeline("feed", static p => p.From("in", new Text()).To(To("inbox")))
                .AddPipeline("call", static p =>
                    p.From("in", new Text()).MapAsync<Lookup, string>().To(To("other")))
                .AddPipeline("tail", static p => p.From("in", new Text()).Entity<Tail, Last, string>().To(To("other"))),
            inbox: null);
        await using var _ = app;

        var message = (await Should.ThrowAsync<PipelineException>(() => app.StartAsync())).Message;

        var sentences = message.Split(Environment.NewLine);
        sentences.Length.ShouldBe(3);
        sentences[0].ShouldStartWith("The pipeline feed: It emits to inbox, which cannot be made: InboxSink cannot ");
        sentences[1].ShouldStartWith("The pipeline call: MapAsync<Lookup> of in cannot start: Lookup ");
        sentences[2].ShouldStartWith("The pipeline tail: The entity Tail cannot start: Tail cannot be made: its "
            + "constructor takes Inbox, and nothing is registered for it. Register it with the host's services, ");
        sentences.ShouldAllBe(static sentence => sentence.Contains(nameof(Inbox)));
    }

    [Fact]
    public async Task What_is_wrong_stops_the_start_before_a_peer_is_opened()
    {
        var opened = 0;
        var (app, _, _) = Build(
            node =>
            {
                node.Connectors.Add(new Connector("kafka", _ => new Peer
                {
                    Source = (_, _) =>
                    {
                        opened++;
                        return new FakeSource();
                    },
                }));
                node.AddPipeline("feed", static p => p.From("in", new Text()).To(To("nowhere")));
            },
            inbox: null,
            services: static services => services.AddReferenceFile("no-such-file", static _ => ""));
        await using var _ = app;

        var message = (await Should.ThrowAsync<PipelineException>(() => app.StartAsync())).Message;

        message.ShouldContain("The pipeline feed: The route in emits to nowhere");
        message.ShouldContain("no-such-file");
        opened.ShouldBe(0);
    }

    [Fact]
    public async Task A_changed_rate_is_applied_and_any_other_change_is_said_once_to_need_a_restart()
    {
        var (app, lines, _) = Build(
            static node => AddFake(node).AddRedisLike()
                .AddPipeline("feed", static p => p.From("in", new Text()).To(To("peer"))),
            inbox: null,
            ("StreamActors:Peer:Password", "canary-one"),
            ("StreamActors:Pipelines:feed:MaxRecordsPerSecond", "10"));
        await using var _ = app;
        await app.StartAsync();
        var pipeline = app.Services.GetRequiredService<StreamActors.Hosting.Node>().Pipelines[0].Pipeline;
        pipeline.MaxRecordsPerSecond.ShouldBe(10);

        Change(("MaxRecordsPerSecond", "500"), ("GroupId", "other"));
        pipeline.MaxRecordsPerSecond.ShouldBe(500);
        pipeline.GroupId.ShouldBe("feed");
        lines.ShouldContain("feed: reads at most 500 records a second from now on, before 10; 0 is no bound");
        const string Restart = "StreamActors:Pipelines:feed:GroupId is \"other\" now: that needs a restart, until then "
            + "\"feed\" holds";
        Change();
        lines.Count(static line => line == Restart).ShouldBe(1);

        app.Configuration["StreamActors:Peer:Password"] = "canary-two";
        Change();
        lines.ShouldContain("StreamActors:Peer:Password is \"********\" now: that needs a restart, until then "
            + "\"********\" holds");
        lines.ShouldAllBe(static line => !line.Contains("canary"));

        Change(("MaxRecordsPerSecond", "many"), ("Limits:BatchRecords", "7"));
        pipeline.MaxRecordsPerSecond.ShouldBe(500);
        lines.Last().ShouldContain("nothing of it is applied: StreamActors:Pipelines:feed:MaxRecordsPerSecond is "
            + "\"many\"");

        app.Configuration["StreamActors:Peer:Password"] = "defect";
        Should.NotThrow(() => Change());
        lines.Last().ShouldContain("nothing of it is applied: System.FormatException");
        await app.StopAsync();

        void Change(params (string Name, string Value)[] settings)
        {
            foreach (var (name, value) in settings)
            {
                app.Configuration[$"StreamActors:Pipelines:feed:{name}"] = value;
            }

            ((IConfigurationRoot)app.Configuration).Reload();
        }
    }

    [Fact]
    public async Task A_reference_file_that_changes_under_a_running_host_is_read_again()
    {
        var path = Path.GetTempFileName();
        await File.WriteAllTextAsync(path, "one");
        var (app, _, _) = Build(static _ => { }, inbox: null, services => services.AddReferenceFile(path, Read));
        await using var _ = app;
        await app.StartAsync();
        var file = app.Services.GetRequiredService<ReferenceFile<string>>();
        file.Current.ShouldBe("one");

        await File.WriteAllTextAsync(path, "another");

        await Machine.UntilAsync("it is read again", Limit, () => Task.FromResult(file.Current == "another"));
        await app.StopAsync();

        static string Read(Stream stream)
        {
            using var reader = new StreamReader(stream);
            return reader.ReadToEnd();
        }
    }

    [Fact]
    public void A_second_call_gives_the_same_node()
    {
        var builder = WebApplication.CreateSlimBuilder();

        builder.AddStreamActors().ShouldBeSameAs(builder.AddStreamActors());
    }

    private static (WebApplication App, ConcurrentQueue<string> Lines, Uri Url) Build(
        Action<StreamActorsBuilder> add,
        Inbox? inbox,
        params (string Name, string Value)[] settings) => Build(add, inbox, static _ => { }, settings);

    private static (WebApplication App, ConcurrentQueue<string> Lines, Uri Url) Build(
        Action<StreamActorsBuilder> add,
        Inbox? inbox,
        Action<IServiceCollection> services,
        params (string Name, string Value)[] settings)
    {
        var url = new Uri($"http://127.0.0.1:{Machine.FreePort()}");
        var lines = new ConcurrentQueue<string>();
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseUrls(url.ToString());
        builder.Configuration.AddInMemoryCollection(
            settings.Select(static each => KeyValuePair.Create(each.Name, (string?)each.Value)));
        builder.Logging.ClearProviders();
        builder.Logging.AddProvider(new LogLines(lines));
        if (inbox is not null)
        {
            builder.Services.AddSingleton(inbox);
        }

        services(builder.Services);
        add(builder.AddStreamActors());
        return (builder.Build(), lines, url);
    }

    private static StreamActorsBuilder AddFake(StreamActorsBuilder node)
    {
        node.Connectors.Add(new Connector("kafka", _ => new Peer { Source = (_, _) => new FakeSource() }));
        return node;
    }

    private static Target<string> To(string sink) => new(sink, static _ => "out", new Text());

    private static Task UntilAsync(WebApplication app, HealthStatus status, string message) => Machine.UntilAsync(
        $"the check says {status}: {message}",
        Limit,
        async () =>
        {
            var checks = app.Services.GetRequiredService<HealthCheckService>();
            var report = await checks.CheckHealthAsync(static check => check.Tags.Contains("ready"));
            var (found, text) = (report.Status, report.Entries["streamactors"].Description ?? "");
            return found == status && text.Contains(message);
        });

    private sealed class Inbox
    {
        public ConcurrentQueue<string> Values { get; } = [];

        public bool IsAway { get; set; }

        public bool IsFull { get; set; }
    }

    private sealed class InboxSink(Inbox inbox) : ISink
    {
        public string Name => "inbox";

        public Task DeliverAsync(OutputBatch batch, CancellationToken stop)
        {
            if (inbox.IsFull)
            {
                throw new SinkException("The inbox is full: empty it.");
            }

            foreach (ref readonly var output in batch.Outputs)
            {
                inbox.Values.Enqueue(Encoding.UTF8.GetString(batch.Value(output)));
            }

            return Task.CompletedTask;
        }

        public ValueTask<bool> IsReachableAsync(CancellationToken stop) => ValueTask.FromResult(!inbox.IsAway);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    [StateVersion(1)]
    private sealed class Last
    {
        public string Value { get; set; } = "";
    }

    private sealed class Tail(Inbox inbox) : IEntity<string, Last, string>
    {
        public void On(string record, ref Last state, Turn<string> turn) => inbox.Values.Enqueue(record);
    }

    private sealed class Lookup(Inbox inbox) : IAsyncMap<string, string>
    {
        public ValueTask<string?> MapAsync(string value, Call call, CancellationToken stop) =>
            ValueTask.FromResult(inbox.Values.Contains(value) ? null : value);
    }

    private sealed class BrokenSink : ISink
    {
        public string Name => "broken";

        public Task DeliverAsync(OutputBatch batch, CancellationToken stop) =>
            throw new InvalidOperationException("A defect.");

        public ValueTask<bool> IsReachableAsync(CancellationToken stop) => ValueTask.FromResult(true);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class Text : ICodec<string>
    {
        public bool TryRead(ReadOnlySpan<byte> bytes, out string value, out Rejection rejection)
        {
            (value, rejection) = (Encoding.UTF8.GetString(bytes), default);
            return true;
        }

        public void Write(scoped in string value, System.Buffers.IBufferWriter<byte> output) =>
            Encoding.UTF8.GetBytes(value, output);
    }
}

/// <summary>A sink with a setting of its own.</summary>
internal static class PeerSetup
{
    public static StreamActorsBuilder AddRedisLike(this StreamActorsBuilder node)
    {
        node.Connectors.Add(new Connector("peer", static reader =>
        {
            if (reader.OptionalSecret("Password", null) == "defect")
            {
                throw new FormatException("A defect of the connector.");
            }

            return new Peer { Sink = static (_, _) => new FakeSink("peer", static () => true) };
        })
        {
            Section = "Peer",
        });
        return node;
    }
}
