using Confluent.Kafka;
using StreamActors.Kafka;
using StreamActors.Pipelines.RideShare;

namespace StreamActors.Node.Load;

/// <summary>
/// Writes a simulated city's events to Kafka: idempotent, lz4, gathered for a few milliseconds, kept through an outage
/// of any length. One thread sends; any thread may read the counts.
/// </summary>
internal sealed class LoadProducer : IDisposable
{
    private static readonly TimeSpan RoomWait = TimeSpan.FromMilliseconds(20);

    private readonly IProducer<byte[], byte[]> producer;
    private readonly string servers;
    private readonly Dictionary<RideShareTopic, Tally> tallies =
        RideShareTopics.All.ToDictionary(static topic => topic, static _ => new Tally());

    private volatile string? trouble;
    private volatile string? lastReason;
    private volatile string? refusal;
    private volatile string? failure;

    /// <summary>Makes the producer; it connects by itself.</summary>
    /// <exception cref="PipelineException">The Kafka client refuses a setting.</exception>
    public LoadProducer(KafkaOptions options)
    {
        servers = options.BootstrapServers;
        var builder = new ProducerBuilder<byte[], byte[]>(Settings(options))
            .SetErrorHandler((_, error) => Note(error))
            .SetLogHandler(static (_, _) => { });
        producer = KafkaClients.Make(options, builder.Build);
        foreach (var tally in tallies.Values)
        {
            tally.Report = report => Count(tally, report.Error);
        }
    }

    /// <summary>Why Kafka takes nothing now; null while it does.</summary>
    public string? Trouble => trouble;

    /// <summary>Why Kafka refused the last record that it refused for good; null where it refused none.</summary>
    public string? Refusal => refusal;

    /// <summary>Why the producer can send nothing any more, for good; null while it can.</summary>
    public string? Failure => failure;

    /// <summary>Records that Kafka has.</summary>
    public long Delivered => tallies.Values.Sum(static tally => Interlocked.Read(ref tally.Delivered));

    /// <summary>Records that Kafka will never take.</summary>
    public long Refused => tallies.Values.Sum(static tally => Interlocked.Read(ref tally.Refused));

    /// <summary>Records of a topic that Kafka has.</summary>
    public long DeliveredTo(RideShareTopic topic) => Interlocked.Read(ref tallies[topic].Delivered);

    /// <summary>Sends a record; waits while the queue is full. What the client refuses is counted.</summary>
    /// <exception cref="OperationCanceledException">It was told to stop while it waited.</exception>
    public void Send(RideShareTopic topic, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, CancellationToken stop)
    {
        var message = new Message<byte[], byte[]> { Key = key.ToArray(), Value = value.ToArray() };
        while (true)
        {
            try
            {
                producer.Produce(topic.Name, message, tallies[topic].Report);
                return;
            }
            catch (ProduceException<byte[], byte[]> error) when (error.Error.Code == ErrorCode.Local_QueueFull)
            {
                stop.WaitHandle.WaitOne(RoomWait);
                stop.ThrowIfCancellationRequested();
            }
            catch (ProduceException<byte[], byte[]> error)
            {
                Count(tallies[topic], error.Error);
                return;
            }
        }
    }

    /// <summary>Waits until Kafka has everything.</summary>
    /// <returns>How many records it does not have when the time is over.</returns>
    public int Flush(TimeSpan limit) => producer.Flush(limit);

    /// <inheritdoc/>
    public void Dispose() => producer.Dispose();

    private static ProducerConfig Settings(KafkaOptions options)
    {
        var settings = KafkaSettings.Producer(options with { ClientId = "streamactors-load" });
        settings.QueueBufferingMaxMessages = 100_000;    // a few seconds' worth; then the city stands still
        settings.DeliveryReportFields = "none";
        return settings;
    }

    private void Count(Tally tally, Error error)
    {
        if (error.IsError)
        {
            refusal = error.Reason;
            Interlocked.Increment(ref tally.Refused);
        }
        else
        {
            trouble = null;
            Interlocked.Increment(ref tally.Delivered);
        }
    }

    private void Note(Error error)
    {
        if (error.IsFatal)
        {
            failure = error.Reason;
        }
        else if (error.Code is ErrorCode.Local_AllBrokersDown)
        {
            trouble ??= $"Kafka at {servers} does not answer" + (lastReason is { } said ? $" ({said})" : "");
        }
        else
        {
            lastReason = error.Reason;
        }
    }

    private sealed class Tally
    {
        public long Delivered;
        public long Refused;

        /// <summary>Counts a delivery's outcome, on the producer's own thread.</summary>
        public Action<DeliveryReport<byte[], byte[]>> Report { get; set; } = static _ => { };
    }
}
