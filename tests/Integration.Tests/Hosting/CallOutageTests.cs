using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using StreamActors.Hosting;
using StreamActors.Kafka;
using StreamActors.Tests.Fixtures;
using StreamActors.Tests.Kafka;

namespace StreamActors.Tests.Hosting;

/// <summary>What a host says of itself while the service behind <c>MapAsync</c> is dead, and after it.</summary>
public sealed class CallOutageTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_dead_service_degrades_the_pipeline_which_stays_ready_and_is_told_once_with_its_end()
    {
        using var broker = new EmbeddedBroker();
        broker.CreateTopic("in", 2);
        broker.CreateTopic("out", 1);
        var service = new Service { IsDead = true };
        var url = new Uri($"http://127.0.0.1:{Machine.FreePort()}");
        var lines = new ConcurrentQueue<string>();
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseUrls(url.ToString());
        builder.Configuration.AddInMemoryCollection(
            [KeyValuePair.Create("StreamActors:Kafka:BootstrapServers", (string?)broker.BootstrapServers)]);
        builder.Logging.ClearProviders();
        builder.Logging.AddProvider(new LogLines(lines));
        builder.Services.AddSingleton(service);
        builder.AddStreamActors().AddKafka().AddPipeline("orders", static pipeline => pipeline
            .From("in", Json.Of<int>())
            .MapAsync<Customers, int>(new()
            {
                Retry = Retry.On<HttpRequestException>(1_000, TimeSpan.FromMilliseconds(200)) with
                {
                    Longest = TimeSpan.FromSeconds(1),
                },
            })
            .To(StreamActors.Kafka.Kafka.Topic("out", Json.Of<int>())));
        await using var app = builder.Build();
        app.MapStreamActors();
        await app.StartAsync();
        using var http = new HttpClient { BaseAddress = url };
        await UntilAsync(app, HealthStatus.Healthy, "All connections active");

        Topics.Fill(broker.BootstrapServers, "in", 0, from: 1, count: 3);
        Topics.Fill(broker.BootstrapServers, "in", 1, from: 4, count: 3);
        await UntilAsync(app, HealthStatus.Degraded, "and none succeeded, the last: Connection refused");
        var page = JsonDocument.Parse(await http.GetStringAsync(new Uri("/health", UriKind.Relative))).RootElement;
        page.GetProperty("status").GetString().ShouldBe("degraded");
        page.GetProperty("pipelines")[0].GetRawText()
            .ShouldMatch("""^{"name":"orders","ready":true,"troubles":\["Customers: \d+ calls failed in \d+ s and""");
        await http.GetStringAsync(new Uri("/health/ready", UriKind.Relative));

        service.IsDead = false;
        await UntilAsync(app, HealthStatus.Healthy, "All connections active");
        lines.Count(static line => line.Contains("calls of Customers in")).ShouldBe(1);
        lines.Count(static line => line.Contains("a call of Customers has succeeded")).ShouldBe(1);
        using var question = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        question.Headers.Add("Accept", "text/plain");
        using var metrics = await http.SendAsync(question);
        var text = await metrics.Content.ReadAsStringAsync();
        text.ShouldMatch(
            """streamactors_calls_total{pipeline="orders",route="in",map="Customers",outcome="retried"} [1-9]""");
        text.ShouldContain("""streamactors_call_seconds_count{pipeline="orders",route="in",map="Customers"} """);
        await app.StopAsync();
    }

    private static Task UntilAsync(WebApplication app, HealthStatus status, string message) => Machine.UntilAsync(
        $"the check says {status}: {message}",
        Limit,
        async () =>
        {
            var checks = app.Services.GetRequiredService<HealthCheckService>();
            var report = await checks.CheckHealthAsync();
            return report.Status == status
                && report.Entries["streamactors"].Description?.Contains(message) == true;
        });

    private sealed class Service
    {
        public volatile bool IsDead;
    }

    private sealed class Customers(Service service) : IAsyncMap<int, int>
    {
        public ValueTask<int> MapAsync(int value, Call call, CancellationToken stop) => service.IsDead
            ? throw new HttpRequestException("Connection refused")
            : ValueTask.FromResult(value);
    }
}
