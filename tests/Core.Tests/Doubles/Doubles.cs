using StreamActors.Events;
using StreamActors.Records;
using StreamActors.Shards;
using StreamActors.Sinks;
using StreamActors.Sources;

namespace StreamActors.Core.Tests.Doubles;

/// <summary>Remembers what was reported.</summary>
internal sealed class RecordedEvents : IEngineEvents
{
    public List<EngineEvent> All { get; } = [];

    public void Report(EngineEvent happened) => All.Add(happened);
}

/// <summary>A sink whose deliveries end when the test says so.</summary>
internal sealed class ManualSink : ISink
{
    public List<(TaskCompletionSource Done, string[] Values)> Deliveries { get; } = [];

    public Exception? ThrowAtOnce { get; set; }

    public bool SucceedsAtOnce { get; set; }

    /// <summary>Called within the turn that delivers.</summary>
    public Action Delivering { get; set; } = static () => { };

    public string Name => "manual";

    public Task DeliverAsync(OutputBatch batch, CancellationToken stop)
    {
        Delivering();
        if (ThrowAtOnce is { } error)
        {
            throw error;
        }

        var values = new List<string>();
        foreach (ref readonly var output in batch.Outputs)
        {
            values.Add(System.Text.Encoding.UTF8.GetString(batch.Value(output)));
        }

        Deliveries.Add((new TaskCompletionSource(), [.. values]));
        if (SucceedsAtOnce)
        {
            Deliveries[^1].Done.SetResult();
        }

        return Deliveries[^1].Done.Task;
    }

    public ValueTask<bool> IsReachableAsync(CancellationToken stop) => ValueTask.FromResult(true);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>A client whose answers the test sets.</summary>
internal sealed class ManualConsumer : IGroupConsumer
{
    public long Generation => 1;

    public TimeSpan SessionTimeout { get; set; } = Timeout.InfiniteTimeSpan;

    private readonly Dictionary<PartitionId, Queue<long>> logs = [];

    public List<(TaskCompletionSource Done, PartitionOffset[] Offsets)> Commits { get; } = [];

    public Dictionary<PartitionId, long?> Committed { get; } = [];

    public (long First, long End) LogBounds { get; set; }

    /// <summary>How the next commits end; null = when the test says so.</summary>
    public bool? CommitsSucceed { get; set; }

    /// <summary>Whether questions to the broker fail.</summary>
    public bool IsSilent { get; set; }

    /// <summary>How many questions the broker was asked.</summary>
    public int Questions { get; private set; }

    /// <summary>Where reading was told to go on.</summary>
    public List<PartitionOffset> Seeks { get; } = [];

    /// <summary>The offsets of the records of a partition that are read next.</summary>
    public Queue<long> Log(PartitionId partition) =>
        logs.TryGetValue(partition, out var log) ? log : logs[partition] = new Queue<long>();

    public void Subscribe(IReadOnlyList<string> topics)
    {
    }

    public void Poll(TimeSpan wait)
    {
    }

    public void Wake()
    {
    }

    public int Read(PartitionId partition, RecordBatch batch, int maxRecords, int maxBytes)
    {
        while (batch.Count < maxRecords && Log(partition).TryDequeue(out var offset))
        {
            batch.Add(offset, 0, "k"u8, BitConverter.GetBytes((int)offset), default);
        }

        return batch.Count;
    }

    public IReadOnlyList<(PartitionId Partition, long? Committed, bool HasState)> CommittedOffsets(
        string topic, TimeSpan limit)
    {
        Ask();
        return [.. Committed.Where(each => each.Key.Topic == topic)
            .Select(static each => (each.Key, each.Value, false))];
    }

    public (long First, long End) Bounds(PartitionId partition, TimeSpan limit)
    {
        Ask();
        return LogBounds;
    }

    /// <summary>What it knows of the ends of logs.</summary>
    public Dictionary<PartitionId, long> Ends { get; } = [];

    public long? Lag(PartitionOffset position) =>
        Ends.TryGetValue(position.Partition, out var end) ? end - position.Offset : null;

    public void Seek(PartitionOffset position) => Seeks.Add(position);

    public Task CommitAsync(
        IReadOnlyList<PartitionOffset> offsets, IReadOnlyCollection<PartitionId>? withState = null)
    {
        Commits.Add((new TaskCompletionSource(), [.. offsets]));
        if (CommitsSucceed == true)
        {
            Commits[^1].Done.SetResult();
        }
        else if (CommitsSucceed == false)
        {
            Commits[^1].Done.SetException(new SourceException("refused"));
        }

        return Commits[^1].Done.Task;
    }

    public void Close()
    {
    }

    public void Dispose()
    {
    }

    private void Ask()
    {
        Questions++;
        if (IsSilent)
        {
            throw new SourceException("The broker did not answer.");
        }
    }
}

/// <summary>Runs nothing; a wait ends at once, by its condition.</summary>
internal sealed class NoThreads : ITurnScheduler
{
    public void Schedule(IThreadPoolWorkItem turn)
    {
    }

    public bool WaitUntil(Func<bool> condition, TimeSpan limit) => condition();

    public void Signal()
    {
    }
}
