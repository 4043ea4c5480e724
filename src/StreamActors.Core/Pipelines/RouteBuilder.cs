using System.Security.Cryptography;
using System.Text;
using StreamActors.Pipelines;
using StreamActors.Records;
using StreamActors.Shards;
using StreamActors.Sinks;
using StreamActors.Sources;

namespace StreamActors;

/// <summary>Composes a route: what is done with the values of a topic.</summary>
/// <typeparam name="T">The values; a class, a struct, or a ref struct over the record's bytes.</typeparam>
public sealed class RouteBuilder<T>
    where T : allows ref struct
{
    private readonly PipelineBuilder pipeline;
    private readonly RouteDefinition route;
    private readonly RouteSteps<T> steps;

    internal RouteBuilder(PipelineBuilder pipeline, RouteDefinition route, RouteSteps<T> steps) =>
        (this.pipeline, this.route, this.steps) = (pipeline, route, steps);

    /// <summary>Names the route, for counters and logs; without it, it has its topic's name.</summary>
    public RouteBuilder<T> Named(string name)
    {
        route.Name = name;
        return this;
    }

    /// <summary>Creates the topic at the start where it is missing, and the dead-letter topic with it.</summary>
    /// <param name="partitions">How many partitions it gets.</param>
    /// <param name="replication">How many replicas; -1 = as many as the brokers make by default.</param>
    public RouteBuilder<T> CreateTopic(int partitions, short replication = -1)
    {
        route.Create = new TopicSpec(route.Topic, partitions, replication);
        return this;
    }

    /// <summary>Writes records that the route gives up to a topic, with their bytes and their story.</summary>
    public RouteBuilder<T> DeadLetters(string topic)
    {
        route.DeadLetterTopic = topic;
        return this;
    }

    /// <summary>
    /// Goes on with other values, made of these: a function of the value alone, since a value that is needed again
    /// later is made again. Comes before <c>DedupById</c> and <c>SubKey</c>, which are about the values made here.
    /// </summary>
    public RouteBuilder<TNext> Map<TNext>(Func<T, TNext> map)
        where TNext : allows ref struct
    {
        if (steps.AreUsed)
        {
            route.Mistakes.Add(
                $"The route {route.Name} says Map behind DedupById, SubKey or its end: say Map first, and these about "
                + "what it makes.");
        }

        var next = new RouteSteps<TNext>(new MapReader<T, TNext>(steps.Reader, map));
        route.Steps = next;
        return new RouteBuilder<TNext>(pipeline, route, next);
    }

    /// <summary>
    /// Goes on with some of the values only: a function of the value alone. The others count as filtered.
    /// </summary>
    public RouteBuilder<T> Where(Func<T, bool> condition)
    {
        steps.Reader = new WhereReader<T>(steps.Reader, condition);
        return this;
    }

    /// <summary>
    /// Refuses the values that can be read and make no sense: they are dead letters, as bytes are that cannot be read.
    /// </summary>
    /// <param name="condition">What holds for every value that does: a function of the value alone.</param>
    /// <param name="field">The field that is wrong otherwise.</param>
    /// <param name="problem">
    /// What is wrong with it, as the end of a sentence, such as <c>is below absolute zero</c>.
    /// </param>
    public RouteBuilder<T> Require(Func<T, bool> condition, string field, string problem)
    {
        steps.Reader = new RequireReader<T>(steps.Reader, condition, new Rejection(field, problem));
        return this;
    }

    /// <summary>
    /// Takes the event time out of the value, in place of the record's own time: <see cref="Turn{TOut}.EventTime"/>,
    /// event timers, <see cref="Turn{TOut}.Watermark"/>, <see cref="Call.EventTime"/> and targets with
    /// <c>AtRecordTime</c> go by it; windows go by the wall clock, latencies by the record's own time. Comes where the
    /// value has it, before a <c>Map</c> that drops it: a value that <c>Where</c> has left out before moves no time.
    /// While an event timer of the shard is set, each record is read twice.
    /// </summary>
    /// <param name="time">
    /// A function of the value alone. A record on which it throws has failed, and moves no time.
    /// </param>
    public RouteBuilder<T> EventTime(Func<T, DateTimeOffset> time)
    {
        if (route.HasEventTime)
        {
            route.Mistakes.Add($"The route {route.Name} says EventTime twice: a record has one, so say it once.");
        }

        if (steps.IsEnded || route.Steps != steps)
        {
            route.Mistakes.Add(
                $"The route {route.Name} says EventTime too late, behind its end or about values that a Map has "
                + "replaced: say it in the chain, where the value is read.");
        }

        route.HasEventTime = true;
        steps.Reader = new EventTimeReader<T>(steps.Reader, time);
        return this;
    }

    /// <summary>
    /// Drops records whose id was seen before, in any record of the partition: an id names one record, whatever its
    /// key. The wall clock counts.
    /// </summary>
    /// <param name="id">The record's id; null = the record has none, and is never a duplicate.</param>
    /// <param name="window">How long an id counts as seen; zero turns it off.</param>
    /// <param name="perKey">
    /// Whether an id names a record among those of its key only: else two keys must not use the same ids.
    /// </param>
    public RouteBuilder<T> DedupById(Func<T, UInt128?> id, TimeSpan window, bool perKey = false)
    {
        steps.Dedup = new RouteSteps<T>.DedupRule(id, window, perKey);
        route.HasDedup = true;
        route.HasState = true;
        return this;
    }

    /// <inheritdoc cref="DedupById(Func{T, UInt128?}, TimeSpan, bool)"/>
    public RouteBuilder<T> DedupById(Func<T, Guid?> id, TimeSpan window, bool perKey = false) => DedupById(
        value => id(value) is { } known ? BitConverter.ToUInt128(known.ToByteArray()) : (UInt128?)null,
        window,
        perKey);

    /// <inheritdoc cref="DedupById(Func{T, UInt128?}, TimeSpan, bool)"/>
    /// <remarks>A text of any length: the set holds 128 bits of its SHA-256.</remarks>
    public RouteBuilder<T> DedupById(Func<T, string?> id, TimeSpan window, bool perKey = false) => DedupById(
        value => id(value) is { } known
            ? BitConverter.ToUInt128(SHA256.HashData(Encoding.UTF8.GetBytes(known)))
            : (UInt128?)null,
        window,
        perKey);

    /// <summary>
    /// Tells entities apart whose records have the same key, or none: the entity's key is then both. May be said more
    /// than once, for a key of several parts. <see cref="Turn{TOut}.Key"/> stays the record's.
    /// </summary>
    public RouteBuilder<T> SubKey(Func<T, ReadOnlySpan<byte>> subKey)
    {
        steps.SubKeys.Add(subKey);
        return this;
    }

    /// <summary>
    /// Tells entities apart whose records have the same key, or none, by a text: see
    /// <see cref="SubKey(Func{T, ReadOnlySpan{byte}})"/>.
    /// </summary>
    public RouteBuilder<T> SubKey(Func<T, string> subKey) =>
        SubKey((Func<T, ReadOnlySpan<byte>>)(value => Encoding.UTF8.GetBytes(subKey(value))));

    /// <summary>Holds records per entity in a wall-clock window.</summary>
    public WindowBuilder<T> Every(TimeSpan period)
    {
        if (period < TimeSpan.FromMilliseconds(1))
        {
            route.Mistakes.Add($"The window of {route.Topic} lasts {period}: it must last 1 ms at least.");
        }

        return new(route, steps, period);
    }

    /// <summary>
    /// Gives the values to entities. A second route with the same class (or name) feeds the same entities: its topic is
    /// then co-partitioned with the first one's (the same number of partitions, the same partitioner), and the values
    /// that are emitted go where either route says.
    /// </summary>
    /// <typeparam name="THandler">The entities' class; dependency injection makes one object of it a shard.</typeparam>
    /// <typeparam name="TState">What is kept per entity.</typeparam>
    /// <typeparam name="TOut">What the entities emit.</typeparam>
    /// <param name="options">The entities' name, and how their state is stored.</param>
    public OutputBuilder<TOut> Entity<THandler, TState, TOut>(EntityOptions<TState>? options = null)
        where THandler : class, IEntity<T, TState, TOut>
        where TState : new() =>
        Entity<THandler, TState, TOut>(static scope => scope.Make<THandler>(), options);

    /// <summary>Gives the values to entities whose handler object is made by a function.</summary>
    /// <param name="handler">
    /// Makes the handler object of a shard. The poll thread calls it when the shard starts, so it neither waits nor
    /// does I/O. What it throws counts as a failure of the shard, which is started again.
    /// </param>
    /// <param name="options">The entities' name, and how their state is stored.</param>
    public OutputBuilder<TOut> Entity<THandler, TState, TOut>(
        Func<IScope, THandler> handler, EntityOptions<TState>? options = null)
        where THandler : class, IEntity<T, TState, TOut>
        where TState : new()
    {
        var kind = pipeline.Entity<THandler, TState, TOut>(route, handler, options);
        steps.End(
            route,
            kind.Outputs,
            (context, deadLetters, _) => kind.MakeStage<T>(context, deadLetters));
        return new OutputBuilder<TOut>(pipeline, route, kind.Outputs);
    }

    /// <summary>Makes a value of each value by calls that await, in order for each key.</summary>
    /// <typeparam name="TMap">What they call; an object for each, by the host's dependency injection.</typeparam>
    /// <typeparam name="TOut">What they give.</typeparam>
    /// <param name="options">How they are made; null = as <see cref="MapAsyncOptions"/> has it.</param>
    public MappedBuilder<TOut> MapAsync<TMap, TOut>(MapAsyncOptions? options = null)
        where TMap : class, IAsyncMap<T, TOut> =>
        MappedBuilder<TOut>.Of<TMap, T>(pipeline, route, steps, options ?? new());

    /// <summary>Emits any number of values for each: all of them, or none when the function throws.</summary>
    public OutputBuilder<TOut> FlatMap<TOut>(Func<T, IEnumerable<TOut>> map)
    {
        var outputs = Outputs.OfKinds<TOut>();
        steps.End(route, outputs, (context, _, _) =>
            new FlatMapStage<T, TOut>(map, new Emitter<TOut>(outputs, context)));
        return new OutputBuilder<TOut>(pipeline, route, outputs);
    }

    /// <summary>
    /// Sends the values through an internal topic, by another key, and goes on with a route that reads it: the records
    /// of a key then meet in one shard, whichever partition they came from. They keep their time. The topic is called
    /// <c>PIPELINE-NAME-repartition</c>, is created where it is missing, and is read by this pipeline's group.
    /// </summary>
    /// <param name="name">What tells it apart from the pipeline's other ones; also the name of the new route.</param>
    /// <param name="codec">Writes and reads the values there.</param>
    /// <param name="key">The new key of a value.</param>
    /// <param name="options">How the topic is made.</param>
    public RouteBuilder<T> Repartition(
        string name, ICodec<T> codec, Func<T, string> key, RepartitionOptions options)
    {
        var (target, next) = pipeline.Repartition(name, codec, key, options);
        To(target);
        return next;
    }

    /// <summary>Emits each value as it comes, to each of these targets.</summary>
    public RouteEnd<T> To(params Target<T>[] targets)
    {
        var outputs = Outputs.OfOneKind<T>();
        steps.End(route, outputs, (context, _, _) =>
            new EmitStage<T>(new Emitter<T>(outputs, context)));
        return new RouteEnd<T>(route, outputs).To(targets);
    }
}
