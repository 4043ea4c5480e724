using StreamActors.Events;
using StreamActors.Offsets;
using StreamActors.Records;
using StreamActors.Shards;
using StreamActors.Sources;

namespace StreamActors.Pipelines;

/// <summary>
/// Makes the shards of a member's partitions: at their assignment, when the broker did not answer then, when a shard
/// failed, and when a log does not hold a shard's offset. Called by the poll thread.
/// </summary>
internal sealed class ShardStarter(
    PipelineDefinition definition,
    ShardHost host,
    IGroupConsumer client,
    Committer committer,
    EngineServices services)
{
    private readonly IEngineEvents events = services.Events;
    private readonly Random random = services.Random;
    private readonly StartResolver starts =
        new(client, host.Scheduler, definition.StartAt, definition.Timing.StartLimit);

    /// <summary>Why the pipeline must stop; null while it need not.</summary>
    public string? Fatal { get; private set; }

    /// <summary>Starts partitions that were assigned.</summary>
    /// <returns>Where they start; -1 where the broker did not answer, and is asked again later.</returns>
    public IReadOnlyList<PartitionOffset> StartAll(IReadOnlyList<OwnedPartition> assigned)
    {
        var begun = new List<PartitionOffset>();
        string? silent = null;
        foreach (var topic in assigned.GroupBy(static each => each.Partition.Topic))
        {
            // A broker that did not answer for one topic is not asked for the next: each question may take seconds.
            if (silent is null)
            {
                silent = Start(topic.Key, [.. topic], begun);
            }
            else
            {
                StartLater([.. topic], silent, begun);
            }
        }

        return begun;
    }

    /// <summary>
    /// Starts shards that are put off, those that failed, and those whose log does not hold their offset. A broker that
    /// does not answer one question is asked no other in this round: the group, the reading and a stop come in between.
    /// </summary>
    public void StartWaiting(IReadOnlyCollection<OwnedPartition> owned)
    {
        var now = host.Now();
        foreach (var partition in owned)
        {
            var answered = true;
            if (partition.Shard?.Failure is { } error)
            {
                Restart(partition, partition.Shard.Committable(partition.Input), error);
            }
            else if (partition is { IsOutOfRange: true, Shard: not null } && now >= partition.RetryAt)
            {
                answered = Relocate(partition);
            }
            else if (IsDue(partition, now))
            {
                answered = StartAgain(partition, owned, now);
            }

            if (!answered)
            {
                return;
            }
        }
    }

    private static bool IsDue(OwnedPartition partition, long now) =>
        partition is { Shard: null, Former: null or { IsQuiet: true } } && now >= partition.RetryAt;

    /// <summary>Finds the starts of partitions of one topic, and makes their shards.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="partitions">The partitions.</param>
    /// <param name="begun">
    /// Takes the starts; -1 where the broker did not answer, and is asked again later.
    /// </param>
    /// <returns>Why the broker did not answer; null when it did.</returns>
    private string? Start(string topic, IReadOnlyList<OwnedPartition> partitions, List<PartitionOffset> begun)
    {
        try
        {
            var found = starts.Resolve(topic, [.. partitions.Select(static each => each.Partition)]);
            foreach (var start in found)
            {
                MakeShard(partitions.First(each => each.Partition == start.Partition), start.Offset);
            }

            begun.AddRange(found);
            return null;
        }
        catch (SourceException error)
        {
            StartLater(partitions, error.Message, begun);
            return error.Message;
        }
    }

    private void StartLater(IReadOnlyList<OwnedPartition> partitions, string why, List<PartitionOffset> begun)
    {
        PartitionId[] ids = [.. partitions.Select(static each => each.Partition)];
        events.Report(new EngineEvent.StartFailed(definition.Name, ids, why));
        foreach (var partition in partitions)
        {
            PutOff(partition, startAt: null, ++partition.FailedStarts, why);
        }

        begun.AddRange(ids.Select(static id => new PartitionOffset(id, -1)));
    }

    private void MakeShard(OwnedPartition partition, long startAt)
    {
        var start = new PartitionOffset(partition.Partition, startAt);
        committer.Started(start);
        (partition.StartAt, partition.FailedStarts, partition.Why) = (startAt, 0, "");
        try
        {
            partition.Shard = new Shard(host, new Epoch(), [start], random.NextDouble());
        }
        catch (Exception error)
        {
            // User code makes the handler object; what it throws must not reach the client that called us.
            Restart(partition, startAt, error);
        }
    }

    private long TimeOfRetry(int failures) =>
        host.Now() + (long)definition.Timing.Restart.Wait(failures, random).TotalMilliseconds;

    private void PutOff(OwnedPartition partition, long? startAt, int failures, string why)
    {
        partition.Shard = null;
        partition.StartAt = startAt;
        partition.Why = why;
        partition.RetryAt = TimeOfRetry(failures);
    }

    private void Restart(OwnedPartition partition, long from, Exception error)
    {
        partition.Former = partition.Shard;
        partition.Failures.Enqueue(host.Now());
        while (partition.Failures.Peek() < host.Now() - definition.Timing.RestartWindow.TotalMilliseconds)
        {
            partition.Failures.Dequeue();
        }

        var failures = partition.Failures.Count;
        PutOff(partition, from, failures, error.Message);
        events.Report(
            new EngineEvent.ShardRestarting(definition.Name, partition.Partition.ToString(), failures, error));
        if (failures > definition.Timing.RestartLimit)
        {
            Fatal = $"The shard {partition.Partition} failed {failures} times within "
                + $"{definition.Timing.RestartWindow}; the last time with {error.GetType().Name}: {error.Message}";
        }
    }

    /// <returns>Whether the broker answered, if it had to be asked.</returns>
    private bool StartAgain(OwnedPartition partition, IReadOnlyCollection<OwnedPartition> owned, long now)
    {
        var begun = new List<PartitionOffset>();
        string? silent = null;
        if (partition.StartAt is { } known)
        {
            MakeShard(partition, known);
            begun.Add(new PartitionOffset(partition.Partition, known));
        }
        else
        {
            var topic = partition.Partition.Topic;
            var same = owned.Where(each => each.Partition.Topic == topic && each.StartAt is null);
            silent = Start(topic, [.. same.Where(each => IsDue(each, now))], begun);
        }

        begun.Where(static start => start.Offset >= 0).ToList().ForEach(client.Seek);
        return silent is null;
    }

    /// <summary>
    /// Goes on at the first record that the log still has. Where the log was cut in front of us, the shard finishes
    /// what it has, and skips the gap; else it is another log, which ends before what was read, and so another shard.
    /// </summary>
    /// <returns>Whether the broker answered.</returns>
    private bool Relocate(OwnedPartition partition)
    {
        try
        {
            var shard = partition.Shard!;
            var (first, end) = client.Bounds(partition.Partition, definition.Timing.StartLimit);
            var place = new PartitionOffset(partition.Partition, shard.Committable(partition.Input));
            partition.IsOutOfRange = false;
            if (first <= shard.Next(partition.Input))
            {
                shard.Close();
                committer.Forget(partition.Partition);
                MakeShard(partition, first);
            }

            client.Seek(new PartitionOffset(partition.Partition, first));
            events.Report(new EngineEvent.OutOfRange(definition.Name, place, first, end));
            return true;
        }
        catch (SourceException error)
        {
            partition.RetryAt = TimeOfRetry(++partition.FailedStarts);
            events.Report(new EngineEvent.StartFailed(definition.Name, [partition.Partition], error.Message));
            return false;
        }
    }
}
