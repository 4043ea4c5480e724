namespace StreamActors.Node.Chaos;

/// <summary>What the verifier knows of a key while it reads its outputs in order.</summary>
internal sealed class KeyCheck
{
    private const long Never = -1;

    private readonly long[] seenAt;
    private readonly ulong[] folds;
    private readonly Dictionary<int, long> lastOf = [];

    /// <summary>Nothing is read yet.</summary>
    /// <param name="name">The key.</param>
    /// <param name="last">How many effects were produced for it.</param>
    public KeyCheck(string name, long last)
    {
        (Name, Last) = (name, last);
        seenAt = new long[last + 1];
        folds = new ulong[last + 1];
        folds[0] = ChainState.FoldOf(name);
        seenAt[0] = 0;
        for (var sequence = 1; sequence <= last; sequence++)
        {
            seenAt[sequence] = Never;
            folds[sequence] = ChainState.Next(folds[sequence - 1], sequence);
        }
    }

    /// <summary>The key.</summary>
    public string Name { get; }

    /// <summary>The number of its last effect.</summary>
    public long Last { get; }

    /// <summary>The fold of all effects up to one.</summary>
    public ulong FoldAt(long sequence) => folds[sequence];

    /// <summary>When an effect came out last; null where it has not yet.</summary>
    public long? SeenAt(long sequence) => seenAt[sequence] == Never ? null : seenAt[sequence];

    /// <summary>How an output is out of order; null where it is not.</summary>
    public string? Gap(SeenOutput output)
    {
        if (seenAt[output.Sequence] == Never && seenAt[output.Sequence - 1] == Never)
        {
            return $"effect {output.Sequence} came out before {output.Sequence - 1}";
        }

        return lastOf.TryGetValue(output.Owner, out var last) && output.Sequence > last + 1
            ? $"effect {output.Sequence} came out behind {last} of the same epoch"
            : null;
    }

    /// <summary>Takes an output in.</summary>
    public void Take(SeenOutput output)
    {
        seenAt[output.Sequence] = output.At;
        lastOf[output.Owner] = output.Sequence;
    }

    /// <summary>The effects that never came out.</summary>
    public IEnumerable<long> Missing()
    {
        for (var sequence = 1L; sequence <= Last; sequence++)
        {
            if (seenAt[sequence] == Never)
            {
                yield return sequence;
            }
        }
    }

    /// <summary>When the next effect behind one came out; null where none did.</summary>
    public long? NextSeenAt(long sequence)
    {
        for (var next = sequence + 1; next <= Last; next++)
        {
            if (seenAt[next] != Never)
            {
                return seenAt[next];
            }
        }

        return null;
    }
}
