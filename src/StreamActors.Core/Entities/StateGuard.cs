using System.Buffers;
using StreamActors.Configuration;
using StreamActors.Shards;

namespace StreamActors.Entities;

/// <summary>
/// Keeps a state aside for the length of a call, so that a call that throws leaves no trace in it: by a plain copy
/// where that is enough, else by the state's codec.
/// </summary>
internal sealed class StateGuard<TState>(StateForm<TState> form)
{
    private static readonly bool IsCopy = StateType.IsKeptByCopy(typeof(TState));

    private readonly ArrayBufferWriter<byte> image = new();
    private TState? copy;
    private bool isKept;

    /// <summary>Keeps a state; what its codec throws passes through, and nothing is kept then.</summary>
    public void Keep(in TState state)
    {
        Drop();
        if (IsCopy)
        {
            copy = state;
        }
        else
        {
            form.Codec.Write(in state, image);
        }

        isKept = true;
    }

    /// <summary>Keeps nothing.</summary>
    public void Drop()
    {
        isKept = false;
        copy = default;
        image.ResetWrittenCount();
    }

    /// <summary>Gives back what was kept; nothing happens where nothing is.</summary>
    /// <exception cref="EngineDefectException">The codec does not read what it wrote.</exception>
    public void Restore(ref TState state)
    {
        if (!isKept)
        {
            return;
        }

        if (IsCopy)
        {
            state = copy!;
        }
        else if (form.TryRead(image.WrittenSpan, out var read) is { } why)
        {
            throw new EngineDefectException(
                $"The codec of the state {TypeName.Of(typeof(TState))} refuses what it wrote: {why}.");
        }
        else
        {
            state = read;
        }
    }
}
