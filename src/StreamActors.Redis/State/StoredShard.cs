using System.Globalization;
using StreamActors.Entities;

namespace StreamActors.Redis;

/// <summary>What Redis says of a shard's state, to somebody who does not own it.</summary>
/// <param name="Shard">The shard's name.</param>
internal sealed record StoredShard(string Shard)
{
    private const string Entities = $"/{EntityDefinition.ShardGroupBeginning}";

    /// <summary>The group that it belongs to.</summary>
    public string Group => Shard[..End];

    /// <summary>Its name within the group, such as <c>trips/0</c> or <c>entity Visits/3</c>.</summary>
    public string Name => Shard[(End + 1)..];

    /// <summary>Whether it has entities of a kind, and not a topic alone.</summary>
    public bool IsOfEntity => Name.StartsWith(EntityDefinition.ShardGroupBeginning, StringComparison.Ordinal);

    /// <summary>The number of its partitions; null where the name is not one that the engine gives.</summary>
    public int? Number => int.TryParse(
        Shard.AsSpan(Shard.LastIndexOf('/') + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    /// <summary>
    /// The form of its keys; empty where there is no head. Where it is not ours, nothing else is known of the shard.
    /// </summary>
    public string Format { get; init; } = "";

    /// <summary>The last claim's token; empty where there is no head.</summary>
    public string Token { get; init; } = "";

    /// <summary>The group's generation at the last claim.</summary>
    public long Generation { get; init; }

    /// <summary>Who claimed it last: host/process.</summary>
    public string Owner { get; init; } = "";

    /// <summary>When it was claimed last.</summary>
    public DateTimeOffset? ClaimedAt { get; init; }

    /// <summary>What is current.</summary>
    public SavePosition Current { get; init; } = new("", 0, "");

    /// <summary>When that was saved; null where nothing is.</summary>
    public DateTimeOffset? SavedAt { get; init; }

    /// <summary>How many pieces the current save has.</summary>
    public long Staged { get; init; }

    /// <summary>How many of these are applied.</summary>
    public long Applied { get; init; }

    /// <summary>The engine's bytes; empty where nothing was saved.</summary>
    public ReadOnlyMemory<byte> Head { get; init; }

    /// <summary>Whether another release wrote it, which this one cannot read.</summary>
    public bool IsForeign => Format.Length > 0 && Format != $"{RedisStateStore.Format}";

    /// <summary>Whether something is saved.</summary>
    public bool HasSave => Current.Number > 0;

    /// <summary>Whether its last save is applied; else it cannot be read.</summary>
    public bool IsSettled => Applied == Staged;

    // The name is GROUP/TOPIC/NUMBER or GROUP/entity NAME/NUMBER; a group may have slashes, as an entity may.
    private int End
    {
        get
        {
            var entity = Shard.IndexOf(Entities, StringComparison.Ordinal);
            var number = Shard.LastIndexOf('/');
            return entity >= 0 ? entity : number > 0 ? Math.Max(Shard.LastIndexOf('/', number - 1), 0) : 0;
        }
    }
}

/// <summary>What a part of a shard takes.</summary>
/// <param name="Name">The part's name.</param>
/// <param name="Keys">Its keys; null where it has none of its own.</param>
/// <param name="LogBytes">The bytes of its log that count; null where it keeps none.</param>
internal sealed record StoredPartSize(string Name, long? Keys, long? LogBytes);
