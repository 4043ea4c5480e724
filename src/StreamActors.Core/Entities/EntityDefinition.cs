using StreamActors.Pipelines;
using StreamActors.Shards;

namespace StreamActors.Entities;

/// <summary>A kind of entity of a pipeline as it was composed, whichever routes feed it.</summary>
internal abstract class EntityDefinition(string name, Type handler)
{
    /// <summary>Its name.</summary>
    public string Name { get; } = name;

    /// <summary>The class of its handler.</summary>
    public Type Handler { get; } = handler;

    /// <summary>What is wrong with its composition, a sentence each.</summary>
    public abstract IEnumerable<string> Mistakes { get; }
}

/// <summary>A kind of entity with its types.</summary>
internal sealed class EntityDefinition<TState, TOut>(
    string name, Type handler, Func<IScope, ITimerHandler<TState, TOut>> make, ICodec<TState>? codec)
    : EntityDefinition(name, handler)
    where TState : new()
{
    /// <summary>The version of its state.</summary>
    public int Version { get; } = StateType.VersionOf(typeof(TState)) ?? 0;

    /// <summary>Where its values go.</summary>
    public Outputs<TOut> Outputs { get; } = Pipelines.Outputs.OfKinds<TOut>();

    /// <summary>Writes and reads a state; null = as JSON.</summary>
    public ICodec<TState>? State { get; set; } = codec;

    /// <summary>Writes and reads a state.</summary>
    public ICodec<TState> StateCodec => field ??= State ?? StateType.DefaultCodec<TState>();

    /// <inheritdoc/>
    public override IEnumerable<string> Mistakes
    {
        get
        {
            var state = typeof(TState);
            if (Version < 1)
            {
                yield return $"The state {state.Name} of the entity {Name} has no version: write [StateVersion(1)] in "
                    + "front of it, and raise the number whenever its stored form changes.";
            }

            foreach (var part in State is null ? StateType.NotStored(state) : [])
            {
                yield return $"The state of the entity {Name} cannot be stored: {part}, or give the entity a codec for "
                    + "its state (EntityOptions.State).";
            }
        }
    }

    /// <summary>
    /// Makes what a route of a shard gives its values to: the entities of this kind there, which are made for the route
    /// that asks first.
    /// </summary>
    public EntityStage<TIn, TState, TOut> MakeStage<TIn>(ShardContext context, DeadLetters deadLetters)
        where TIn : allows ref struct
    {
        var active = context.Share(
            this, () => new ActiveEntities<TState, TOut>(this, make(context.Scope), deadLetters, context));
        return new EntityStage<TIn, TState, TOut>(active.HandlerOf<TIn>(), active);
    }
}
