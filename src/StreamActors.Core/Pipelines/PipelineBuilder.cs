using StreamActors.Limits;
using StreamActors.Pipelines;
using StreamActors.Shards;
using StreamActors.Sinks;
using StreamActors.Sources;
using StreamActors.Windows;

namespace StreamActors;

/// <summary>Composes a pipeline: a named set of routes with one consumer group.</summary>
public sealed class PipelineBuilder
{
    private readonly List<RouteDefinition> routes = [];
    private readonly List<string> mistakes = [];

    /// <summary>Starts a pipeline without routes.</summary>
    /// <param name="name">Its name, in logs, metrics and the CLI.</param>
    public PipelineBuilder(string name)
    {
        Name = name;
        GroupId = name;
    }

    /// <summary>The pipeline's name.</summary>
    public string Name { get; }

    /// <summary>The consumer group; the pipeline's name unless set.</summary>
    public string GroupId { get; set; }

    /// <summary>Where a group starts that has never committed an offset for a topic.</summary>
    public StartAt StartAt { get; set; } = StartAt.Earliest;

    /// <summary>The bounds.</summary>
    public PipelineLimits Limits { get; set; } = new();

    /// <summary>What happens by the clock.</summary>
    public PipelineTiming Timing { get; set; } = new();

    /// <summary>The connectors that its routes emit to, dead letters included: the sinks that it needs.</summary>
    public IReadOnlySet<string> Connectors => routes.SelectMany(static route => route.Connectors)
        .Select(RouteDefinition.ConnectorOf).ToHashSet(StringComparer.Ordinal);

    /// <summary>Starts a route from a topic.</summary>
    public RouteBuilder<T> From<T>(string topic, ICodec<T> codec)
        where T : allows ref struct
    {
        if (routes.Exists(route => route.Topic == topic))
        {
            mistakes.Add($"Two routes read the topic {topic}: a topic can feed one route of a pipeline.");
        }

        var definition = new RouteDefinition<T> { Name = topic, Topic = topic, Codec = codec };
        routes.Add(definition);
        return new RouteBuilder<T>(definition);
    }

    /// <summary>Checks the composition.</summary>
    /// <exception cref="PipelineException">It has mistakes; the message names all of them.</exception>
    internal PipelineDefinition Build()
    {
        List<string> found = [.. mistakes, .. routes.SelectMany(static route => route.Mistakes)];
        if (routes.Count == 0)
        {
            found.Add("It has no route: add one with From(topic, codec).");
        }

        found.AddRange(routes.Where(static route => !route.HasTargets)
            .Select(static route => $"The route {route.Name} leads nowhere: end it with To(target)."));
        found.AddRange(routes.GroupBy(static route => route.Name).Where(static same => same.Count() > 1)
            .Select(static same =>
                $"{same.Count()} routes have the name {same.Key}: give each its own with Named(name)."));
        found.AddRange(Limits.Mistakes());
        found.AddRange(Timing.Mistakes());
        return found.Count == 0
            ? new PipelineDefinition(Name, GroupId, StartAt, routes, Limits, Timing)
            : throw new PipelineException($"The pipeline {Name} cannot be built. {string.Join(' ', found)}");
    }
}

