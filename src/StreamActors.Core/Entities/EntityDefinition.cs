using StreamActors.Configuration;
using StreamActors.Limits;
using StreamActors.Pipelines;
using StreamActors.Shards;

namespace StreamActors.Entities;

/// <summary>A kind of entity of a pipeline as it was composed, whichever routes feed it.</summary>
internal abstract class EntityDefinition(string name, Type handler)
{
    /// <summary>What the names of all these begin with.</summary>
    public const string ShardGroupBeginning = "entity ";

    /// <summary>Its name.</summary>
    public string Name { get; } = name;

    /// <summary>The class of its handler.</summary>
    public Type Handler { get; } = handler;

    /// <summary>The version of its state.</summary>
    public abstract int Version { get; }

    /// <summary>Whether its handler makes states of its version of those of earlier ones.</summary>
    public abstract bool CanUpgrade { get; }

    /// <summary>What makes that it can, as the end of a sentence.</summary>
    public abstract string UpgradeRemedy { get; }

    /// <summary>What the routes that feed it have in common.</summary>
    public string ShardGroup => ShardGroupOf(Name);

    /// <summary>What the routes that feed an entity have in common, by its name.</summary>
    public static string ShardGroupOf(string entity) => $"{ShardGroupBeginning}{entity}";

    /// <summary>What is wrong with its composition, a sentence each.</summary>
    public abstract IEnumerable<string> Mistakes { get; }
}

/// <summary>A kind of entity with its types.</summary>
internal sealed class EntityDefinition<TState, TOut>(
    string name, Type handler, Func<IScope, ITimerHandler<TState, TOut>> make)
    : EntityDefinition(name, handler)
    where TState : new()
{
    private readonly List<string> contradictions = [];

    /// <inheritdoc/>
    public override int Version { get; } = StateType.VersionOf(typeof(TState)) ?? 0;

    /// <inheritdoc/>
    public override bool CanUpgrade => typeof(IStateUpgrade<TState>).IsAssignableFrom(Handler);

    /// <inheritdoc/>
    public override string UpgradeRemedy =>
        $"let {TypeName.Of(Handler)} implement {TypeName.Of(typeof(IStateUpgrade<TState>))}";

    /// <summary>Where its values go.</summary>
    public Outputs<TOut> Outputs { get; } = Pipelines.Outputs.OfKinds<TOut>();

    /// <summary>Writes and reads a state; null = as JSON.</summary>
    public ICodec<TState>? State { get; private set; }

    /// <summary>
    /// How long an entity may be idle before it is passivated; null = as the pipeline has it, infinite = never.
    /// </summary>
    public TimeSpan? PassivateAfter { get; private set; }

    /// <summary>Writes and reads a state.</summary>
    public ICodec<TState> StateCodec => field ??= State ?? StateType.DefaultCodec<TState>();

    /// <inheritdoc/>
    public override IEnumerable<string> Mistakes
    {
        get
        {
            foreach (var mistake in contradictions)
            {
                yield return mistake;
            }

            var (shortest, longest) = (PipelineTiming.ShortestPassivateAfter, PipelineTiming.LongestPassivateAfter);
            if (PassivateAfter is { } idle && idle != Timeout.InfiniteTimeSpan && (idle < shortest || idle > longest))
            {
                yield return $"The entity {Name} is passivated after {Duration.Write(idle)} "
                    + $"(EntityOptions.PassivateAfter): it must be a time from {Duration.Write(shortest)} to "
                    + $"{Duration.Write(longest)}, or Timeout.InfiniteTimeSpan for never.";
            }

            var state = typeof(TState);
            if (Version < 1)
            {
                yield return $"The state {TypeName.Of(state)} of the entity {Name} has no version: write "
                    + "[StateVersion(1)] in front of it, and raise the number whenever its stored form changes.";
            }

            foreach (var part in State is null ? StateType.NotStored(state) : [])
            {
                yield return $"The state of the entity {Name} cannot be stored: {part}, or give the entity a codec for "
                    + "its state (EntityOptions.State).";
            }
        }
    }

    /// <summary>Takes what a route says of it; what an earlier one has said holds.</summary>
    public void Take(EntityOptions<TState>? options)
    {
        if (PassivateAfter is { } known && options?.PassivateAfter is { } other && known != other)
        {
            contradictions.Add(
                $"The entity {Name} is passivated after {Duration.Write(known)} by one route, and after "
                + $"{Duration.Write(other)} by another: say EntityOptions.PassivateAfter once, or the same.");
        }

        State ??= options?.State;
        PassivateAfter ??= options?.PassivateAfter;
    }

    /// <summary>
    /// Makes what a route of a shard gives its values to: the entities of this kind there, which are made for the route
    /// that asks first.
    /// </summary>
    public EntityStage<TIn, TState, TOut> MakeStage<TIn>(ShardContext context, DeadLetters deadLetters)
        where TIn : allows ref struct
    {
        var isFirst = false;
        var active = context.Share(this, () =>
        {
            isFirst = true;
            return new ActiveEntities<TState, TOut>(this, make(context.Scope), deadLetters, context);
        });
        return new EntityStage<TIn, TState, TOut>(active.HandlerOf<TIn>(), active, isFirst);
    }
}
