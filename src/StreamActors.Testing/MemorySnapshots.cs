using StreamActors.Snapshots;

namespace StreamActors.Testing;

/// <summary>
/// Hands what a drained shard saves to the one that is made next in its place, once: a shard that is made after a crash
/// or a failure finds nothing.
/// </summary>
internal sealed class MemorySnapshots : ISnapshots
{
    private readonly Dictionary<string, ReadOnlyMemory<byte>> saved = new(StringComparer.Ordinal);
    private readonly HashSet<string> leaving = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public ReadOnlyMemory<byte>? Load(string shard) =>
        saved.Remove(shard, out var bytes) ? bytes : default(ReadOnlyMemory<byte>?);

    /// <summary>A shard goes.</summary>
    /// <returns>Whether it saved its state: the next in its place may be there already, and have it.</returns>
    public bool HandsOver(string shard) => leaving.Remove(shard);

    /// <inheritdoc/>
    public void Save(string shard, ReadOnlyMemory<byte> bytes)
    {
        saved[shard] = bytes;
        leaving.Add(shard);
    }
}
