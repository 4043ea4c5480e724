namespace StreamActors.Redis;

/// <summary>
/// The keys of a shard. All carry the same hash tag, so that they stand on one node of a Redis Cluster.
/// </summary>
internal sealed class StateKeys
{
    /// <summary>What all keys begin with.</summary>
    public const string Beginning = "streamactors:{";

    private const string Fingerprint = "fingerprint";

    private readonly string prefix;

    /// <exception cref="ArgumentException">The shard's name would end the hash tag early, or is empty.</exception>
    public StateKeys(string shard)
    {
        if (string.IsNullOrEmpty(shard) || shard.AsSpan().ContainsAny("{}\n"))
        {
            throw new ArgumentException($"A shard's name is not empty and has no braces: \"{shard}\".", nameof(shard));
        }

        (Shard, prefix) = (shard, PrefixOf(shard));
    }

    /// <summary>The shard's name.</summary>
    public string Shard { get; }

    /// <summary>The hash that says what is current.</summary>
    public string Head => HeadOf(Shard);

    /// <summary>The set of the names of all parts and blocks that exist, of whatever base.</summary>
    public string Names => $"{prefix}names";

    /// <summary>The shard that a key belongs to; null where it is none of ours, or a group's.</summary>
    public static string? ShardOf(string key)
    {
        const string Behind = "}:";
        var end = key.IndexOf(Behind, StringComparison.Ordinal);
        return end > Beginning.Length && key.StartsWith(Beginning, StringComparison.Ordinal)
            && !key.AsSpan(end + Behind.Length).SequenceEqual(Fingerprint)
            ? key[Beginning.Length..end]
            : null;
    }

    /// <summary>The hash that says what is current of a shard.</summary>
    public static string HeadOf(string shard) => $"{PrefixOf(shard)}head";

    /// <summary>
    /// The text that describes all state of a group. A group's name has no slash in front of a shard's number, so it is
    /// no shard's.
    /// </summary>
    public static string FingerprintOf(string group) => $"{PrefixOf(group)}{Fingerprint}";

    /// <summary>A piece of a save until it is applied.</summary>
    public string Stage(string save, int piece) => $"{prefix}stage:{save}:{piece}";

    /// <summary>The pieces of a save that are not applied yet.</summary>
    public IEnumerable<string> Stages(string save, long applied, long count) =>
        Enumerable.Range((int)applied, (int)(count - applied)).Select(piece => Stage(save, piece));

    /// <summary>The key of a part or a block by its name.</summary>
    public string Of(string name) => prefix + name;

    /// <summary>The name of a part.</summary>
    public static string Part(string atBase, string part) => $"part:{atBase}:{part}";

    /// <summary>The name of a block of a log.</summary>
    public static string Block(string atBase, string log, long block) => $"{Log(atBase, log)}{block}";

    /// <summary>What the names of all blocks of a log begin with.</summary>
    public static string Log(string atBase, string log) => $"log:{atBase}:{log}:";

    /// <summary>Whether a name is of a base.</summary>
    public static bool IsOf(string atBase, string name) =>
        name.StartsWith($"part:{atBase}:", StringComparison.Ordinal)
        || name.StartsWith($"log:{atBase}:", StringComparison.Ordinal);

    private static string PrefixOf(string shard) => $"{Beginning}{shard}}}:";
}
