using StreamActors.Events;
using StreamActors.Shards;

namespace StreamActors.Snapshots;

/// <summary>
/// Says how the reading of a large state goes: when it has begun, every ten seconds, and when it is done. What is read
/// at once is not worth a line. Owned by the shard: only its turn calls it.
/// </summary>
/// <param name="shard">The shard's name in the store.</param>
/// <param name="context">The shard's.</param>
internal sealed class RestoreReport(string shard, ShardContext context)
{
    private const long Every = 10_000;

    private long? begunAt;
    private long nextAt;
    private bool isTold;

    /// <summary>Whether there may be something to say. Asked at each turn.</summary>
    public bool IsDue(bool isReading) => isReading ? !isTold || context.Now >= nextAt : isTold;

    /// <summary>Says it.</summary>
    /// <param name="isReading">Whether something is left to be read.</param>
    /// <param name="read">How far it has come.</param>
    public void Tell(bool isReading, ReadProgress read)
    {
        begunAt ??= context.Now;
        if (isReading && read.All <= context.ReadAtOnce)
        {
            return;
        }

        var took = TimeSpan.FromMilliseconds(context.Now - begunAt.Value);
        context.Events.Report(new EngineEvent.StateRead(context.Pipeline, shard, read, took)
        {
            IsFirst = !isTold,
            IsLast = !isReading,
        });
        (isTold, nextAt, begunAt) = (isReading, context.Now + Every, isReading ? begunAt : null);
    }
}
