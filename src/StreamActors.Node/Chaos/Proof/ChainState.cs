namespace StreamActors.Node.Chaos;

/// <summary>
/// What is kept for a key: how many effects were applied to it, the last one, and all of them in one number, in which
/// an effect that is missing, doubled, swapped with another or of another key is seen for ever.
/// </summary>
[StateVersion(1)]
internal record struct ChainState(long Count, long Last, ulong Fold)
{
    private const ulong Basis = 14695981039346656037;
    private const ulong Prime = 1099511628211;

    /// <summary>The fold of a key without effects.</summary>
    public static ulong FoldOf(string key)
    {
        var fold = Basis;
        foreach (var letter in key)
        {
            fold = (fold ^ letter) * Prime;
        }

        return fold;
    }

    /// <summary>A fold with one more effect.</summary>
    public static ulong Next(ulong fold, long sequence) => (fold ^ (ulong)sequence) * Prime;

    /// <summary>Applies an effect; what comes out tells the state behind it.</summary>
    public Proof Apply(Effect effect, string owner)
    {
        var before = Count == 0 ? FoldOf(effect.Key) : Fold;
        (Count, Last, Fold) = (Count + 1, effect.Sequence, Next(before, effect.Sequence));
        return Proof(effect.Key, owner, isTimer: false);
    }

    /// <summary>What the state is.</summary>
    public readonly Proof Proof(string key, string owner, bool isTimer) =>
        new(key, Last, Count, Fold, owner, isTimer);
}
