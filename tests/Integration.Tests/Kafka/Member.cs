using System.Collections.Concurrent;
using System.Text;
using StreamActors.Events;
using StreamActors.Kafka;
using StreamActors.Records;
using StreamActors.Sources;
using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.Kafka;

/// <summary>A record as a test compares it: null and empty are told apart.</summary>
public sealed record Seen(PartitionId Partition, long Offset, string? Key, string? Value, string Headers);

/// <summary>A member of a group with a poll thread of its own, which notes all it sees.</summary>
internal sealed class Member : IGroupEvents, IEngineEvents, IDisposable
{
    private readonly KafkaSource source;
    private readonly Thread thread;
    private readonly ConcurrentQueue<Action<IGroupConsumer>> requests = new();
    private readonly ConcurrentQueue<Seen> seen = new();
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool stopping;    // the poll thread's

    public Member(KafkaOptions options, string group, params string[] topics)
        : this(options, new GroupSpec("test", group, CoPartitioned: false), topics)
    {
    }

    public Member(KafkaOptions options, GroupSpec group, params string[] topics)
    {
        source = new KafkaSource(options, TimeProvider.System);
        Consumer = source.Open(group, this, this);
        Consumer.Subscribe(topics);
        thread = new Thread(Run) { IsBackground = true };
    }

    public IGroupConsumer Consumer { get; }

    /// <summary>Where an assigned partition starts; the default is its committed offset, else 0.</summary>
    public Func<PartitionId, long>? StartAt { get; init; }

    /// <summary>What a revoke does besides.</summary>
    public Action? OnRevoked { get; init; }

    /// <summary>Partitions that are not read for now.</summary>
    public ConcurrentDictionary<PartitionId, bool> Held { get; } = new();

    public ConcurrentDictionary<PartitionId, bool> Owned { get; } = new();

    public ConcurrentQueue<EngineEvent> Events { get; } = new();

    public ConcurrentQueue<string> Failures { get; } = new();

    public ConcurrentQueue<PartitionId> OutOfRanges { get; } = new();

    public ConcurrentQueue<PartitionId> Losses { get; } = new();

    public IReadOnlyList<Seen> Seen => [.. seen];

    public int Polls { get; private set; }

    /// <summary>Waits until each member owns so many partitions, with the same numbers in each topic.</summary>
    public static async Task OwnInStepAsync(int partitions, params Member[] members)
    {
        bool IsInStep(Member member) => member.Owned.Count == partitions
            && member.Owned.Keys.ToLookup(static each => each.Number).All(static same => same.Count() == 2);
        try
        {
            await Machine.UntilAsync(
                "partitions in step", TimeSpan.FromSeconds(30), () => Task.FromResult(members.All(IsInStep)));
        }
        catch (TimeoutException error)
        {
            var owned = members.Select(static member =>
                $"{string.Join(' ', member.Owned.Keys.Select(static each => $"{each}").Order())}, "
                + $"{string.Join(' ', member.Events)} {string.Join(' ', member.Failures)}");
            throw new TimeoutException($"{error.Message}: {string.Join("; ", owned)}", error);
        }
    }

    public Member Start()
    {
        thread.Start();
        return this;
    }

