using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using StreamActors.Hosting;
using StreamActors.Kafka;
using StreamActors.Node.Cli;
using StreamActors.Pipelines.RideShare;
using StreamActors.Sources;

namespace StreamActors.Node.Commands;

/// <summary><c>streamactors topics list</c> and <c>topics create</c>.</summary>
internal static class TopicsCommand
{
    private static readonly Argument<string?> PipelineName = new("pipeline")
    {
        Description = $"Whose topics: {string.Join(", ", PipelineCatalog.Names)}. Default: {RideSharePipeline.Name}.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<int?> Partitions = NumberOption.Positive(
        "--partitions", "N", "Partitions of each topic. Default: KAFKA_TOPIC_PARTITIONS.", 10_000);

    private static readonly Option<int?> Replication = NumberOption.Positive(
        "--replication", "N", "Replicas of each partition. Default: KAFKA_TOPIC_REPLICATION.", 100);

    private static readonly Option<bool> Platform = new("--platform")
    {
        Description = "All topics of the real platform, with its numbers of partitions.",
    };

    private static readonly Option<bool> Json = new("--json") { Description = "JSON instead of a table." };

    /// <summary>Makes the command.</summary>
    public static Command Make(CancellationToken stop)
    {
        var list = new Command("list", "List the topics of the cluster, without Kafka's own.") { Peers.Kafka, Json };
        list.SetAction(async (parsed, _) => await ListAsync(parsed, stop));
        var create = new Command(
            "create", "Create the topics of a pipeline that are missing; those that exist are left as they are.")
        {
            PipelineName, Partitions, Replication, Platform, Peers.Kafka, Json,
        };
        create.SetAction(async (parsed, _) => await CreateAsync(parsed, stop));
        return new Command("topics", "List or create Kafka topics, with the log-in of this environment.")
        {
            list, create,
        };
    }

    private static async Task<int> ListAsync(ParseResult parsed, CancellationToken stop)
    {
        using var admin = new KafkaAdmin(Read(parsed, RideSharePipeline.Name).Kafka);
        var topics = await admin.ListAsync(stop);
        var rows = topics.Select(static topic =>
            new TopicRow(topic.Name, topic.Partitions, topic.Replication, topic.Leaderless)).ToList();
        if (parsed.GetValue(Json))
        {
            Console.WriteLine(JsonSerializer.Serialize(rows, TopicJson.Default.ListTopicRow));
            return 0;
        }

        var table = new TextTable("TOPIC", "PARTITIONS", "REPLICAS", "WITHOUT LEADER");
        foreach (var row in rows)
        {
            table.Add(row.Name, $"{row.Partitions}", $"{row.Replication}", $"{row.Leaderless}");
        }

        Console.Write(rows.Count == 0 ? $"There are no topics yet.{Environment.NewLine}" : table.ToString());
        return 0;
    }

    private static async Task<int> CreateAsync(ParseResult parsed, CancellationToken stop)
    {
        var peers = Read(parsed, parsed.GetValue(PipelineName) ?? RideSharePipeline.Name);
        var wanted = (parsed.GetValue(Platform) ? peers.PlatformTopics : peers.Topics)
            .Select(topic => new TopicSpec(
                topic.Name,
                parsed.GetValue(Partitions) ?? topic.Partitions,
                (short)(parsed.GetValue(Replication) ?? topic.Replication)))
            .ToList();
        using var admin = new KafkaAdmin(peers.Kafka);
        var created = await admin.CreateAsync(wanted, stop);
        var existing = (await admin.ListAsync(stop)).ToDictionary(static topic => topic.Name, StringComparer.Ordinal);
        var rows = wanted.Select(topic => new CreatedRow(
            topic.Name,
            created.Contains(topic.Name),
            topic.Partitions,
            existing.TryGetValue(topic.Name, out var found) ? found.Partitions : topic.Partitions)).ToList();
        if (parsed.GetValue(Json))
        {
            Console.WriteLine(JsonSerializer.Serialize(rows, TopicJson.Default.ListCreatedRow));
            return 0;
        }

        var table = new TextTable("TOPIC", "PARTITIONS", "RESULT");
        foreach (var row in rows)
        {
            table.Add(row.Name, $"{row.Partitions}", row.IsCreated ? "created"
                : row.Partitions == row.Wanted ? "was there already"
                : $"was there already, and keeps its partitions (asked for: {row.Wanted})");
        }

        Console.Write(table);
        return 0;
    }

    private static PipelinePeers Read(ParseResult parsed, string pipeline)
    {
        var reader = EnvironmentSettings.Reader(Peers.Environment(parsed));
        var peers = PipelineCatalog.Read([pipeline], reader)[0].Peers;
        UserErrorException.ThrowIfAny(reader.Mistakes);
        return peers;
    }
}

/// <summary>A topic of the cluster, in JSON.</summary>
internal sealed record TopicRow(string Name, int Partitions, int Replication, int Leaderless);

/// <summary>A topic that was asked for, in JSON.</summary>
internal sealed record CreatedRow(
    string Name, [property: JsonPropertyName("created")] bool IsCreated, int Wanted, int Partitions);

/// <summary>Serialises without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(List<TopicRow>))]
[JsonSerializable(typeof(List<CreatedRow>))]
internal sealed partial class TopicJson : JsonSerializerContext;
