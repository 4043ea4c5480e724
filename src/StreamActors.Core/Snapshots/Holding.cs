namespace StreamActors.Snapshots;

/// <summary>How much a shard remembers: what goes with it where nothing saves it.</summary>
/// <param name="Entities">Active entities.</param>
/// <param name="Timers">Timers that are set.</param>
/// <param name="Ids">Ids that dedup knows.</param>
internal readonly record struct Holding(long Entities, long Timers, long Ids)
{
    /// <summary>The sum of both.</summary>
    public static Holding operator +(Holding one, Holding other) =>
        new(one.Entities + other.Entities, one.Timers + other.Timers, one.Ids + other.Ids);

    /// <summary>The form that logs use: <c>12 entities, 1 timer and 40 ids</c>; empty where there is nothing.</summary>
    public override string ToString()
    {
        string[] parts =
        [
            .. Some(Entities, "entity", "entities"),
            .. Some(Timers, "timer", "timers"),
            .. Some(Ids, "id", "ids"),
        ];
        return parts.Length < 2 ? string.Concat(parts) : $"{string.Join(", ", parts[..^1])} and {parts[^1]}";
    }

    private static string[] Some(long count, string one, string many) =>
        count == 0 ? [] : [$"{count} {(count == 1 ? one : many)}"];
}
