using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using StreamActors.Node.Cli;
using StreamActors.Node.State;
using StreamActors.Redis;

namespace StreamActors.Node.Commands;

/// <summary><c>streamactors state list [PIPELINE]</c>: what there is.</summary>
internal static class StateListCommand
{
    private static readonly Argument<string?> PipelineName = new("pipeline")
    {
        Description = $"{PipelineGroup.Argument.Description} Default: all.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    /// <summary>Makes the command.</summary>
    public static Command Make(CancellationToken stop)
    {
        var command = new Command(
            "list",
            "List the shards whose state is in Redis: their saves, positions, parts and memory. It claims nothing and "
            + "changes nothing, so it may run beside the nodes. A large Redis is looked through in small steps (SCAN).")
        {
            PipelineName, ShardChoice.Option, Peers.Redis, StateCommand.Json,
        };
        command.SetAction((parsed, _) => RunAsync(parsed, stop));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        var of = PipelineGroup.Read(parsed, parsed.GetValue(PipelineName));
        await using var admin = new RedisStateAdmin(of.Peers.Redis, TimeProvider.System);
        var shards = await StateCommand.ReportAsync(
            admin, of, new ShardChoice(parsed.GetValue(ShardChoice.Option)), stop);
        if (parsed.GetValue(StateCommand.Json))
        {
            Console.WriteLine(JsonSerializer.Serialize(
                shards.Select(ShardRow.Of).ToList(), StateJson.Default.ListShardRow));
            return 0;
        }

        var now = TimeProvider.System.GetUtcNow();
        foreach (var group in shards.GroupBy(static shard => shard.Stored.Group))
        {
            Console.WriteLine($"{Ink.Strong(group.Key)}: {Totals([.. group])}");
            Console.Write(Table([.. group], now));
            Console.WriteLine();
        }

        Console.WriteLine(shards.Count == 0
            ? $"Redis {of.Peers.Redis.Endpoint}, database {of.Peers.Redis.Database}, keeps no state."
            : $"All: {Totals(shards)}");
        return 0;
    }

    private static string Totals(IReadOnlyList<ShardReport> shards) =>
        $"{Say.Of(shards.Count, "shard")}, {Say.Of(shards.Sum(static shard => shard.Keys), "key")}, "
        + $"{Say.Bytes(shards.Sum(static shard => shard.LogBytes))} of logs, "
        + $"{Say.Bytes(shards.Sum(static shard => shard.Memory))} in Redis.";

    private static TextTable Table(IReadOnlyList<ShardReport> shards, DateTimeOffset now)
    {
        var table = new TextTable("SHARD", "TOKEN", "SAVE", "SAVED (UTC)", "AGE", "POSITIONS", "PARTS", "MEMORY");
        foreach (var shard in shards)
        {
            var (stored, head, trouble, parts) = shard;
            table.Add(
                stored.Name,
                stored.Token,
                stored.HasSave ? $"{stored.Current.Number}" : "",
                stored.SavedAt is { } at ? Say.Moment(at) : stored.IsForeign ? "another release" : "nothing saved",
                stored.SavedAt is { } then ? Say.Ago(now - then) : "",
                trouble is null ? string.Join(", ", head?.Positions.Select(static p => $"{p}") ?? []) : "unreadable",
                string.Join(", ", parts.Where(static part => part is { Keys: > 0 } or { LogBytes: > 0 }).Select(Text)),
                Say.Bytes(shard.Memory));
        }

        return table;
    }

    private static string Text(StoredPartSize part) => part.Keys is { } keys
        ? $"{part.Name} {Say.Count(keys)}{(part.LogBytes is { } log ? $" and {Say.Bytes(log)}" : "")}"
        : $"{part.Name} {Say.Bytes(part.LogBytes ?? 0)}";
}

/// <summary>A shard, in JSON.</summary>
internal sealed record ShardRow(string Group, string Shard, string Token, long Generation, string Owner)
{
    /// <summary>When it was claimed last.</summary>
    public required DateTimeOffset? ClaimedAt { get; init; }

    /// <summary>The number of the current save; 0 = nothing is saved.</summary>
    public required long Save { get; init; }

    /// <summary>When it was saved.</summary>
    public required DateTimeOffset? SavedAt { get; init; }

    /// <summary>Whether all of the save is applied.</summary>
    public required bool Settled { get; init; }

    /// <summary>Why it cannot be read.</summary>
    public required string? Trouble { get; init; }

    /// <summary>Where a restore reads on.</summary>
    public required IReadOnlyList<PositionRow> Positions { get; init; }

    /// <summary>Its parts.</summary>
    public required IReadOnlyList<StoredPartSize> Parts { get; init; }

    /// <summary>What Redis spends on it.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>A shard.</summary>
    public static ShardRow Of(ShardReport shard)
    {
        var stored = shard.Stored;
        return new ShardRow(stored.Group, stored.Name, stored.Token, stored.Generation, stored.Owner)
        {
            ClaimedAt = stored.ClaimedAt,
            Save = stored.Current.Number,
            SavedAt = stored.SavedAt,
            Settled = stored.IsSettled,
            Trouble = shard.Trouble,
            Positions =
            [
                .. shard.Head?.Positions.Select(static at =>
                    new PositionRow(at.Partition.Topic, at.Partition.Number, at.Offset)) ?? [],
            ],
            Parts = shard.Parts,
            MemoryBytes = shard.Memory,
        };
    }
}

/// <summary>A position, in JSON.</summary>
internal sealed record PositionRow(string Topic, int Partition, long Offset);

/// <summary>Serialises without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(List<ShardRow>))]
[JsonSerializable(typeof(List<EntityRow>))]
internal sealed partial class StateJson : JsonSerializerContext;
