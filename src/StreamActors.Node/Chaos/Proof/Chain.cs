namespace StreamActors.Node.Chaos;

/// <summary>Names the epochs of this process: a handler object is made for each.</summary>
/// <param name="node">The process.</param>
internal sealed class Owners(string node)
{
    private int made;

    /// <summary>The next one's name.</summary>
    public string Next() => $"{node}.{Interlocked.Increment(ref made)}";
}

/// <summary>
/// Applies each effect of a key to its state and says what the state is then; once more when the key has been quiet.
/// </summary>
internal sealed class Chain(Owners owners) : IEntity<Effect, ChainState, Proof>
{
    /// <summary>How long a key is quiet before its timer fires.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromSeconds(2);

    private readonly string owner = owners.Next();

    /// <inheritdoc/>
    public void On(Effect record, ref ChainState state, Turn<Proof> turn)
    {
        turn.Emit(state.Apply(record, owner));
        turn.Timer("quiet", turn.Now + Quiet);
    }

    /// <inheritdoc/>
    public void OnTimer(string name, ref ChainState state, Turn<Proof> turn) =>
        turn.Emit(state.Proof(turn.Key, owner, isTimer: true));
}

/// <summary>The same behind calls of a service. A class of its own: one of both would share its shards.</summary>
internal sealed class CalledChain(Owners owners) : IEntity<Effect, ChainState, Proof>
{
    private readonly Chain chain = new(owners);

    /// <inheritdoc/>
    public void On(Effect record, ref ChainState state, Turn<Proof> turn) => chain.On(record, ref state, turn);

    /// <inheritdoc/>
    public void OnTimer(string name, ref ChainState state, Turn<Proof> turn) =>
        chain.OnTimer(name, ref state, turn);
}
