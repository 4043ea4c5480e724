using StreamActors.Configuration;
using StreamActors.Shards;
using StreamActors.Snapshots;

namespace StreamActors.Entities;

/// <summary>
/// The form in which the states of a kind of entity are stored: its codec and its version, and how a state of an
/// earlier version becomes one of this. Each stored state carries the version that wrote it, so those that nobody uses
/// stay as they are.
/// </summary>
/// <param name="kind">The kind's name.</param>
/// <param name="version">The version of the form; from 1.</param>
/// <param name="codec">Writes and reads states of this version.</param>
/// <param name="handler">The handler object of the shard: it may know how states are upgraded.</param>
internal sealed class StateForm<TState>(string kind, int version, ICodec<TState> codec, object handler)
{
    private readonly IStateUpgrade<TState>? upgrades = handler as IStateUpgrade<TState>;

    /// <summary>The kind's name.</summary>
    public string Kind => kind;

    /// <summary>The version of what is written.</summary>
    public int Version => version;

    /// <summary>Writes and reads states of this version.</summary>
    public ICodec<TState> Codec => codec;

    /// <summary>Sees whether states that go up to a version can be used.</summary>
    /// <param name="stored">The version.</param>
    /// <param name="shard">The shard, for messages.</param>
    /// <exception cref="SnapshotException">They cannot.</exception>
    public void Accept(long stored, string shard)
    {
        if (stored > version)
        {
            throw new SnapshotException(
                $"The saved states of the entity {kind} in the shard {shard} have version {stored}, and this program "
                + $"has {version}: a newer release has saved them. Run a release that has version {stored}.");
        }

        if (stored < version && upgrades is null)
        {
            throw new SnapshotException(
                $"The saved states of the entity {kind} in the shard {shard} have version {stored}, and this program "
                + $"has {version} and no way from the one to the other: let {TypeName.Of(handler.GetType())} implement "
                + $"{TypeName.Of(typeof(IStateUpgrade<TState>))}.");
        }
    }

    /// <summary>Reads a state.</summary>
    /// <param name="bytes">As it was written.</param>
    /// <param name="from">The version that wrote it.</param>
    /// <param name="key">The entity's key, for messages.</param>
    /// <param name="shard">The shard, for messages.</param>
    /// <exception cref="SnapshotException">It cannot be used.</exception>
    public TState Read(ReadOnlySpan<byte> bytes, long from, ReadOnlySpan<byte> key, string shard)
    {
        if (from < version && upgrades is not null)
        {
            return Upgrade(bytes, from, key, shard);
        }

        Accept(from, shard);
        return TryRead(bytes, out var state) is not { } why ? state : throw new SnapshotException(
            $"The saved state of the entity {kind} with the key \"{KeyText.Of(key)}\" in the shard {shard} is refused "
            + $"by its codec: {why}. If its form has changed, raise the version of {TypeName.Of(typeof(TState))} "
            + $"and implement {TypeName.Of(typeof(IStateUpgrade<TState>))}.");
    }

    /// <summary>Reads a state that the codec wrote.</summary>
    /// <returns>Why it cannot be read; null where it can.</returns>
    public string? TryRead(ReadOnlySpan<byte> bytes, out TState state)
    {
        try
        {
            return codec.TryRead(bytes, out state, out var rejection) ? null : rejection.ToString();
        }
        catch (Exception error)
        {
            state = default!;
            return $"it threw {error.GetType().Name}: {error.Message}";
        }
    }

    private TState Upgrade(ReadOnlySpan<byte> bytes, long from, ReadOnlySpan<byte> key, string shard)
    {
        try
        {
            return upgrades!.Upgrade((int)from, bytes)
                ?? throw new InvalidOperationException("It gave null in place of a state.");
        }
        catch (Exception error)
        {
            throw new SnapshotException(
                $"Upgrade threw {error.GetType().Name} on the saved state of the entity {kind} with the key "
                + $"\"{KeyText.Of(key)}\" in the shard {shard}, from version {from} to {version}: {error.Message} "
                + "Nothing that is stored has changed: mend Upgrade, and run the release that has it.",
                error);
        }
    }
}
