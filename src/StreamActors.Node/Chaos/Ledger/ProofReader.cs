using Confluent.Kafka;

namespace StreamActors.Node.Chaos;

/// <summary>Reads the proofs, and notes them in the history, on a thread of its own.</summary>
internal sealed class ProofReader : IDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private readonly ICodec<Proof> codec = Json.Of<Proof>();
    private readonly CancellationTokenSource stopping = new();
    private readonly IConsumer<Ignore, byte[]> client;
    private readonly ProofTopics topics;
    private readonly History history;
    private readonly Thread thread;
    private long deadLetters;
    private volatile string? trouble;

    /// <summary>Nothing is read yet.</summary>
    public ProofReader(string servers, ProofTopics topics, History history)
    {
        (this.topics, this.history) = (topics, history);
        client = new ConsumerBuilder<Ignore, byte[]>(new ConsumerConfig
        {
            BootstrapServers = servers,
            GroupId = $"{topics.Run}-driver",
            EnableAutoCommit = false,
            FetchWaitMaxMs = 20,
        }).SetLogHandler(static (_, _) => { }).Build();
        client.Assign(Enumerable.Range(0, Feed.Chain.Partitions)
            .Select(partition => new TopicPartition(topics.Proof, partition))
            .Append(new TopicPartition(topics.DeadLetters, 0))
            .Select(static partition => new TopicPartitionOffset(partition, Offset.Beginning)));
        thread = new Thread(Read) { IsBackground = true, Name = "chaos reader" };
    }

    /// <summary>Records that the pipeline gave up: none may be.</summary>
    public long DeadLetters => Interlocked.Read(ref deadLetters);

    /// <summary>What cannot be read; null where all can.</summary>
    public string? Trouble => trouble;

    /// <summary>Starts to read.</summary>
    public void Start() => thread.Start();

    /// <summary>Reads to where the topics end now, and stops.</summary>
    public void StopAtEnd()
    {
        stopping.Cancel();
        thread.Join();
        foreach (var partition in client.Assignment)
        {
            var end = client.QueryWatermarkOffsets(partition, Limit).High;
            while (end > 0 && (client.Position(partition) == Offset.Unset || client.Position(partition) < end))
            {
                Take(client.Consume(Poll));
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        stopping.Cancel();
        if (thread.IsAlive)
        {
            thread.Join();
        }

        client.Dispose();
        stopping.Dispose();
    }

    private void Read()
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                Take(client.Consume(Poll));
            }
            catch (ConsumeException)
            {
                // A broker is away: it is asked again.
            }
        }
    }

    private void Take(ConsumeResult<Ignore, byte[]>? read)
    {
        if (read is null)
        {
            return;
        }

        if (read.Topic == topics.DeadLetters)
        {
            Interlocked.Increment(ref deadLetters);
        }
        else if (codec.TryRead(read.Message.Value, out var proof, out var rejection))
        {
            Note(proof, read);
        }
        else
        {
            trouble = $"{read.TopicPartitionOffset} is no proof: {rejection}";
        }
    }

    private void Note(Proof proof, ConsumeResult<Ignore, byte[]> read)
    {
        try
        {
            history.Add(proof, read.Message.Timestamp.UnixTimestampMs);
        }
        catch (FormatException error)
        {
            trouble = $"{read.TopicPartitionOffset}: {error.Message}";
        }
    }
}
