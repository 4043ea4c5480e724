using System.CommandLine;
using System.Text.Json;
using StreamActors.Entities;
using StreamActors.Node.Cli;
using StreamActors.Node.State;
using StreamActors.Redis;
using StreamActors.Snapshots;

namespace StreamActors.Node.Commands;

/// <summary><c>streamactors state show PIPELINE</c>: shards in full, or one entity.</summary>
internal static class StateShowCommand
{
    private const int Listed = 20;

    private static readonly Option<string?> Entity = new("--entity")
    {
        Description = "Only entities of this kind; without --key, some of them.",
        HelpName = "NAME",
    };

    private static readonly Option<string?> Key = new("--key")
    {
        Description = "The state and the timers of the entity with this key, in whichever shard it is.",
        HelpName = "KEY",
    };

    private static readonly Option<string[]> SubKeys = new("--sub-key")
    {
        Description = "With --key: the sub-key of an entity whose route says SubKey; again for each further one.",
        HelpName = "KEY",
    };

    /// <summary>Makes the command.</summary>
    public static Command Make(CancellationToken stop)
    {
        var command = new Command(
            "show",
            "Show the heads of shards, or an entity: its state as JSON, where it is JSON, and its timers. It claims "
            + "nothing and changes nothing. What a node has not saved yet, it does not show.")
        {
            PipelineGroup.Argument, ShardChoice.Option, Entity, Key, SubKeys, Peers.Redis, StateCommand.Json,
        };
        command.Validators.Add(static result =>
        {
            if (result.GetValue(SubKeys) is { Length: > 0 } && result.GetValue(Key) is null)
            {
                result.AddError("--sub-key is given without --key.");
            }
        });
        command.SetAction((parsed, _) => RunAsync(parsed, stop));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        var of = PipelineGroup.Read(parsed, parsed.GetRequiredValue(PipelineGroup.Argument));
        var which = new ShardChoice(parsed.GetValue(ShardChoice.Option));
        await using var admin = new RedisStateAdmin(of.Peers.Redis, TimeProvider.System);
        var shards = await StateCommand.ReportAsync(admin, of, which, stop);
        if (parsed.GetValue(Key) is null && parsed.GetValue(Entity) is null)
        {
            Console.WriteLine(parsed.GetValue(StateCommand.Json)
                ? JsonSerializer.Serialize(shards.Select(ShardRow.Of).ToList(), StateJson.Default.ListShardRow)
                : string.Join(Environment.NewLine, shards.Select(ShardPage.Of)));
            return 0;
        }

        var found = await FindAsync(parsed, new EntitySearch(admin), shards, stop);
        if (found.Count == 0)
        {
            throw NotFound(parsed, of, shards);
        }

        if (parsed.GetValue(StateCommand.Json))
        {
            Console.WriteLine(JsonSerializer.Serialize(
                found.Select(EntityRow.Of).ToList(), StateJson.Default.ListEntityRow));
            return 0;
        }

        var now = TimeProvider.System.GetUtcNow();
        foreach (var entity in found)
        {
            Console.WriteLine(EntityPage.Of(entity, now));
        }

        return 0;
    }

    private static async Task<IReadOnlyList<FoundEntity>> FindAsync(
        ParseResult parsed, EntitySearch search, IReadOnlyList<ShardReport> shards, CancellationToken stop)
    {
        var kind = parsed.GetValue(Entity);
        try
        {
            if (parsed.GetValue(Key) is { } key)
            {
                return await search.FindAsync(
                    shards, kind, EntityKey.Of(key, parsed.GetValue(SubKeys) ?? []), stop);
            }

            var some = new List<FoundEntity>();
            foreach (var shard in shards.Where(shard => shard.Entities.Contains(kind)))
            {
                some.AddRange(await search.SomeAsync(shard, kind!, Listed - some.Count, stop));
            }

            return some;
        }
        catch (SnapshotException error)
        {
            throw new RefusedException(error.Message, error);
        }
    }

    private static RefusedException NotFound(
        ParseResult parsed, PipelineGroup of, IReadOnlyList<ShardReport> shards)
    {
        var kinds = shards.SelectMany(static shard => shard.Entities).Distinct().ToList();
        var (kind, key) = (parsed.GetValue(Entity), parsed.GetValue(Key));
        var where = $"{Say.Of(shards.Count, "shard")} of {of}";
        if (kinds.Count == 0 || (kind is not null && !kinds.Contains(kind)))
        {
            return new RefusedException(
                $"The {where} have no entity {kind}. "
                + (kinds.Count == 0 ? "They keep none at all." : $"They keep: {string.Join(", ", kinds)}."));
        }

        return new RefusedException(key is null
            ? $"The {where} have no {kind} now."
            : $"No {kind ?? "entity"} has the key {key} in {where}: it was never saved, was forgotten, or has sub-keys "
                + "(--sub-key).");
    }
}

/// <summary>An entity, in JSON.</summary>
internal sealed record EntityRow(string Group, string Shard, string Entity, string Key, DateTimeOffset LastUsed)
{
    /// <summary>Its state, where it is JSON.</summary>
    public required JsonElement? State { get; init; }

    /// <summary>Its bytes, where it is not.</summary>
    public required string? StateHex { get; init; }

    /// <summary>Its timers.</summary>
    public required IReadOnlyList<TimerRow> Timers { get; init; }

    /// <summary>An entity.</summary>
    public static EntityRow Of(FoundEntity found)
    {
        var json = EntityPage.JsonOf(found.Entity.State);
        return new EntityRow(
            found.Shard.Group,
            found.Shard.Name,
            found.Kind,
            EntityPage.KeyOf(found),
            DateTimeOffset.FromUnixTimeMilliseconds(found.Entity.LastUsed))
        {
            State = json,
            StateHex = json is null ? Convert.ToHexString(found.Entity.State) : null,
            Timers = [.. found.Entity.Timers.Select(static timer => new TimerRow(
                timer.Name, DateTimeOffset.FromUnixTimeMilliseconds(timer.At), timer.ByEventTime))],
        };
    }
}

/// <summary>A timer, in JSON.</summary>
internal sealed record TimerRow(string Name, DateTimeOffset At, bool ByEventTime);
