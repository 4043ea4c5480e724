using StreamActors.Pipelines;
using StreamActors.Sinks;

namespace StreamActors.Shards;

/// <summary>
/// Renders values as outputs, in the batches of the lanes that their targets name. A value whose kind no target takes
/// is a mistake of the composition, and fails the call that emitted it.
/// </summary>
internal sealed class Emitter<T>
    where T : allows ref struct
{
    private readonly IWay<T>[] ways;
    private readonly Outputs<T> outputs;

    /// <summary>Makes an emitter for the outputs of a stage.</summary>
    public Emitter(Outputs<T> outputs, ShardContext context)
    {
        this.outputs = outputs;
        ways = outputs.MakeWays(context);
        Scope = new OutputScope([.. outputs.Connectors.Select(context.Outbox.Lane)], context);
    }

    /// <summary>
    /// The unit that outputs are added to; the caller begins it, and takes it back when anything throws.
    /// </summary>
    public OutputScope Scope { get; }

    /// <summary>Adds the outputs of all values as a unit: none of them stays when anything throws on the way.</summary>
    /// <typeparam name="TValues">An enumerator by its own type: that of a list then costs no object a call.</typeparam>
    /// <param name="values">The values; disposed of at the end.</param>
    /// <param name="key">The key of the record that caused them.</param>
    /// <param name="hasKey">Whether it has one.</param>
    /// <param name="origin">Where it came from.</param>
    public void EmitAll<TValues>(TValues values, ReadOnlySpan<byte> key, bool hasKey, Origin origin)
        where TValues : IEnumerator<T>
    {
        Scope.Begin(origin);
        try
        {
            using (values)
            {
                while (values.MoveNext())
                {
                    var value = values.Current;
                    Emit(in value, key, hasKey, origin);
                }
            }
        }
        catch
        {
            Scope.Undo();
            throw;
        }
    }

    /// <summary>Adds a value's outputs, one for each target that takes it.</summary>
    public void Emit(scoped in T value, ReadOnlySpan<byte> key, bool hasKey, Origin origin)
    {
        var cause = new Cause(key, hasKey, origin);
        var isTaken = false;
        foreach (var way in ways)
        {
            isTaken |= way.TryEmit(in value, in cause, Scope);
        }

        if (!isTaken)
        {
            throw new InvalidOperationException(outputs.Explain(value));
        }
    }
}
