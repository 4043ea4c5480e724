namespace StreamActors;

/// <summary>
/// The behaviour of one kind of entity. One handler object serves all entities of a shard, one call at a time; what
/// belongs to an entity is its state alone. A call is a function of the record and the state: no I/O, no waiting, no
/// clock but the turn's.
/// <para>
/// A call that throws emits nothing, sets no timer and does not forget; its record becomes a dead letter, and its id
/// is not remembered. What the call had changed of the state stays changed: so check first, change last.
/// </para>
/// <para>
/// The entity is named by the record's key, with the route's sub-keys where it has any. All records without a key are
/// records of one entity, whose key is empty; so are those with an empty key.
/// </para>
/// </summary>
/// <typeparam name="TIn">What the entity receives.</typeparam>
/// <typeparam name="TState">What is kept per entity; made by its constructor when the entity is activated.</typeparam>
/// <typeparam name="TOut">What the entity emits.</typeparam>
public interface IEntity<TIn, TState, TOut>
    where TIn : allows ref struct
    where TState : class, new()
{
    /// <summary>A record of the entity arrived.</summary>
    void On(scoped in TIn record, TState state, Turn<TOut> turn);

    /// <summary>
    /// A timer that the entity had set is due. It was removed before the call, and stays so when the call throws.
    /// </summary>
    void OnTimer(string name, TState state, Turn<TOut> turn)
    {
    }
}
