using StreamActors.Shards;
using StreamActors.Sinks;

namespace StreamActors.Pipelines;

/// <summary>Makes the outputs of stages.</summary>
internal static class Outputs
{
    /// <summary>Of values that are all of one kind; they may be ref structs.</summary>
    public static Outputs<T> OfOneKind<T>()
        where T : allows ref struct => new(static _ => typeof(T).Name);

    /// <summary>Of values that may be of several kinds.</summary>
    public static Outputs<T> OfKinds<T>() => new(static value => value?.GetType().Name ?? "null");
}

/// <summary>
/// Where the values of a stage go, as it was composed: to any number of targets, each for all or some of them.
/// </summary>
/// <param name="kindOf">Names the kind of a value, for the error that says that no target takes it.</param>
internal sealed class Outputs<T>(Func<T, string> kindOf)
    where T : allows ref struct
{
    private readonly List<(string Connector, Func<ShardContext, IWay<T>> Make)> ways = [];

    /// <summary>Names the kind of a value.</summary>
    public Func<T, string> KindOf { get; } = kindOf;

    /// <summary>The connectors of the targets.</summary>
    public IEnumerable<string> Connectors => ways.Select(static way => way.Connector).Distinct();

    /// <summary>Adds targets for every value.</summary>
    public void Add(IEnumerable<Target<T>> targets) => ways.AddRange(targets.Select(
        static target => (
            target.Connector, (Func<ShardContext, IWay<T>>)(context => new TargetWay<T>(target, context)))));

    /// <summary>Makes the ways for a shard.</summary>
    public IWay<T>[] MakeWays(ShardContext context) => [.. ways.Select(way => way.Make(context))];

    /// <summary>Adds a way to a connector.</summary>
    public void Add(string connector, Func<ShardContext, IWay<T>> make) => ways.Add((connector, make));
}
