using System.Buffers;
using System.Text;
using Confluent.Kafka;

namespace StreamActors.Node.Chaos;

/// <summary>What goes in.</summary>
/// <param name="Rate">Effects a second.</param>
/// <param name="Seed">Decides which keys, and which ids.</param>
internal sealed record Traffic(int Rate, int Seed)
{
    /// <summary>The share of the effects that go through the slow service.</summary>
    public double Calls { get; init; } = 0.25;

    /// <summary>One effect in so many is produced twice, with the same id; 0 = none is.</summary>
    public int TwiceOneIn { get; init; } = 200;
}

/// <summary>
/// Produces effects at a steady rate. It runs on a thread of its own until it is stopped; what Kafka cannot take now
/// waits.
/// </summary>
internal sealed class FeedProducer : IDisposable
{
    private const int MostBetween = 50;

    private static readonly TimeSpan RoomWait = TimeSpan.FromMilliseconds(20);

    private readonly ICodec<Effect> codec = Json.Of<Effect>();
    private readonly ArrayBufferWriter<byte> scratch = new();
    private readonly Queue<(long Due, Feed Feed, int Key, Message<byte[], byte[]> Message)> again = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly IProducer<byte[], byte[]> client;
    private readonly ProofTopics topics;
    private readonly Ledger ledger;
    private readonly Traffic traffic;
    private readonly Random chance;
    private readonly Thread thread;

    /// <summary>Nothing is produced yet.</summary>
    /// <param name="servers">Where to.</param>
    /// <param name="topics">The topics.</param>
    /// <param name="ledger">Notes what is produced.</param>
    /// <param name="traffic">How many, and which.</param>
    public FeedProducer(string servers, ProofTopics topics, Ledger ledger, Traffic traffic)
    {
        (this.topics, this.ledger, this.traffic) = (topics, ledger, traffic);
        chance = new Random(traffic.Seed);
        client = new ProducerBuilder<byte[], byte[]>(new ProducerConfig
        {
            BootstrapServers = servers,
            EnableIdempotence = true,
            MessageTimeoutMs = 0,    // never given up

            // One request a broker at a time. With more, librdkafka's threads spin while five records of a partition
            // wait for their acknowledgement (rd_kafka_toppar_producer_serve wakes at once, and may not send): that
            // took a core from the nodes that are measured.
            MaxInFlight = 1,
            LingerMs = 2,
        }).SetLogHandler(static (_, _) => { }).Build();
        thread = new Thread(Produce) { IsBackground = true, Name = "chaos producer" };
    }

    /// <summary>Starts to produce.</summary>
    public void Start() => thread.Start();

    /// <summary>Stops to produce, and waits until Kafka has all.</summary>
    /// <returns>Whether it has.</returns>
    public bool Stop(TimeSpan limit)
    {
        stopping.Cancel();
        thread.Join();
        return client.Flush(limit) == 0;
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

    private void Produce()
    {
        var began = TimeProvider.System.GetTimestamp();
        for (var made = 0L; !stopping.IsCancellationRequested; made++)
        {
            var ahead = (made * 1000.0 / traffic.Rate) - TimeProvider.System.GetElapsedTime(began).TotalMilliseconds;
            if (ahead >= 1)
            {
                stopping.Token.WaitHandle.WaitOne((int)ahead);
            }

            while (again.TryPeek(out var next) && next.Due <= made)
            {
                again.Dequeue();
                Send(next.Feed, next.Key, next.Message, isAgain: true);
            }

            Next(made);
        }
    }

    private void Next(long made)
    {
        var feed = chance.NextDouble() < traffic.Calls ? Feed.Calls : Feed.Chain;
        var key = chance.Next(ledger.Keys);
        Span<byte> id = stackalloc byte[16];
        chance.NextBytes(id);
        scratch.ResetWrittenCount();
        codec.Write(new Effect(new Guid(id), feed.KeyOf(key), ledger.Next(feed, key)), scratch);
        var message = new Message<byte[], byte[]>
        {
            Key = Encoding.UTF8.GetBytes(feed.KeyOf(key)),
            Value = scratch.WrittenSpan.ToArray(),
        };
        Send(feed, key, message, isAgain: false);
        if (traffic.TwiceOneIn > 0 && chance.Next(traffic.TwiceOneIn) == 0)
        {
            again.Enqueue((made + chance.Next(1, MostBetween), feed, key, message));
        }
    }

    private void Send(Feed feed, int key, Message<byte[], byte[]> message, bool isAgain)
    {
        var place = new TopicPartition(topics.Of(feed), feed.PartitionOf(key));
        while (true)
        {
            try
            {
                client.Produce(place, message, isAgain ? null : Note);
                return;
            }
            catch (ProduceException<byte[], byte[]> error) when (error.Error.Code == ErrorCode.Local_QueueFull)
            {
                // Not until it is stopped: what has a number must go out.
                stopping.Token.WaitHandle.WaitOne(RoomWait);
            }
            catch (ProduceException<byte[], byte[]> error)
            {
                ledger.Refuse(error.Error.Reason);
                return;
            }
        }
    }

    private void Note(DeliveryReport<byte[], byte[]> report)
    {
        if (report.Error.IsError)
        {
            ledger.Refuse(report.Error.Reason);
        }
        else
        {
            ledger.Acknowledge();
        }
    }
}
