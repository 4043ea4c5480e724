using System.Text.Json;
using System.Text.Json.Serialization;
using StreamActors.Stalls;

namespace StreamActors.Hosting;

/// <summary>A partition that makes no progress, as <c>/stalls</c> has it.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="Topic">The partition's topic.</param>
/// <param name="Partition">Its number.</param>
/// <param name="Offset">
/// The lowest record that is not done, or not committed; null where it is not known where the partition starts.
/// </param>
/// <param name="Reason">What is in its way, as <c>streamactors_stalled_partitions</c> has it.</param>
/// <param name="Stage">
/// The step, route, entity, sink or store that it is about; empty where it is none of these.
/// </param>
internal sealed record StallPage(
    string Pipeline, string Topic, int Partition, long? Offset, string Reason, string Stage)
{
    /// <summary>The key of the record; null where it has none, or it is about no record.</summary>
    public string? Key { get; init; }

    /// <summary>Since when it makes no progress.</summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>How long that is.</summary>
    public double Seconds { get; init; }

    /// <summary>When it is tried again, or ends by the clock; null = not by the clock.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Why, for people.</summary>
    public string Why { get; init; } = "";

    /// <summary>Records behind the position; null until the client knows.</summary>
    public long? Lag { get; init; }

    /// <summary>Whether the partition is not read meanwhile.</summary>
    public bool Held { get; init; }

    /// <summary>The stalls of a node, those that last longest first.</summary>
    public static StallPage[] Of(Node node) =>
    [
        .. from pipeline in node.Pipelines
           from status in pipeline.Pipeline.Metrics.Partitions
           let stall = status.Stall
           where stall is not null
           orderby stall.For descending, status.Partition.Topic, status.Partition.Number
           select Of(pipeline.Pipeline.Name, stall),
    ];

    /// <summary>The name of a reason.</summary>
    public static string NameOf(StallReason reason) => JsonNamingPolicy.SnakeCaseLower.ConvertName($"{reason}");

    private static StallPage Of(string pipeline, Stall stall)
    {
        var (partition, offset) = stall.At;
        var (reason, stage, why) = stall.Obstacle;
        return new StallPage(
            pipeline, partition.Topic, partition.Number, offset < 0 ? null : offset, NameOf(reason), stage)
        {
            Key = stall.Obstacle.Key,
            Since = stall.Since,
            Seconds = Math.Round(stall.For.TotalSeconds, 1),
            Until = stall.Until,
            Why = why,
            Lag = stall.Lag,
            Held = stall.IsHeld,
        };
    }
}

/// <summary>Serialises the page without reflection.</summary>
[JsonSerializable(typeof(StallPage[]))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
internal sealed partial class StallJson : JsonSerializerContext;
