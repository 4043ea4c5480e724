using Confluent.Kafka;
using StreamActors.Kafka;
using StreamActors.Tests.Fixtures;

namespace StreamActors.Packages.Tests;

/// <summary>A built project of the template, as a process of its own, on an embedded broker.</summary>
/// <param name="project">The project's folder.</param>
internal sealed class RunningApp(string project)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>
    /// A page view is counted, and one that is broken comes out as a dead letter; then the process ends in order.
    /// </summary>
    public async Task PushesRecordsThroughAsync(string pipeline)
    {
        using var broker = new EmbeddedBroker();
        foreach (var topic in new[] { "page-views", "page-views.dlq", "sessions" })
        {
            broker.CreateTopic(topic, 1);
        }

        var url = $"http://127.0.0.1:{Machine.FreePort()}";
        using var process = Shell.Start(
            project, "run", "--no-build", "--", "--urls", url,
            "--StreamActors:Kafka:BootstrapServers", broker.BootstrapServers);
        var log = process.StandardOutput.ReadToEndAsync();
        try
        {
            Produce(broker.BootstrapServers);
            using var client = new HttpClient { BaseAddress = new Uri(url) };
            var received = $"streamactors_records_received_total{{pipeline=\"{pipeline}\"";
            await SaysAsync(client, "/metrics", page => page.Split('\n').Any(line =>
                line.StartsWith(received, StringComparison.Ordinal) && line.EndsWith(" 2", StringComparison.Ordinal)));
            await SaysAsync(client, "/health", static page => page.Contains("\"healthy\"", StringComparison.Ordinal));
            DeadLetter(broker.BootstrapServers).ShouldBe("{");
        }
        finally
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            Console.WriteLine(await log);
        }
    }

    private static void Produce(string servers)
    {
        using var producer = new ProducerBuilder<string, string>(
            new ProducerConfig { BootstrapServers = servers }).Build();
        foreach (var value in new[] { "{\"url\":\"/\"}", "{" })
        {
            producer.Produce("page-views", new Message<string, string> { Key = "ann", Value = value });
        }

        producer.Flush(Limit).ShouldBe(0);
    }

    private static string? DeadLetter(string servers)
    {
        using var consumer = new ConsumerBuilder<string, string>(
            new ConsumerConfig { BootstrapServers = servers, GroupId = "test" }).Build();
        consumer.Assign(new TopicPartitionOffset("page-views.dlq", 0, Offset.Beginning));
        return consumer.Consume(Limit)?.Message.Value;
    }

    private static Task SaysAsync(HttpClient client, string path, Predicate<string> isSo)
    {
        var page = "";
        return Machine.UntilAsync(
            $"{path} says what is expected",
            Limit,
            async () =>
            {
                try
                {
                    page = await client.GetStringAsync(path);
                    return isSo(page);
                }
                catch (HttpRequestException error)
                {
                    page = error.Message;
                    return false;
                }
            },
            seen: () => $", but:\n{page}");
    }
}
