using StreamActors.Calls;
using StreamActors.Pipelines;
using StreamActors.Shards;
using StreamActors.Sinks;

namespace StreamActors;

/// <summary>Says what is done with the values that the calls of <c>MapAsync</c> give.</summary>
/// <typeparam name="T">What the calls give.</typeparam>
public sealed class MappedBuilder<T>
{
    private readonly PipelineBuilder pipeline;
    private readonly RouteDefinition route;
    private readonly EndRoute end;

    private MappedBuilder(PipelineBuilder pipeline, RouteDefinition route, EndRoute end) =>
        (this.pipeline, this.route, this.end) = (pipeline, route, end);

    /// <summary>Ends the route: where its values go, and what makes the stage behind the calls.</summary>
    private delegate void EndRoute(
        IOutputs outputs, Func<ShardContext, DeadLetters, IStage<T>> makeNext);

    /// <summary>Writes records that the route gives up to a topic, with their bytes and their story.</summary>
    public MappedBuilder<T> DeadLetters(string topic)
    {
        route.DeadLetterTopic = topic;
        return this;
    }

    /// <summary>Gives the values to entities, as a route without calls does.</summary>
    /// <typeparam name="THandler">The entities' class; dependency injection makes one object of it a shard.</typeparam>
    /// <typeparam name="TState">What is kept per entity.</typeparam>
    /// <typeparam name="TOut">What the entities emit.</typeparam>
    /// <param name="options">The entities' name, and how their state is stored.</param>
    public OutputBuilder<TOut> Entity<THandler, TState, TOut>(EntityOptions<TState>? options = null)
        where THandler : class, IEntity<T, TState, TOut>
        where TState : new()
    {
        var kind = pipeline.Entity<THandler, TState, TOut>(route, static scope => scope.Make<THandler>(), options);
        end(kind.Outputs, kind.MakeStage<T>);
        return new OutputBuilder<TOut>(pipeline, route, kind.Outputs);
    }

    /// <summary>
    /// Emits each value as it comes, to each of these targets; see <see cref="OutputBuilder{T}.To{TKind}"/>.
    /// </summary>
    public OutputBuilder<T> To<TKind>(params Target<TKind>[] targets)
        where TKind : T
    {
        var outputs = Outputs.OfKinds<T>();
        end(outputs, (context, _) => new EmitStage<T>(new Emitter<T>(outputs, context)));
        return new OutputBuilder<T>(pipeline, route, outputs).To(targets);
    }

    /// <summary>
    /// Sends the values through an internal topic, by another key, and goes on with a route that reads it: see
    /// <see cref="RouteBuilder{T}.Repartition"/>.
    /// </summary>
    public RouteBuilder<TKind> Repartition<TKind>(
        string name, ICodec<TKind> codec, Func<TKind, string> key, RepartitionOptions options)
        where TKind : T => To<TKind>().Repartition(name, codec, key, options);

    /// <summary>Puts calls in front of what a route will do.</summary>
    internal static MappedBuilder<T> Of<TMap, TIn>(
        PipelineBuilder pipeline, RouteDefinition route, RouteSteps<TIn> steps, MapAsyncOptions options)
        where TMap : class, IAsyncMap<TIn, T>
        where TIn : allows ref struct
    {
        var map = pipeline.Map<TMap>(route, options);
        return new(pipeline, route, (outputs, makeNext) =>
        {
            CallPlan<TIn, T>? plan = null;
            steps.End(route, outputs, (context, deadLetters, release) =>
            {
                // Made with the first shard, by the poll thread: before that, configuration may change the options.
                plan ??= new(map, steps.Reader, static scope => scope.Make<TMap>());
                return new MapAsyncStage<TIn, T>(plan, makeNext(context, deadLetters), deadLetters, context)
                {
                    Release = release,
                };
            });
        });
    }
}
