using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StreamActors.Hosting;
using StreamActors.Kafka;
using StreamActors.Tests.Fixtures;
using StreamActors.Tests.Kafka;

namespace StreamActors.Tests.Hosting;

/// <summary>What a host says of partitions that make no progress: page, metric, log and health.</summary>
public sealed class StallPageTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_call_that_does_not_end_is_on_the_page_in_metrics_and_in_the_log_until_it_does()
    {
        using var broker = new EmbeddedBroker();
        broker.CreateTopic("in", 2);
        broker.CreateTopic("out", 1);
        var service = new Service();
        var url = new Uri($"http://127.0.0.1:{Machine.FreePort()}");
        var lines = new ConcurrentQueue<string>();
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseUrls(url.ToString());
        builder.Configuration.AddInMemoryCollection(
        [
            KeyValuePair.Create("StreamActors:Kafka:BootstrapServers", (string?)broker.BootstrapServers),
            KeyValuePair.Create("StreamActors:Pipelines:orders:Timing:StallAfter", (string?)"1s"),
        ]);
        builder.Logging.ClearProviders();
        builder.Logging.AddProvider(new LogLines(lines));
        builder.Services.AddSingleton(service);
        builder.AddStreamActors().AddKafka().AddPipeline("orders", static pipeline => pipeline
            .From("in", Json.Of<int>())
            .MapAsync<Customers, int>(new() { Timeout = TimeSpan.FromHours(1) })
            .To(StreamActors.Kafka.Kafka.Topic("out", Json.Of<int>())));
        await using var app = builder.Build();
        app.MapStreamActors();
        await app.StartAsync();
        using var http = new HttpClient { BaseAddress = url };
        (await GetAsync(http, "/stalls")).GetRawText().ShouldBe("[]");

        Topics.Fill(broker.BootstrapServers, "in", 0, from: 1, count: 3);
        Topics.Fill(broker.BootstrapServers, "in", 1, from: 4, count: 3);
        await Machine.UntilAsync(
            "both partitions stall", Limit, async () => (await GetAsync(http, "/stalls")).GetArrayLength() == 2);
        var stall = (await GetAsync(http, "/stalls")).EnumerateArray()
            .Single(static each => each.GetProperty("partition").GetInt32() == 0);
        Text(stall, "pipeline").ShouldBe("orders");
        Text(stall, "topic").ShouldBe("in");
        stall.GetProperty("offset").GetInt64().ShouldBe(0);
        Text(stall, "reason").ShouldBe("call");
        Text(stall, "stage").ShouldBe("Customers");
        Text(stall, "why").ShouldBe("call 1 of Customers is under way");
        stall.GetProperty("seconds").GetDouble().ShouldBeGreaterThanOrEqualTo(1);
        stall.GetProperty("since").GetDateTimeOffset().ShouldBeLessThan(DateTimeOffset.UtcNow);
        stall.GetProperty("lag").GetInt64().ShouldBe(3);
        stall.GetProperty("held").GetBoolean().ShouldBeFalse();
        stall.TryGetProperty("key", out _).ShouldBeTrue();
        stall.GetProperty("until").ValueKind.ShouldBe(JsonValueKind.Null);

        var metrics = await MetricsAsync(http);
        metrics.ShouldContain("""streamactors_stalled_partitions{pipeline="orders",reason="call"} 2""");
        metrics.ShouldContain("""streamactors_stalled_partitions{pipeline="orders",reason="sink"} 0""");
        metrics.ShouldMatch("""streamactors_oldest_stall_seconds{pipeline="orders",reason="call"} [1-9]""");
        var health = await GetAsync(http, "/health");
        Text(health, "status").ShouldBe("degraded");
        health.GetProperty("pipelines")[0].GetProperty("troubles").GetRawText()
            .ShouldContain("waiting: call 1 of Customers is under way");

        service.Answer.SetResult();
        await Machine.UntilAsync(
            "no partition stalls", Limit, async () => (await GetAsync(http, "/stalls")).GetRawText() == "[]");
        lines.Count(static line => line.Contains("no progress at in/")).ShouldBeInRange(1, 2);
        lines.First(static line => line.Contains("no progress at in/"))
            .ShouldMatch("orders: no progress at in/[01]@0.*, stage Customers since .*: call: call 1 of Customers is");
        lines.ShouldContain(static line => line.Contains("make progress again after"));
        (await MetricsAsync(http))
            .ShouldContain("""streamactors_stalled_partitions{pipeline="orders",reason="call"} 0""");
        await app.StopAsync();
    }

    private static string? Text(JsonElement page, string name) => page.GetProperty(name).GetString();

    private static async Task<JsonElement> GetAsync(HttpClient http, string page) =>
        JsonDocument.Parse(await http.GetStringAsync(new Uri(page, UriKind.Relative))).RootElement;

    private static async Task<string> MetricsAsync(HttpClient http)
    {
        using var question = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        question.Headers.Add("Accept", "text/plain");
        using var answer = await http.SendAsync(question);
        return await answer.Content.ReadAsStringAsync();
    }

    private sealed class Service
    {
        public TaskCompletionSource Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class Customers(Service service) : IAsyncMap<int, int>
    {
        public async ValueTask<int> MapAsync(int value, Call call, CancellationToken stop)
        {
            await service.Answer.Task.WaitAsync(stop);
            return value;
        }
    }
}
