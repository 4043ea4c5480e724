using StreamActors.Events;
using StreamActors.Limits;
using StreamActors.Records;
using StreamActors.Sources;

namespace StreamActors.Offsets;

/// <summary>
/// Step 5, commit: decides when the committable offsets go to the group, and remembers which did. One commit at a time;
/// on a timer, and earlier by count, but never without a pause. A failed commit costs nothing: the next covers it.
/// Called by the poll thread.
/// </summary>
/// <param name="pipeline">The pipeline's name.</param>
/// <param name="client">The member.</param>
/// <param name="timing">When it commits.</param>
/// <param name="events">Where a failure is reported.</param>
/// <param name="hasState">Whether a store has state for what is committable of a partition.</param>
internal sealed class Committer(
    string pipeline,
    IGroupConsumer client,
    PipelineTiming timing,
    IEngineEvents events,
    Predicate<PartitionId> hasState)
{
    private readonly Dictionary<PartitionId, long> committed = [];
    private readonly HashSet<PartitionId> unsure = [];    // a later commit of them may have been carried out
    private Task? underWay;
    private Task proof = Task.CompletedTask;
    private IReadOnlyList<PartitionOffset> sent = [];
    private long lastCommit = long.MinValue / 2;
    private long began = long.MinValue / 2;

    /// <summary>Why the last commit failed; null where it did not.</summary>
    public string? Trouble { get; private set; }

    /// <summary>What an acknowledged commit proves.</summary>
    public Membership Membership { get; } = new();

    /// <summary>Whether no commit is under way.</summary>
    public bool IsIdle => underWay is null or { IsCompleted: true } && proof.IsCompleted;

    /// <summary>
    /// The last acknowledged commit of a partition by this member, and before the first the offset from which it
    /// started; null while the partition has no start.
    /// </summary>
    public long? Committed(PartitionId partition) => committed.TryGetValue(partition, out var offset) ? offset : null;

    /// <summary>Takes note of where a partition starts by what the group has committed.</summary>
    public void Started(PartitionOffset start) => committed.TryAdd(start.Partition, start.Offset);

    /// <summary>Forgets a partition that is not owned any more.</summary>
    public void Forget(PartitionId partition)
    {
        committed.Remove(partition);
        unsure.Remove(partition);
        sent = [.. sent.Where(each => each.Partition != partition)];
    }

    /// <summary>Begins a commit if one is due.</summary>
    /// <param name="now">The time in milliseconds.</param>
    /// <param name="committable">The committable offsets of all owned partitions.</param>
    public void CommitIfDue(long now, IEnumerable<PartitionOffset> committable)
    {
        Finish();
        if (!IsIdle || now - began < timing.CommitSpacing.TotalMilliseconds)
        {
            return;
        }

        var news = News(committable);
        var isDue = news.Count > 0
            && (now - lastCommit >= timing.CommitInterval.TotalMilliseconds || Records(news) >= timing.CommitRecords);
        if (isDue)
        {
            Begin(now, news);
        }
        else if (Membership.WantsProof(now))
        {
            BeginProof(now, news);
        }
    }

    /// <summary>
    /// Sees to it, in a drain too, that nothing waits for a proof of the membership: takes answers, and asks for one.
    /// </summary>
    /// <param name="now">The time in milliseconds.</param>
    /// <param name="committable">The committable offsets of all owned partitions.</param>
    public void ProveIfInDoubt(long now, IEnumerable<PartitionOffset> committable)
    {
        Finish();
        if (IsIdle && !Membership.IsProven(now) && now - began >= timing.CommitSpacing.TotalMilliseconds)
        {
            BeginProof(now, News(committable));
        }
    }

    /// <summary>
    /// Begins a commit of all that is committable and not committed; the one under way must have ended.
    /// </summary>
    public void CommitNow(long now, IEnumerable<PartitionOffset> committable)
    {
        Finish();
        var news = News(committable);
        if (news.Count > 0)
        {
            Begin(now, news);
        }
    }

    /// <summary>
    /// Commits what is committed already, which changes nothing: an answer proves that the group knows the member.
    /// </summary>
    /// <returns>
    /// It; null while a commit is under way: behind that one it would take offsets back, and that one's answer may be
    /// from before the question.
    /// </returns>
    public Task? Prove(IEnumerable<PartitionOffset> offsets)
    {
        Finish();
        return IsIdle ? proof = CommitAsync([.. offsets]) : null;
    }

    /// <summary>How many records are done, and not known to be committed.</summary>
    public long Uncommitted(IEnumerable<PartitionOffset> committable) => Records(News(committable));

    /// <summary>Takes the result of the commit under way, if it has ended.</summary>
    public void Finish()
    {
        if (underWay is not { IsCompleted: true })
        {
            return;
        }

        if (underWay.IsCompletedSuccessfully)
        {
            Membership.Committed(began);
            Trouble = null;
            foreach (var (partition, offset) in sent)
            {
                if (committed.ContainsKey(partition))
                {
                    committed[partition] = offset;
                    unsure.Remove(partition);
                }
            }
        }
        else
        {
            var isNew = Trouble is null;
            Trouble = underWay.Exception?.InnerException?.Message ?? "It was cancelled.";
            if (isNew)
            {
                events.Report(new EngineEvent.CommitFailed(pipeline, Trouble));
            }
        }

        underWay = null;
    }

    private void Begin(long now, List<PartitionOffset> news)
    {
        lastCommit = now;
        Send(now, news);
    }

    /// <summary>
    /// Any commit proves the membership. Without news it is one partition's offset again: where there is one, of a
    /// partition of which the group has no later one, as a commit leaves it that was carried out and not answered.
    /// </summary>
    private void BeginProof(long now, List<PartitionOffset> news)
    {
        if (news.Count > 0)
        {
            Begin(now, news);
        }
        else if (committed.Count > 0)
        {
            var (partition, offset) = committed.OrderBy(each => unsure.Contains(each.Key)).First();
            Send(now, [new PartitionOffset(partition, offset)]);
        }
    }

    private void Send(long now, List<PartitionOffset> offsets)
    {
        (began, sent) = (now, offsets);
        unsure.UnionWith(offsets.Where(each => each.Offset > committed[each.Partition])
            .Select(static each => each.Partition));
        underWay = CommitAsync(offsets);
    }

    private Task CommitAsync(List<PartitionOffset> offsets) => client.CommitAsync(
        offsets, [.. offsets.Select(static each => each.Partition).Where(partition => hasState(partition))]);

    private List<PartitionOffset> News(IEnumerable<PartitionOffset> committable) =>
        [.. committable.Where(each => Committed(each.Partition) is { } before && each.Offset > before)];

    private long Records(List<PartitionOffset> news) => news.Sum(each => each.Offset - committed[each.Partition]);
}
