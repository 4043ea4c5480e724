using StreamActors.Entities;
using StreamActors.Events;
using StreamActors.Pipelines;

namespace StreamActors.Snapshots;

/// <summary>
/// Sees to it that a process touches the state of its group only where that is its own: before it joins, where the
/// store answers, and in any case before its first claim of a shard. What may change by a new release is written then:
/// by the first of its nodes, so that from there on no node of the release before starts.
/// </summary>
/// <param name="definition">The pipeline.</param>
/// <param name="own">Its fingerprint.</param>
/// <param name="store">Where its state is.</param>
/// <param name="events">Where to say what is left of old.</param>
internal sealed class FingerprintCheck(
    PipelineDefinition definition, Fingerprint own, IStateStore store, IEngineEvents events)
{
    private volatile bool isDone;

    /// <summary>The program's fingerprint.</summary>
    public Fingerprint Own => own;

    /// <summary>Checks, unless it has.</summary>
    /// <exception cref="FingerprintException">The state is not this program's; the message says what to do.</exception>
    /// <exception cref="StateStoreException">The store did not answer.</exception>
    public async Task EnsureAsync(CancellationToken stop)
    {
        if (isDone)
        {
            return;
        }

        // Two nodes that start at once: the one that finds another text than it has read reads again.
        var seen = ReadOnlyMemory<byte>.Empty;
        while (true)
        {
            var stored = Accept(seen.Span);
            await DeleteRetiredAsync(stored, stop);
            var next = own.Following(stored).ToBytes();
            var found = await store.ReplaceAsync(definition.GroupId, seen, next, stop);
            if (found.Span.SequenceEqual(next.Span))
            {
                TellLeft(stored);
                isDone = true;
                return;
            }

            seen = found;
        }
    }

    private Fingerprint Accept(ReadOnlySpan<byte> seen)
    {
        try
        {
            var stored = Fingerprint.Read(seen);
            List<string> differences = [.. own.Differences(stored, definition)];
            return differences.Count == 0 ? stored : throw new FingerprintException(string.Join(' ', differences));
        }
        catch (FingerprintException error)
        {
            throw new FingerprintException(
                $"What {store.Name} keeps as the state of the group {definition.GroupId} is not this program's. "
                + error.Message,
                error);
        }
    }

    /// <summary>
    /// Each start deletes them again: while a release is rolled out, nodes of the one before may save what is deleted.
    /// </summary>
    private async Task DeleteRetiredAsync(Fingerprint stored, CancellationToken stop)
    {
        foreach (var entity in stored.Entities.Where(old => definition.Retired.Contains(old.Name)))
        {
            for (var number = 0; number < entity.Partitions; number++)
            {
                await store.DeleteAsync(definition.StoredAs(EntityDefinition.ShardGroupOf(entity.Name), number), stop);
            }
        }
    }

    private void TellLeft(Fingerprint stored)
    {
        List<string> left =
        [
            .. stored.Entities.Select(static old => old.Name)
                .Where(name => own.Find(name) is null && !definition.Retired.Contains(name)),
        ];
        if (left.Count > 0)
        {
            events.Report(new EngineEvent.StateLeft(definition.Name, store.Name, left));
        }
    }
}
