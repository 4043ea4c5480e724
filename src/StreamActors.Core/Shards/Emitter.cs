using StreamActors.Sinks;

namespace StreamActors.Shards;

/// <summary>Renders values as outputs, in the batches of the lanes that their targets name.</summary>
internal sealed class Emitter<T>
    where T : allows ref struct
{
    private readonly (Target<T> Target, SinkLane Lane)[] ways;

    /// <summary>Makes an emitter for a route's targets.</summary>
    public Emitter(IReadOnlyList<Target<T>> targets, ShardContext context)
    {
        ways = [.. targets.Select(target => (target, context.Outbox.Lane(target.Connector)))];
        Scope = new OutputScope([.. ways.Select(static way => way.Lane).Distinct()], context);
    }

    /// <summary>
    /// The unit that outputs are added to; the caller begins it, and takes it back when anything throws.
    /// </summary>
    public OutputScope Scope { get; }

    /// <summary>Adds a value's outputs, one for each target.</summary>
    public void Emit(scoped in T value, ReadOnlySpan<byte> key, bool hasKey, Origin origin)
    {
        foreach (var (target, lane) in ways)
        {
            var batch = lane.Filling;
            var draft = batch.Begin(target.Destination(value), key, hasKey);
            batch.BeginValue(ref draft);
            target.Codec.Write(in value, batch);
            batch.End(in draft, origin);
            Scope.Added();
        }
    }
}
