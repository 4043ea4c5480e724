using StreamActors.Configuration;
using StreamActors.Shards;
using StreamActors.Sinks;

namespace StreamActors.Pipelines;

/// <summary>Where the values of a stage go, whatever their type; it may still be added to.</summary>
internal interface IOutputs
{
    /// <summary>The connectors of the targets.</summary>
    IEnumerable<string> Connectors { get; }

    /// <summary>The kinds of values that can be emitted and that nothing takes, as far as they can be known.</summary>
    IEnumerable<Type> Untaken { get; }
}

/// <summary>Makes the outputs of stages.</summary>
internal static class Outputs
{
    /// <summary>Of values that are all of one kind; they may be ref structs.</summary>
    public static Outputs<T> OfOneKind<T>()
        where T : allows ref struct => new(static _ => typeof(T));

    /// <summary>Of values that may be of several kinds.</summary>
    public static Outputs<T> OfKinds<T>() => new(static value => value?.GetType());
}

/// <summary>
/// Where the values of a stage go, as it was composed: to any number of targets, each for all or some of them.
/// </summary>
/// <param name="kindOf">The kind of a value, for the error that says that no target takes it; null = of null.</param>
internal sealed class Outputs<T>(Func<T, Type?> kindOf) : IOutputs
    where T : allows ref struct
{
    private readonly List<(string? Connector, Type Kind, Func<ShardContext, IWay<T>> Make)> ways = [];

    /// <inheritdoc/>
    public IEnumerable<string> Connectors => ways.Select(static way => way.Connector).OfType<string>().Distinct();

    /// <inheritdoc/>
    public IEnumerable<Type> Untaken =>
        ClosedKinds.Of(typeof(T)).Where(kind => !ways.Exists(way => way.Kind.IsAssignableFrom(kind)));

    /// <summary>Adds targets for every value.</summary>
    public void Add(IEnumerable<Target<T>> targets)
    {
        foreach (var target in targets)
        {
            Add<T>(target.Connector, context => new TargetWay<T>(target, context));
        }
    }

    /// <summary>Adds a way for the values of a kind.</summary>
    /// <param name="connector">The connector that it leads to; null = none.</param>
    /// <param name="make">Makes it for a shard.</param>
    public void Add<TKind>(string? connector, Func<ShardContext, IWay<T>> make)
        where TKind : allows ref struct => ways.Add((connector, typeof(TKind), make));

    /// <summary>Makes the ways for a shard.</summary>
    public IWay<T>[] MakeWays(ShardContext context) => [.. ways.Select(way => way.Make(context))];

    /// <summary>What is said where a value was emitted that none of the ways takes.</summary>
    public string Explain(T value)
    {
        var kind = kindOf(value) is { } type ? TypeName.Of(type) : "null";
        var taken = string.Join(" and ", ways.Select(static way => TypeName.Of(way.Kind)).Distinct());
        return $"{kind} was emitted, and no To(…) takes it: they take {taken}. Give it a target, with To(…) behind "
            + $"them, or say Ignore<{kind}>() where it shall go nowhere.";
    }
}
