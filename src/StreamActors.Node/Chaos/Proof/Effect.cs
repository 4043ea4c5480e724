namespace StreamActors.Node.Chaos;

/// <summary>A record that goes in: the n-th effect on its key.</summary>
/// <param name="Id">Its id; a record that is produced twice has the same.</param>
/// <param name="Key">Whose it is.</param>
/// <param name="Sequence">n, from 1, without a gap.</param>
internal sealed record Effect(Guid Id, string Key, long Sequence);

/// <summary>A record that comes out: what the state of the key was behind an effect, or when its timer fired.</summary>
/// <param name="Key">Whose it is.</param>
/// <param name="Sequence">The effect's; that of the last one where <paramref name="IsTimer"/>.</param>
/// <param name="Count">Effects that the state has seen.</param>
/// <param name="Fold">All of them, in their order, in one number.</param>
/// <param name="Owner">The epoch that wrote it: a process, and which of its shards in order of their start.</param>
/// <param name="IsTimer">Whether a timer wrote it.</param>
internal sealed record Proof(string Key, long Sequence, long Count, ulong Fold, string Owner, bool IsTimer);