/// <summary>Composes a route: what is done with the values of a topic.</summary>
public sealed class RouteBuilder<T>
    where T : allows ref struct
{
    private readonly RouteDefinition<T> definition;

    internal RouteBuilder(RouteDefinition<T> definition) => this.definition = definition;

    /// <summary>Names the route, for counters and logs; without it, it has its topic's name.</summary>
    public RouteBuilder<T> Named(string name)
    {
        definition.Name = name;
        return this;
    }

    /// <summary>Creates the topic at the start where it is missing.</summary>
    public RouteBuilder<T> CreateTopic(int partitions, short replication)
    {
        definition.Create = new TopicSpec(definition.Topic, partitions, replication);
        return this;
    }

    /// <summary>Drops records whose id was seen before.</summary>
    /// <param name="id">The record's id; null = the record has none, and is never a duplicate.</param>
    /// <param name="window">How long an id counts as seen; zero turns it off.</param>
    public RouteBuilder<T> DedupById(Func<T, UInt128?> id, TimeSpan window)
    {
        definition.Dedup = new RouteDefinition<T>.DedupRule(id, window);
        return this;
    }

    /// <summary>
    /// Tells entities apart whose records have the same key, or none: the entity's key is then both. May be said more
    /// than once, for a key of several parts. <see cref="Turn{TOut}.Key"/> stays the record's.
    /// </summary>
    public RouteBuilder<T> SubKey(Func<T, ReadOnlySpan<byte>> subKey)
    {
        definition.SubKeys.Add(subKey);
        return this;
    }

    /// <summary>Writes records that the route gives up to a topic, with their bytes and their story.</summary>
    public RouteBuilder<T> DeadLetters(string topic)
    {
        definition.DeadLetterTopic = topic;
        return this;
    }

    /// <summary>Holds records per entity in a wall-clock window.</summary>
    public WindowBuilder<T> Every(TimeSpan period)
    {
        if (period < TimeSpan.FromMilliseconds(1))
        {
            definition.Mistakes.Add($"The window of {definition.Topic} lasts {period}: it must last 1 ms at least.");
        }

        return new(definition, period);
    }

    /// <summary>Gives the values to entities.</summary>
    /// <param name="handler">
    /// Makes the handler object of a shard. The poll thread calls it when the shard starts, so it neither waits nor
    /// does I/O. What it throws counts as a failure of the shard, which is started again.
    /// </param>
    public EntityBuilder<T, TState, TOut> Entity<TState, TOut>(Func<IEntity<T, TState, TOut>> handler)
        where TState : class, new() => new(definition, handler);

    /// <summary>Emits each value as it comes.</summary>
    public void To(params Target<T>[] targets) => definition.End(
        targets.Select(static target => target.Connector),
        (context, _, _) => new EmitStage<T>(new Emitter<T>(targets, context)));
}

/// <summary>Composes a wall-clock window.</summary>
public sealed class WindowBuilder<T>
    where T : allows ref struct
{
    private readonly RouteDefinition<T> definition;
    private readonly TimeSpan period;

    internal WindowBuilder(RouteDefinition<T> definition, TimeSpan period) =>
        (this.definition, this.period) = (definition, period);

    /// <summary>Emits the last record of each entity at each flush.</summary>
    public WindowEnd<T> Latest() => new(definition, new WindowSpec(period, WindowStrategy.Latest));

    /// <summary>Emits every N-th record of each entity at the next flush.</summary>
    public WindowEnd<T> Sample(int rate)
    {
        if (rate < 1)
        {
            definition.Mistakes.Add(
                $"The window of {definition.Topic} samples 1 in {rate}: the rate must be 1 at least.");
        }

        return new(definition, new WindowSpec(period, WindowStrategy.Sample, rate));
    }
}

/// <summary>Ends a route with a window.</summary>
public sealed class WindowEnd<T>
    where T : allows ref struct
{
    private readonly RouteDefinition<T> definition;
    private readonly WindowSpec spec;

    internal WindowEnd(RouteDefinition<T> definition, WindowSpec spec) =>
        (this.definition, this.spec) = (definition, spec);

    /// <summary>Emits what the window lets go.</summary>
    public void To(params Target<T>[] targets) => definition.End(
        targets.Select(static target => target.Connector),
        (context, deadLetters, release) =>
            new WindowStage<T>(spec, definition.Codec, new Emitter<T>(targets, context), deadLetters, context)
            {
                Release = release,
            });
}

/// <summary>Ends a route with entities.</summary>
public sealed class EntityBuilder<TIn, TState, TOut>
    where TIn : allows ref struct
    where TState : class, new()
{
    private readonly RouteDefinition<TIn> definition;
    private readonly Func<IEntity<TIn, TState, TOut>> handler;

    internal EntityBuilder(RouteDefinition<TIn> definition, Func<IEntity<TIn, TState, TOut>> handler) =>
        (this.definition, this.handler) = (definition, handler);

    /// <summary>Emits what the entities emit.</summary>
    public void To(params Target<TOut>[] targets) => definition.End(
        targets.Select(static target => target.Connector),
        (context, deadLetters, _) => new Entities.EntityStage<TIn, TState, TOut>(
            handler(), new Emitter<TOut>(targets, context), deadLetters, context));
}
