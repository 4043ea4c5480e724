using StreamActors.Pipelines;
using StreamActors.Shards;
using StreamActors.Sinks;

namespace StreamActors;

/// <summary>Says where the values go that a stage emits.</summary>
/// <typeparam name="T">
/// What is emitted; where it is a base of several kinds, each kind may have its own targets.
/// </typeparam>
public sealed class OutputBuilder<T>
{
    private readonly PipelineBuilder pipeline;
    private readonly RouteDefinition route;
    private readonly Outputs<T> outputs;

    internal OutputBuilder(PipelineBuilder pipeline, RouteDefinition route, Outputs<T> outputs) =>
        (this.pipeline, this.route, this.outputs) = (pipeline, route, outputs);

    /// <summary>
    /// Sends values to each of these targets: all of them, or, where the targets are of a more special kind, those of
    /// that kind. May be said more than once. A value that no target takes fails the call that emitted it; where
    /// <typeparamref name="T"/> is closed (abstract, with private constructors only, its kinds nested in it), a kind
    /// that none takes is a mistake at the start.
    /// </summary>
    public OutputBuilder<T> To<TKind>(params Target<TKind>[] targets)
        where TKind : T
    {
        route.Targets.AddRange(targets);
        foreach (var target in targets)
        {
            outputs.Add<TKind>(target.Connector, context => new KindWay<T, TKind>(
                new TargetWay<TKind>(target, context)));
        }

        return this;
    }

    /// <summary>
    /// Lets values of a kind go nowhere that no target takes. A call that emits nothing else counts as ignored.
    /// </summary>
    public OutputBuilder<T> Ignore<TKind>()
        where TKind : T
    {
        outputs.Add<TKind>(connector: null, static _ => new NoWay<T, TKind>());
        return this;
    }

    /// <summary>Writes records that the route gives up to a topic, with their bytes and their story.</summary>
    public OutputBuilder<T> DeadLetters(string topic)
    {
        route.DeadLetterTopic = topic;
        return this;
    }

    /// <summary>
    /// Sends what is emitted through an internal topic, by another key, and goes on with a route that reads it: see
    /// <see cref="RouteBuilder{T}.Repartition"/>.
    /// </summary>
    public RouteBuilder<TKind> Repartition<TKind>(
        string name, ICodec<TKind> codec, Func<TKind, string> key, RepartitionOptions options)
        where TKind : T
    {
        var (target, next) = pipeline.Repartition(name, codec, key, options);
        To(target);
        return next;
    }
}

/// <summary>Says where else the values of a stateless or windowed route go.</summary>
/// <typeparam name="T">What is emitted; it may be a ref struct.</typeparam>
public sealed class RouteEnd<T>
    where T : allows ref struct
{
    private readonly RouteDefinition route;
    private readonly Outputs<T> outputs;

    internal RouteEnd(RouteDefinition route, Outputs<T> outputs) => (this.route, this.outputs) = (route, outputs);

    /// <summary>Sends every value to each of these targets too.</summary>
    public RouteEnd<T> To(params Target<T>[] targets)
    {
        route.Targets.AddRange(targets);
        outputs.Add(targets);
        return this;
    }

    /// <summary>Writes records that the route gives up to a topic, with their bytes and their story.</summary>
    public RouteEnd<T> DeadLetters(string topic)
    {
        route.DeadLetterTopic = topic;
        return this;
    }
}
