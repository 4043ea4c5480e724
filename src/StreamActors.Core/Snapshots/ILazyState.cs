namespace StreamActors.Snapshots;

/// <summary>
/// A part of a shard of whose keys some may be in the store alone: it reads them itself, when it needs them. Only the
/// shard's turn calls it.
/// </summary>
internal interface ILazyState : IStateful
{
    /// <summary>Whether all that it has is in memory: only then can it say all that it has.</summary>
    bool IsWhole { get; }

    /// <summary>Whether something is left to be read after a restore.</summary>
    bool IsReading { get; }

    /// <summary>How far reading has come after a restore.</summary>
    ReadProgress Progress { get; }

    /// <summary>When it wants <see cref="ReadOn"/> by itself, in milliseconds.</summary>
    long NextRead { get; }

    /// <summary>Takes what the store has answered, and asks for more.</summary>
    /// <returns>Whether enough is read for the shard to handle records.</returns>
    bool ReadOn();

    /// <summary>The save of the last cut is current.</summary>
    void Saved();
}

/// <summary>How much of what a store has of a shard was read.</summary>
/// <param name="Read">Keys that were read.</param>
/// <param name="All">Keys that there are, as far as it is known.</param>
/// <param name="Bytes">The bytes of those that were read.</param>
internal readonly record struct ReadProgress(long Read, long All, long Bytes)
{
    /// <summary>The sum of both.</summary>
    public static ReadProgress operator +(ReadProgress one, ReadProgress other) =>
        new(one.Read + other.Read, one.All + other.All, one.Bytes + other.Bytes);

    /// <summary>The form that pages use.</summary>
    public override string ToString() =>
        FormattableString.Invariant($"its state is read: {Read} of {All} entities so far");
}
