using System.Globalization;
using System.Net;
using Confluent.Kafka;
using Enrichment;
using Fraud;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using PageViews;
using RateLimiter;
using StreamActors.Hosting;
using StreamActors.Kafka;
using StreamActors.Tests.Fixtures;
using WordCount;

namespace StreamActors.Tests.Samples;

/// <summary>Each sample once on a real Kafka, in a host as its program makes one.</summary>
public sealed class SampleTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly JumpingTime time = new();
    private string servers = "";
    private WebApplication? app;

    [KafkaFact]
    public async Task Page_views_become_a_session_when_thirty_minutes_were_quiet()
    {
        await StartAsync("page-views", Visits.Define);
        await ProduceAsync("page-views", ("ann", """{"url":"/"}"""), ("ann", "{"));
        (await ReadAsync("page-views.dlq", 1)).ShouldBe(["{"]);
        time.Jump(TimeSpan.FromMinutes(31));
        await ProduceAsync("page-views", ("ann", "{"));    // a turn of the shard, which sees the time
        (await ReadAsync("sessions", 1)).ShouldHaveSingleItem().ShouldStartWith("""{"user":"ann","views":1,""");
    }

    [KafkaFact]
    public async Task Words_are_counted_whichever_partition_their_lines_lie_in()
    {
        await StartAsync("word-count", Counter.Define);
        await ProduceAsync("lines", [.. Enumerable.Range(0, 50).Select(static number => ($"k{number}", "one two"))]);
        var counts = await ReadAsync("counts", 100);
        counts.ShouldContain("""{"word":"ONE","times":50}""");
        counts.ShouldContain("""{"word":"TWO","times":50}""");
    }

    [KafkaFact]
    public async Task Who_is_over_the_rate_is_refused_on_a_topic_of_its_own()
    {
        await StartAsync("rate-limiter", Limiter.Define, static services => services.Configure<Rate>(static rate =>
        {
            rate.Burst = 2;
            rate.PerSecond = 0.001;
        }));
        await ProduceAsync("requests", [.. Enumerable.Range(0, 5).Select(static _ => ("ann", """{"path":"/"}"""))]);
        (await ReadAsync("allowed", 2)).Count.ShouldBe(2);
        (await ReadAsync("refused", 3)).Count.ShouldBe(3);
    }

    [KafkaFact]
    public async Task A_payment_from_elsewhere_right_after_a_sign_in_is_suspect()
    {
        await StartAsync("fraud", FraudRule.Define);
        await ProduceAsync("sign-ins", ("ann", """{"country":"NL"}"""));
        await Machine.UntilAsync("the sign-in", Limit, () => Task.FromResult(Received("sign-ins") == 1));
        await ProduceAsync("payments", ("ann", """{"id":"p1","amount":10,"country":"BR"}"""));
        (await ReadAsync("alerts", 1)).ShouldHaveSingleItem().ShouldContain("\"paymentId\":\"p1\"");
    }

    [KafkaFact]
    public async Task A_sighting_is_located_by_a_service_that_fails_at_first()
    {
        var asked = 0;
        await using var service = WebApplication.CreateSlimBuilder().Build();
        service.Urls.Add("http://127.0.0.1:0");
        service.MapGet("/place", () => Interlocked.Increment(ref asked) <= 2
            ? Results.StatusCode((int)HttpStatusCode.ServiceUnavailable)
            : Results.Json(new Place("Amsterdam", "NL")));
        await service.StartAsync();
        await StartAsync("enrichment", GeoLookup.Define, services => services.AddHttpClient<GeoLookup>(
            client => client.BaseAddress = new Uri(service.Urls.Single())));
        await ProduceAsync("sightings", ("car", """{"plate":"AB-1","latitude":52.4,"longitude":4.9}"""));
        (await ReadAsync("located", 1)).ShouldBe(["""{"plate":"AB-1","city":"Amsterdam","country":"NL"}"""]);
        asked.ShouldBe(3);
    }

    /// <inheritdoc/>
    public async Task InitializeAsync() =>
        servers = KafkaOffer.Shared.WhyNot is null ? (await RealKafka.SharedAsync()).Bootstrap : "";

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (app is not null)
        {
            await app.StopAsync();
            await app.DisposeAsync();
        }
    }

    private async Task StartAsync(
        string name, Action<PipelineBuilder> define, Action<IServiceCollection>? more = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton<TimeProvider>(time);
        more?.Invoke(builder.Services);
        builder.AddStreamActors().AddKafka(new KafkaOptions { BootstrapServers = servers }).AddPipeline(name, define);
        app = builder.Build();
        await app.StartAsync();
        var node = app.Services.GetRequiredService<StreamActors.Hosting.Node>();
        await Machine.UntilAsync("ready", Limit, () => Task.FromResult(node.Pipelines[0].Pipeline.IsReady));
    }

    private long Received(string route) => app!.Services.GetRequiredService<StreamActors.Hosting.Node>()
        .Pipelines[0].Pipeline.Metrics.Routes.Single(each => each.Name == route).Counters.Received;

    private async Task ProduceAsync(string topic, params (string Key, string Value)[] records)
    {
        using var producer = new ProducerBuilder<string, string>(
            new ProducerConfig { BootstrapServers = servers }).Build();
        foreach (var (key, value) in records)
        {
            await producer.ProduceAsync(topic, new Message<string, string> { Key = key, Value = value });
        }
    }

    /// <summary>So many records of a topic, from its beginning; fewer when no more come.</summary>
    private async Task<IReadOnlyList<string>> ReadAsync(string topic, int count)
    {
        using var consumer = new ConsumerBuilder<string?, string>(new ConsumerConfig
        {
            BootstrapServers = servers,
            GroupId = RealKafka.Name("reader"),
            AutoOffsetReset = AutoOffsetReset.Earliest,
            EnableAutoCommit = false,
            AllowAutoCreateTopics = true,
            TopicMetadataRefreshIntervalMs = 500,
        }).Build();
        consumer.Subscribe(topic);
        var read = new List<string>();
        await Machine.UntilAsync(string.Create(CultureInfo.InvariantCulture, $"{count} of {topic}"), Limit, () =>
        {
            while (Next(consumer) is { } value)
            {
                read.Add(value);
            }

            return Task.FromResult(read.Count >= count);
        });
        consumer.Close();
        return read;
    }

    private static string? Next(IConsumer<string?, string> consumer)
    {
        try
        {
            return consumer.Consume(TimeSpan.FromMilliseconds(100))?.Message.Value;
        }
        catch (ConsumeException error) when (error.Error.Code == ErrorCode.UnknownTopicOrPart)
        {
            return null;    // it is made by its first record
        }
    }

    /// <summary>The machine's time, which a test lets jump ahead.</summary>
    private sealed class JumpingTime : TimeProvider
    {
        private long ahead;

        public void Jump(TimeSpan by) => Interlocked.Add(ref ahead, by.Ticks);

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow().AddTicks(Interlocked.Read(ref ahead));

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => System.GetUtcNow().Ticks + Interlocked.Read(ref ahead);
    }
}
