namespace StreamActors;

/// <summary>
/// The behaviour of one kind of entity. One handler object, made by dependency injection, serves all entities of a
/// shard, one call at a time; what belongs to an entity is its state alone. A call is a function of the record and the
/// state: no I/O, no waiting, no clock but the turn's.
/// <para>
/// A call that throws leaves no trace: it emits nothing, sets no timer, does not forget, and the state is what it was
/// before. Its record becomes a dead letter, and its id is not remembered. A state that is a struct, or a record whose
/// parts cannot change, is kept aside by a plain copy; any other by its codec, which costs each call as much as writing
/// the state.
/// </para>
/// <para>
/// The entity is named by the record's key, with the route's sub-keys where it has any. All records without a key are
/// records of one entity, whose key is empty; so are those with an empty key. A class may be an entity for several
/// types of records, each from a topic of its own: the topics are then co-partitioned, and all records of a key meet
/// the same state. Records of one topic and key come in their order; those of two topics, as they happen to be read.
/// </para>
/// </summary>
/// <typeparam name="TIn">What the entity receives.</typeparam>
/// <typeparam name="TState">
/// What is kept per entity, with a <see cref="StateVersionAttribute"/>; made by its constructor when the entity is
/// activated.
/// </typeparam>
/// <typeparam name="TOut">What the entity emits.</typeparam>
public interface IEntity<TIn, TState, TOut> : ITimerHandler<TState, TOut>
    where TIn : allows ref struct
    where TState : new()
{
    /// <summary>A record of the entity arrived.</summary>
    /// <param name="record">The record's value.</param>
    /// <param name="state">The entity's state: changed in place, or replaced.</param>
    /// <param name="turn">What the call can see and do.</param>
    void On(scoped TIn record, ref TState state, Turn<TOut> turn);
}

/// <summary>What an entity does when a timer is due.</summary>
/// <typeparam name="TState">What is kept per entity.</typeparam>
/// <typeparam name="TOut">What the entity emits.</typeparam>
public interface ITimerHandler<TState, TOut>
    where TState : new()
{
    /// <summary>
    /// A timer that the entity had set is due. It was removed before the call, and stays so when the call throws.
    /// </summary>
    /// <param name="name">The timer's name.</param>
    /// <param name="state">The entity's state: changed in place, or replaced.</param>
    /// <param name="turn">What the call can see and do.</param>
    void OnTimer(string name, ref TState state, Turn<TOut> turn)
    {
    }
}

/// <summary>
/// Makes a state of an earlier version one of today's: what a handler implements as well, once the
/// <see cref="StateVersionAttribute"/> of its state was raised. It is called when an entity is read that an earlier
/// version has saved, and that entity is saved in today's form when it is next used; so earlier versions stay in the
/// store for as long as their entities are not used, and all of them must stay readable here.
/// </summary>
/// <typeparam name="TState">What is kept per entity.</typeparam>
public interface IStateUpgrade<out TState>
{
    /// <summary>
    /// Makes today's state: a function of these bytes alone, which may be called more than once for an entity. What it
    /// throws makes the shard stand still, with nothing changed: it takes records again with a release that can read
    /// the state.
    /// </summary>
    /// <param name="from">The version that saved the state: 1 or higher, and lower than today's.</param>
    /// <param name="saved">
    /// The bytes, as the codec of that version wrote them: unless the entity had one of its own, JSON, which
    /// <c>JsonSerializer.Deserialize</c> reads into a class like that of then, or <c>JsonNode.Parse</c> without any.
    /// </param>
    TState Upgrade(int from, ReadOnlySpan<byte> saved);
}

/// <summary>
/// The version of a state's shape: raised when its stored form changes, so that a program can tell what it reads. Its
/// handler then implements <see cref="IStateUpgrade{TState}"/>. A program with a lower version than the one that saved
/// a state refuses it.
/// </summary>
/// <param name="version">From 1.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct, Inherited = false)]
public sealed class StateVersionAttribute(int version) : Attribute
{
    /// <summary>The version.</summary>
    public int Version { get; } = version;
}

/// <summary>What a kind of entity is called, how its state is stored, and when it is passivated.</summary>
/// <typeparam name="TState">What is kept per entity.</typeparam>
public sealed record EntityOptions<TState>
{
    /// <summary>
    /// The name of this kind of entity in the pipeline, under which its state is stored too: the handler's class unless
    /// set. Routes that give the same name feed the same entities.
    /// </summary>
    public string? Name { get; init; }

    /// <summary>
    /// Writes and reads the state: JSON of its public properties and fields, by reflection, unless set. A state with
    /// parts that this would not store is refused at the start.
    /// </summary>
    public ICodec<TState>? State { get; init; }

    /// <summary>
    /// How long an entity of this kind may be idle, without a timer, before it is passivated: from 1 ms to 1,000 days,
    /// or <see cref="Timeout.InfiniteTimeSpan"/> for never. Null = as the pipeline's <c>Timing</c> has it. Whatever it
    /// says, a shard with <c>EntitiesPerShard</c> entities of the kind passivates the longest idle to make room.
    /// Without a store it is forgotten; with one it comes back as it was.
    /// </summary>
    public TimeSpan? PassivateAfter { get; init; }
}