    /// <summary>Runs on the poll thread.</summary>
    public Task<T> OnPollThread<T>(Func<IGroupConsumer, T> request)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        requests.Enqueue(consumer =>
        {
            try
            {
                done.SetResult(request(consumer));
            }
            catch (SourceException error)
            {
                done.SetException(error);
            }
        });
        Consumer.Wake();
        return done.Task;
    }

    public Task CommitAsync(params PartitionOffset[] offsets) =>
        OnPollThread(consumer => consumer.CommitAsync(offsets)).Unwrap();

    /// <summary>Leaves the group; throws what the poll thread died of.</summary>
    public async Task CloseAsync()
    {
        Stop();
        await ended.Task;
    }

    public void Dispose()
    {
        if (thread.IsAlive)
        {
            Stop();
            thread.Join(TimeSpan.FromSeconds(20)).ShouldBeTrue("the poll thread did not end");
        }

        Consumer.Dispose();
        source.Dispose();
    }

    IReadOnlyList<PartitionOffset> IGroupEvents.Assigned(IReadOnlyList<PartitionId> partitions)
    {
        var committed = partitions.Select(partition => partition.Topic).Distinct()
            .SelectMany(Committed)
            .ToDictionary(c => c.Partition, c => c.Committed ?? 0);
        foreach (var partition in partitions)
        {
            Owned[partition] = true;
        }

        return [.. partitions.Select(p => new PartitionOffset(p, StartAt?.Invoke(p) ?? committed[p]))];
    }

    void IGroupEvents.Revoked(IReadOnlyList<PartitionId> partitions)
    {
        Forget(partitions);
        OnRevoked?.Invoke();
    }

    void IGroupEvents.Lost(IReadOnlyList<PartitionId> partitions)
    {
        Forget(partitions);
        foreach (var partition in partitions)
        {
            Losses.Enqueue(partition);
        }
    }

    void IGroupEvents.OutOfRange(PartitionId partition) => OutOfRanges.Enqueue(partition);

    void IGroupEvents.Failed(string reason) => Failures.Enqueue(reason);

    void IEngineEvents.Report(EngineEvent happened) => Events.Enqueue(happened);

    // As the engine does, it asks again: a topic that was made just now is not yet known to every broker.
    private IReadOnlyList<(PartitionId Partition, long? Committed, bool HasState)> Committed(string topic)
    {
        for (var left = 3; ; left--)
        {
            try
            {
                return Consumer.CommittedOffsets(topic, TimeSpan.FromSeconds(5));
            }
            catch (SourceException error) when (left > 1)
            {
                Events.Enqueue(new EngineEvent.StartFailed("test", [], error.Message));
                Thread.Sleep(200);
            }
        }
    }

    // A request like any other: those that were made before it are done first.
    private void Stop()
    {
        requests.Enqueue(_ => stopping = true);
        Consumer.Wake();
    }

    private void Forget(IReadOnlyList<PartitionId> partitions)
    {
        foreach (var partition in partitions)
        {
            Owned.TryRemove(partition, out _);
        }
    }

    private void Run()
    {
        using var batch = new RecordBatch();
        try
        {
            while (!stopping)
            {
                Consumer.Poll(TimeSpan.FromSeconds(1));
                Polls++;
                while (requests.TryDequeue(out var request))
                {
                    request(Consumer);
                }

                foreach (var partition in Owned.Keys.Where(partition => !Held.ContainsKey(partition)))
                {
                    do
                    {
                        batch.Reset(partition);
                    }
                    while (Take(batch, Consumer.Read(partition, batch, 100, 64 * 1024)) > 0);
                }
            }

            Consumer.Close();
            ended.SetResult();
        }
        catch (Exception error)
        {
            Failures.Enqueue($"the poll thread ended: {error}");
            ended.SetException(error);
        }
    }

    private int Take(RecordBatch batch, int count)
    {
        count.ShouldBe(batch.Count);
        for (var i = 0; i < count; i++)
        {
            var record = batch[i];
            var headers = new StringBuilder();
            foreach (var header in RecordHeaders.Read(record.Headers))
            {
                headers.Append(Encoding.UTF8.GetString(header.Name)).Append('=')
                    .Append(header.IsNull ? "<null>" : Encoding.UTF8.GetString(header.Value)).Append(';');
            }

            seen.Enqueue(new Seen(
                record.Source,
                record.Offset,
                record.HasKey ? Encoding.UTF8.GetString(record.Key) : null,
                record.IsTombstone ? null : Encoding.UTF8.GetString(record.Value),
                headers.ToString()));
        }

        return count;
    }
}
