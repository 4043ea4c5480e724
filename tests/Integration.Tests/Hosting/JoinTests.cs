using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StreamActors.Hosting;
using StreamActors.Kafka;
using StreamActors.Sinks;
using StreamActors.Tests.Fixtures;
using StreamActors.Tests.RideShare;

namespace StreamActors.Tests.Hosting;

/// <summary>
/// A process that cannot start takes nothing from one that runs: it joins its groups only when all else has started.
/// </summary>
public sealed class JoinTests
{
    private const string Assigned = "assigned partitions";
    private const string Revoked = "revoked";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_host_whose_port_is_taken_never_joins_the_group_of_the_process_that_has_it()
    {
        using var broker = new EmbeddedBroker();
        broker.CreateTopic("in", 2);
        var url = $"http://127.0.0.1:{Machine.FreePort()}";
        var (healthy, told) = Build(url, node => Feed(node.AddKafka()), broker);
        await using var _ = healthy;
        healthy.MapStreamActors();
        await healthy.StartAsync();
        await Machine.UntilAsync(
            "the healthy one has its partitions", Limit, () => Task.FromResult(told.Any(IsAbout(Assigned))));

        var (second, heard) = Build(url, node => Feed(node.AddKafka()), broker, typeof(SlowStart));
        (await second.RunStreamActorsAsync([])).ShouldBe(2);

        heard.ShouldNotContain(static line => line.Contains(Assigned));
        told.Count(IsAbout(Assigned)).ShouldBe(1);
        told.ShouldNotContain(static line => line.Contains(Revoked));
        await healthy.StopAsync();
    }

    [RedisFact]
    public async Task A_node_whose_port_is_taken_never_joins_the_group_of_the_process_that_has_it()
    {
        await using var theatre = await Theatre.EmbeddedAsync();
        var healthy = await theatre.StartReadyAsync();

        var second = theatre.Start(("API_PORT", $"{healthy.ApiPort}"));
        (await second.ExitAsync(Limit)).ShouldBe(2);

        second.Log.ShouldContain($"Port {healthy.ApiPort} is in use");
        second.Log.ShouldNotContain(Assigned);
        healthy.Output.Count(IsAbout(Assigned)).ShouldBe(1);
        healthy.Log.ShouldNotContain(Revoked);
        await healthy.StopAsync();
    }

    [Fact]
    public async Task A_stop_in_the_midst_of_a_start_leaves_nothing_running()
    {
        using var broker = new EmbeddedBroker();
        broker.CreateTopic("in", 1);
        var url = $"http://127.0.0.1:{Machine.FreePort()}";
        var (app, heard) = Build(url, node => Feed(node.AddKafka()), broker, typeof(StopsTheHost));
        await using var _ = app;

        await Should.ThrowAsync<OperationCanceledException>(() => app.StartAsync());
        await app.StopAsync();

        heard.ShouldNotContain(static line => line.Contains(Assigned));
        app.Services.GetRequiredService<StreamActors.Hosting.Node>().Unfinished.ShouldBeEmpty();
    }

    [Fact]
    public async Task Health_says_of_a_pipeline_that_is_not_ready_what_it_waits_for_and_claims_nothing_else()
    {
        var url = $"http://127.0.0.1:{Machine.FreePort()}";
        var (app, _) = Build(url, static node =>
        {
            node.Connectors.Add(new Connector("kafka", _ => new Peer { Source = (_, _) => new FakeSource() }));
            Feed(node);
        });
        await using var _ = app;
        app.MapStreamActors();
        await app.StartAsync();
        using var http = new HttpClient();
        JsonElement page = default;

        await Machine.UntilAsync("its peers have answered", Limit, async () =>
        {
            page = JsonDocument.Parse(await http.GetStringAsync(new Uri($"{url}/health"))).RootElement;
            return page.GetProperty("status").GetString() == "healthy";
        });

        page.GetProperty("message").GetString().ShouldBe("All connections active; not ready: feed");
        page.GetProperty("pipelines")[0].GetRawText().ShouldBe(
            """{"name":"feed","ready":false,"troubles":["no partitions: The topic in does not exist."]}""");
        await app.StopAsync();
    }

    private static Func<string, bool> IsAbout(string what) => line => line.Contains(what);

    private static void Feed(StreamActorsBuilder node) => node
        .AddSink("inbox", static _ => new FakeSink("inbox", static () => true))
        .AddPipeline("feed", static p => p.From("in", Codec.Text).To(new Target<string>("inbox", "out", Codec.Text)));

    private static (WebApplication App, ConcurrentQueue<string> Lines) Build(
        string url, Action<StreamActorsBuilder> add, EmbeddedBroker? broker = null, Type? service = null)
    {
        var lines = new ConcurrentQueue<string>();
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseUrls(url);
        if (broker is not null)
        {
            builder.Configuration["StreamActors:Kafka:BootstrapServers"] = broker.BootstrapServers;
            builder.Configuration["StreamActors:Kafka:Consumer:FetchMaxWait"] = "5ms";
        }

        builder.Logging.ClearProviders();
        builder.Logging.AddProvider(new LogLines(lines));
        add(builder.AddStreamActors());
        if (service is not null)
        {
            builder.Services.AddSingleton(typeof(IHostedService), service);
        }

        return (builder.Build(), lines);
    }

    /// <summary>Starts before the web server, and gives what should wait time enough to join.</summary>
    private sealed class SlowStart : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) =>
            Task.Delay(TimeSpan.FromSeconds(3), cancellationToken);

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class StopsTheHost(IHostApplicationLifetime host) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            host.StopApplication();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
