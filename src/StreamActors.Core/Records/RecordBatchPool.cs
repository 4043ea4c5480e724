namespace StreamActors.Records;

/// <summary>Batches that are between two uses. Thread-safe; one lock per batch.</summary>
internal sealed class RecordBatchPool
{
    /// <summary>How many idle batches are kept: a few more than turns run at once.</summary>
    public const int MaxIdle = 32;

    /// <summary>The bytes of the largest that is kept.</summary>
    public const int MaxIdleBytes = 512 * 1024;

    private readonly Lock sync = new();
    private readonly Stack<RecordBatch> idle = new();

    /// <summary>Takes an empty batch.</summary>
    public RecordBatch Rent(PartitionId source)
    {
        RecordBatch? batch;
        lock (sync)
        {
            idle.TryPop(out batch);
        }

        batch ??= new RecordBatch();
        batch.Reset(source);
        return batch;
    }

    /// <summary>Gives a batch back.</summary>
    public void Return(RecordBatch batch)
    {
        lock (sync)
        {
            if (idle.Count < MaxIdle && batch.Capacity <= MaxIdleBytes)
            {
                idle.Push(batch);
                return;
            }
        }

        batch.Dispose();
    }
}
