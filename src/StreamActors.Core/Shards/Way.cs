using StreamActors.Records;
using StreamActors.Sinks;

namespace StreamActors.Shards;

/// <summary>
/// One of the ways that the values of a stage can go: to a target, or none for a value of another kind.
/// </summary>
internal interface IWay<T>
    where T : allows ref struct
{
    /// <summary>Adds the value's output to the scope's unit, unless the target's condition leaves it out.</summary>
    /// <returns>Whether the value is of the kind that goes this way.</returns>
    bool TryEmit(scoped in T value, scoped in Cause cause, OutputScope scope);
}

/// <summary>What an output comes from: the record's key, and the place that waits for its acknowledgement.</summary>
internal readonly ref struct Cause(ReadOnlySpan<byte> key, bool hasKey, Origin origin)
{
    /// <summary>The key of the record; empty where it has none.</summary>
    public ReadOnlySpan<byte> Key { get; } = key;

    /// <summary>Whether the record has a key.</summary>
    public bool HasKey { get; } = hasKey;

    /// <summary>The record, as the ledger knows it.</summary>
    public Origin Origin { get; } = origin;
}

/// <summary>Renders every value for a target.</summary>
internal sealed class TargetWay<T>(Target<T> target, ShardContext context) : IWay<T>
    where T : allows ref struct
{
    private readonly SinkLane lane = context.Outbox.Lane(target.Connector);

    /// <inheritdoc/>
    public bool TryEmit(scoped in T value, scoped in Cause cause, OutputScope scope)
    {
        if (target.Condition?.Invoke(value) == false)
        {
            return true;
        }

        var batch = lane.Filling;
        var draft = Begin(in value, in cause, batch);
        foreach (var (name, read) in target.Headers)
        {
            if (read(value) is { } text)
            {
                RecordHeaders.Write(batch.Writer, name, text);
            }
        }

        draft.KeepsTime = target.KeepsTime;
        batch.BeginValue(ref draft);
        var isTombstone = target.Deletion?.Invoke(value) == true;
        if (!isTombstone)
        {
            target.Codec.Write(in value, batch.Writer);
        }

        batch.End(in draft, cause.Origin, isTombstone);
        scope.Added();
        return true;
    }

    private OutputDraft Begin(scoped in T value, scoped in Cause cause, OutputBatch batch)
    {
        var destination = target.Destination(value);
        if (target.Key is not { } write)
        {
            return batch.Begin(destination, cause.Key, cause.HasKey);
        }

        var draft = batch.Begin(destination);
        batch.EndKey(ref draft, write(value, batch.Writer));
        if (target.Partitioner is { } partitioner)
        {
            draft.Partition = partitioner.PartitionOf(batch.KeyOf(in draft), context.PartitionCounts[destination]);
        }

        return draft;
    }
}

/// <summary>Renders the values of one kind for a target.</summary>
internal sealed class KindWay<T, TKind>(TargetWay<TKind> way) : IWay<T>
    where TKind : T
{
    /// <inheritdoc/>
    public bool TryEmit(scoped in T value, scoped in Cause cause, OutputScope scope) =>
        value is TKind kind && way.TryEmit(in kind, in cause, scope);
}

/// <summary>Takes the values of one kind, and gives them to nobody.</summary>
internal sealed class NoWay<T, TKind> : IWay<T>
    where TKind : T
{
    /// <inheritdoc/>
    public bool TryEmit(scoped in T value, scoped in Cause cause, OutputScope scope) => value is TKind;
}
