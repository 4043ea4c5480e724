using System.Text.Json.Serialization;
using StreamActors;

namespace Archiving;

public sealed record Order(string Id, DateTimeOffset At, decimal Total);

/// <summary>All orders as lines of JSON, a file for each day (UTC).</summary>
public static class Archive
{
    public static void Define(PipelineBuilder pipeline) => pipeline
        .From("orders", Json.Of(Shapes.Default.Order))
        .CreateTopic(partitions: 8, replication: 1)
        .To(Files.Lines(order => $"orders-{order.At.UtcDateTime:yyyy-MM-dd}.jsonl", Json.Of(Shapes.Default.Order)))
        .DeadLetters("orders.dlq");
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Order))]
internal sealed partial class Shapes : JsonSerializerContext;
