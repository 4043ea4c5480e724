namespace StreamActors.Dedup;

/// <summary>
/// A number of bytes that the dedup sets of a pipeline's shards share. Thread-safe; asked only when a set grows.
/// </summary>
/// <param name="bytes">How many bytes there are to share.</param>
internal sealed class MemoryBudget(long bytes)
{
    private long used;

    /// <summary>The bytes that were taken and not given back.</summary>
    public long Used => Interlocked.Read(ref used);

    /// <summary>Takes bytes if there are enough left.</summary>
    public bool TryTake(long amount)
    {
        if (Interlocked.Add(ref used, amount) <= bytes)
        {
            return true;
        }

        Interlocked.Add(ref used, -amount);
        return false;
    }

    /// <summary>Takes bytes also where there are too few left: what a set needs to be one at all.</summary>
    public void Take(long amount) => Interlocked.Add(ref used, amount);

    /// <summary>Gives bytes back.</summary>
    public void Return(long amount) => Interlocked.Add(ref used, -amount);
}
