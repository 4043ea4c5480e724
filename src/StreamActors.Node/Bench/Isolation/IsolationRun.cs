using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using StreamActors.Hosting;
using StreamActors.Kafka;
using StreamActors.Sources;

namespace StreamActors.Node.Bench;

/// <summary>How <c>bench isolation</c> is run.</summary>
internal sealed record IsolationOptions
{
    /// <summary>Records of the throughput phase.</summary>
    public required int Records { get; init; }

    /// <summary>Keys of the records, one of a hundred of which fails.</summary>
    public required int Keys { get; init; }

    /// <summary>Records a second in the latency phase.</summary>
    public required int Rate { get; init; }

    /// <summary>How long the latency phase lasts, of each case.</summary>
    public required TimeSpan Latency { get; init; }

    /// <summary>Kafka; null = the embedded broker, in this process.</summary>
    public required string? Kafka { get; init; }
}

/// <summary>
/// Measures what keys whose calls fail cost the others: throughput and latency of the healthy keys, first while none
/// fails, then while one of a hundred does, on records of the same shape and in one process.
/// </summary>
internal sealed class IsolationRun(IsolationOptions options, Action<string> progress)
{
    private const int Partitions = 8;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(5);

    /// <summary>Measures.</summary>
    public async Task<IsolationReport> RunAsync(CancellationToken stop)
    {
        using var broker = options.Kafka is null ? new EmbeddedBroker() : null;
        var kafka = broker?.Options ?? new KafkaOptions { BootstrapServers = options.Kafka! };
        var baseline = await MeasureAsync(kafka, broker, fails: false, stop);
        var faulty = await MeasureAsync(kafka, broker, fails: true, stop);
        return new IsolationReport(options, baseline, faulty);
    }

    /// <summary>How many of so many records are of keys that do not fail.</summary>
    private int Healthy(int records) =>
        Enumerable.Range(0, records).Count(number => !IsolationPipeline.IsFailing(number % options.Keys));

    private async Task<IsolationFigures> MeasureAsync(
        KafkaOptions kafka, EmbeddedBroker? broker, bool fails, CancellationToken stop)
    {
        var what = fails ? "1 of 100 keys fails" : "no key fails";
        var topic = $"bench-isolation-{Guid.NewGuid():N}";
        await CreateAsync(kafka, broker, [topic, $"{topic}-out"], stop);
        using var filler = new Filler(kafka.BootstrapServers, topic, paced: true);
        var maker = new KeyMaker(options.Keys);
        progress($"{what}: filling a topic with {options.Records:N0} records");
        await Task.Run(() => filler.Fill(maker, options.Records, perSecond: null, stop), stop);

        using var host = Start(kafka, topic, fails);
        var metrics = host.Services.GetRequiredService<NodeMetrics>().Pipeline("isolation");
        var sink = metrics.Sinks.Single().Counters;
        var expected = fails ? Healthy(options.Records) : options.Records;
        progress($"{what}: throughput");
        await UntilAsync(() => sink.Acknowledged > 0, stop);
        var (began, first) = (TimeProvider.System.GetTimestamp(), sink.Acknowledged);
        await UntilAsync(() => sink.Acknowledged >= expected, stop);
        var share = fails ? 1 : (double)Healthy(options.Records) / options.Records;
        var perSecond = (expected - first) * share / TimeProvider.System.GetElapsedTime(began).TotalSeconds;

        progress($"{what}: latency at {options.Rate:N0} records/s for {options.Latency.TotalSeconds:N0} s");
        var paced = (int)(options.Rate * options.Latency.TotalSeconds);
        var before = sink.EndToEnd;
        var pacedMaker = new KeyMaker(options.Keys);
        await Task.Run(() => filler.Fill(pacedMaker, paced, options.Rate, stop), stop);
        expected += fails ? Healthy(paced) : paced;
        await UntilAsync(() => sink.Acknowledged >= expected, stop);
        var latency = sink.EndToEnd.Since(before);
        var parked = metrics.Routes.Sum(static route => route.Counters.ParkedRecords);
        await host.StopAsync(stop);
        return new IsolationFigures(perSecond, latency.Percentile(0.5), latency.Percentile(0.99), parked);
    }

    private static async Task CreateAsync(
        KafkaOptions kafka, EmbeddedBroker? broker, string[] topics, CancellationToken stop)
    {
        if (broker is not null)
        {
            Array.ForEach(topics, topic => broker.CreateTopic(topic, Partitions));
            return;
        }

        using var admin = new KafkaAdmin(kafka);
        await admin.CreateAsync([.. topics.Select(static topic => new TopicSpec(topic, Partitions, 1))], stop);
    }

    private static async Task UntilAsync(Func<bool> isTrue, CancellationToken stop)
    {
        while (!isTrue())
        {
            await Task.Delay(Look, TimeProvider.System, stop);
        }
    }

    private static IHost Start(KafkaOptions kafka, string topic, bool fails)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSingleton(new IsolationPipeline.Service { Fails = fails });
        builder.AddStreamActors().AddKafka(kafka).AddPipeline("isolation", pipeline =>
        {
            pipeline.GroupId = topic;
            new IsolationPipeline(topic, $"{topic}-out").Define(pipeline);
        });
        var host = builder.Build();
        host.Start();
        return host;
    }
}
